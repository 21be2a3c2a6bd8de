package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

// keepAsking keeps what becomes of a waiting request that nobody decides.
func keepAsking(keep func(string, jit.Grant, jit.Event) (jit.Grant, jit.Event), waiting jit.Grant) {
	waiting.Warnings = nil
	waiting.Asking = jit.Asking{
		ClaimFor: 15 * time.Minute, RemindAfter: 10 * time.Minute, Remind: after(10 * time.Minute),
		EscalateTo: []string{"U0LINUS"}, Escalate: after(30 * time.Minute),
	}
	claimed, e := must(waiting.ClaimOrGiveBack(grace, after(time.Minute)))
	keep("claimed", claimed, e)
	back, e := must(claimed.ClaimOrGiveBack(grace, after(2*time.Minute)))
	keep("unclaimed", back, e)
	ask := func(name string, g jit.Grant, at time.Time) jit.Grant {
		next, events, err := g.Ask([]jit.UserID{"U0GRACE", "U0LINUS"}, []jit.UserID{"U0LINUS"}, at)
		if err != nil {
			panic(err)
		}
		keep(name, next, events[len(events)-1])
		return next
	}
	less := jit.Extent{Ports: waiting.Request.Ports[:1], Sources: waiting.Request.Sources[:1], Duration: 30 * time.Minute}
	once, e := must(waiting.ApproveLess(grace, less, after(time.Minute)))
	keep("approved-with-less", once, e)
	less.Duration = 20 * time.Minute
	twice, e := must(once.ApproveLess(linus, less, after(2*time.Minute)))
	keep("approved-with-less-last", twice, e)
	auto := waiting
	auto.State = jit.Asked
	auto, e = must(auto.Admit(jit.Terms{
		By: ada, Required: 1, Request: auto.Request, Auto: jit.Auto{Hours: "Mon-Fri 09:00-18:00 Europe/Berlin", OnCall: "S0ONCALL", Nth: 1, PerDay: 3},
	}, after(time.Second)))
	keep("automatic", auto, e)
	ask("claim-lapsed", claimed, after(16*time.Minute))
	again := ask("unanswered", waiting, after(10*time.Minute))
	ask("escalated", again, after(30*time.Minute))
}

func TestToDecide(t *testing.T) {
	m := exampleGrants()["escalated"]
	golden(t, "to-decide", view.ToDecide(m.e, m.g))
	late := m.g
	late.State = jit.Denied
	golden(t, "to-decide-past", view.DirectPast(m.e, late))
}

// Of whoever is on it the button takes that back, of others it does not say so.
func TestClaimButtonByReader(t *testing.T) {
	g := exampleGrants()["claimed"].g
	for by, want := range map[jit.UserID]string{"U0GRACE": "Not on it any more", "U0LINUS": "I am on it"} {
		l := lookup.NewListed(g, by)
		l.Approver = true
		raw, err := json.Marshal(view.List([]lookup.ListedGrant{l}, false).Blocks)
		got := string(raw)
		if err != nil || !strings.Contains(got, `"`+want+`"`) || !strings.Contains(got, "is on it until") {
			t.Errorf("%s reads %s", by, got)
		}
	}
}
