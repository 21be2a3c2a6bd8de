package e2e_test

import (
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/record"
)

// Slack is away for a day. From the host what is live is listed and ended, what is due
// closes by itself, the record of the day is whole, and afterwards each holder is told
// once of each end, and of nothing that is over.
func TestADayWithoutSlack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const host = jit.UserID("host:root")
		foreign := w.Foreign()
		w.With(func(c *policies.Config) { c.Policies[0].RemindBefore = 10 * time.Minute })
		w.Start()
		expires, revoked := w.Open(time.Hour, "web-1"), w.Open(3*time.Hour, "web-2")
		waits, err := w.Ask(ada, time.Hour, "dev-2")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		w.Told.SetDown(true)
		before := len(w.Told.Said())
		w.Pass(90 * time.Minute)
		w.Want(expires.ID, jit.Closed)
		w.Want(waits.ID, jit.Lapsed)
		listed, err := w.Service.List(t.Context(), host, true)
		if err != nil || len(listed) != 1 || listed[0].Grant.ID != revoked.ID {
			t.Errorf("the host is listed %v: %v", listed, err)
		}
		if _, err := w.Service.End(t.Context(), host, revoked.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(revoked.ID, jit.Closed)
		if w.Reachable(azuresim.DemoWeb2, adasAddress) {
			t.Error("what the host ended is open")
		}
		w.Pass(time.Hour)
		w.asleep(18 * time.Hour) // it is restarted meanwhile
		w.Pass(time.Minute)
		w.Told.SetDown(false)
		w.Pass(5 * time.Minute)
		said := w.Told.Said()[before:]
		for _, want := range []string{string(expires.ID) + " closed to requester", string(revoked.ID) + " closed to requester", string(waits.ID) + " lapsed to requester"} {
			if n := len(slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s != want })); n != 1 {
				t.Errorf("%q is told %d times: %q", want, n, said)
			}
		}
		if slices.ContainsFunc(said, func(s string) bool { return s == string(expires.ID)+" reminded to requester" }) || len(said) > 12 {
			t.Errorf("afterwards is told %q", said)
		}
		lines, err := w.Store.Events(t.Context(), 0, 10000)
		if err != nil {
			t.Fatal(err)
		}
		var chain record.Chain
		ended := map[jit.ID]jit.EventKind{}
		for _, e := range lines {
			if err := chain.Add(e); err != nil {
				t.Fatal(err)
			}
			if e.Kind == jit.EventClosing && e.Grant == revoked.ID && e.Actor.ID != host {
				t.Errorf("the record says that %s ended it", e.Actor.ID)
			}
			ended[e.Grant] = e.Kind
		}
		if ended[expires.ID] != jit.EventClosed || ended[revoked.ID] != jit.EventClosed || ended[waits.ID] != jit.EventLapsed {
			t.Errorf("the record ends with %v", ended)
		}
		w.CheckPromises(foreign)
	})
}
