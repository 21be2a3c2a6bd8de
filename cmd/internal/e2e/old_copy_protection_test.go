package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// toldChannel lists what the record has of a kind.
func (w *world) toldChannel(kind jit.EventKind) []jit.Event {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	var out []jit.Event
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// What was unprotected since the copy is shut again, and that is one message of the
// channel, whatever is where.
func TestOlderCopyShutsAgainInOneMessage(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.protect("dev-1", "dev-2", "jump-1")
		older := w.copyStore()
		w.Pass(5 * time.Second)
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1", "dev-2", "jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		if w.Ours() != 0 {
			t.Fatal("the denies are still there")
		}
		w.putBack(older)
		w.Pass(5 * time.Minute)
		for _, vm := range []string{azuresim.DemoDev1, azuresim.DemoDev2, azuresim.DemoJump} {
			if w.Reachable(vm, "203.0.113.99") {
				t.Errorf("%s is not shut again", vm)
			}
		}
		told := w.toldChannel(jit.EventDrift)
		if len(told) != 1 || len(told[0].VMs) != 3 || !strings.Contains(told[0].Text, "When jitbot started") {
			t.Errorf("the channel was told %+v", told)
		}
		if n := w.Told.Count("drift to channel"); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		w.removeDenies(azuresim.DemoDevNSG)
		w.Pass(2 * time.Minute)
		if n := w.Told.Count("drift to channel"); n == 1 {
			t.Error("what somebody does later is not told")
		}
	})
}

// removeDenies removes every deny of ours from an NSG, as another tool does.
func (w *world) removeDenies(nsg string) {
	w.T.Helper()
	for _, r := range w.Azure.Rules(nsg) {
		if n, ours := rules.ParseRuleName(r.Name); ours && n.Grant == "" {
			if err := w.Azure.DeleteRule(nsg, r.Name); err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

// An older copy in which a VM was being unprotected does not take away the denies
// that it got since.
func TestOlderCopyUnprotectsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.protect("jump-1")
		w.Azure.AddFault(azuresim.Fault{Method: "DELETE", Path: "securityRules", Status: 503})
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Second)
		older := w.copyStore()
		w.Azure.ClearFaults()
		w.Pass(5 * time.Minute)
		w.protect("jump-1")
		w.putBack(older)
		for range 300 {
			w.Pass(time.Second)
			if w.Reachable(azuresim.DemoJump, "203.0.113.99") {
				t.Fatal("jump-1 is open to everybody")
			}
		}
	})
}
