package protect_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// What was unprotected since the copy is shut again, and that is one message of the
// channel, whatever is where.
func TestOlderCopyShutsAgainInOneMessage(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("dev-1", "dev-2", "jump-1")
		older := w.CopyStore()
		w.Pass(5 * time.Second)
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1", "dev-2", "jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		if w.Ours() != 0 {
			t.Fatal("the denies are still there")
		}
		w.PutBack(older)
		w.Pass(5 * time.Minute)
		for _, vm := range []string{azuresim.DemoDev1, azuresim.DemoDev2, azuresim.DemoJump} {
			if w.Reachable(vm, "203.0.113.99") {
				t.Errorf("%s is not shut again", vm)
			}
		}
		told := w.Events(jit.EventDrift)
		if len(told) != 1 || len(told[0].VMs) != 3 || !strings.Contains(told[0].Text, "When jitbot started") {
			t.Errorf("the channel was told %+v", told)
		}
		if n := w.Told.Count("drift to channel"); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		w.RemoveDenies(azuresim.DemoDevNSG)
		w.Pass(2 * time.Minute)
		if n := w.Told.Count("drift to channel"); n == 1 {
			t.Error("what somebody does later is not told")
		}
	})
}

// An older copy in which a VM was being unprotected does not take away the denies
// that it got since.
func TestOlderCopyUnprotectsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		w.Azure.AddFault(azuresim.Fault{Method: "DELETE", Path: "securityRules", Status: 503})
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Second)
		older := w.CopyStore()
		w.Azure.ClearFaults()
		w.Pass(5 * time.Minute)
		w.Protect("jump-1")
		w.PutBack(older)
		for range 300 {
			w.Pass(time.Second)
			if w.Reachable(azuresim.DemoJump, "203.0.113.99") {
				t.Fatal("jump-1 is open to everybody")
			}
		}
	})
}
