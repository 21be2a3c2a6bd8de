package bot_test

import (
	"fmt"
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
							verb: verb, sent: time.Now(), run: w.runs,
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
