package bot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/slacksim"
)

// What was done and for minutes cannot be noted as done is not done again after what
// its sender did later, when the process is killed.
func TestWhatCannotBeFinishedStaysInItsOrder(t *testing.T) {
	const p, u = command.VerbProtect, command.VerbUnprotect
	for _, all := range [][]command.Verb{{p, u}, {u, p}, {u, u, p}, {p, u, p}, {u, p, u}, {p, p, u}, {u, u, p, u}} {
		for failing := 1; failing <= len(all); failing++ {
			t.Run(fmt.Sprint(all, failing), func(t *testing.T) {
				inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
					w := &orderWorld{setup: o, ledger: newLedger(), heard: &heard{of: map[string][]string{}}}
					w.start()
					for n, verb := range all {
						c := &ordered{
							by: adaID, what: "ada-1", word: "ada-1", token: fmt.Sprint("token-", n), envelope: fmt.Sprint("envelope-", n),
							verb: verb, click: verb == u, in: directMessage, sent: time.Now(), run: w.runs,
						}
						w.all = append(w.all, c)
						w.disk.finishes(n >= failing)
						c.send(o)
						time.Sleep(2 * time.Minute)
					}
					w.restart(true)
					time.Sleep(10 * time.Minute)
					w.check()
					w.halt()
				})
			})
		}
	}
}

// What was told to have come too early or too late for a grant is not done after a
// crash, when that could not be noted, and whoever did it knows that it may be.
func TestARefusalThatCannotBeFinished(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		w := &orderWorld{setup: o, ledger: newLedger(), heard: &heard{next: o.conf.HTTP.Transport, of: map[string][]string{}}}
		o.conf.HTTP = &http.Client{Transport: w.heard}
		w.requests()
		w.start()
		w.disk.finishes(false)
		for n, verb := range []command.Verb{command.VerbRevoke, command.VerbApprove} {
			c := &ordered{
				by: adaID, what: "g-2222a", token: fmt.Sprint("token-", n), envelope: fmt.Sprint("envelope-", n),
				verb: verb, click: true, in: approvals, sent: time.Now(), run: w.runs,
			}
			w.all = append(w.all, c)
			c.send(o)
			time.Sleep(2 * time.Minute)
		}
		w.heard.mu.Lock()
		o.reads(strings.Join(w.heard.of["token-0"], "\n"), "still waiting for approval", "I cannot note that I dealt with it when you pressed `revoke` for `g-2222a`")
		w.heard.mu.Unlock()
		w.restart(true)
		time.Sleep(10 * time.Minute)
		w.check()
		w.halt()
	})
}
