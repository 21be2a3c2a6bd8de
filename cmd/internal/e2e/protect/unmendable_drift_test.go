package protect_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A grant whose rule was removed and cannot be put back is not left called open with
// no word to anybody: it is said once, and the card says when it is over.
func TestDriftThatCannotBeMendedIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		hinder func(w *world) (mend func())
		want   string
	}{
		"a deny before it": {func(w *world) func() {
			w.Plant(azuresim.DemoDevNSG, "terraform-deny", "Deny", "*", 99+1, "")
			return func() { _ = w.Azure.DeleteRule(azuresim.DemoDevNSG, "terraform-deny") }
		}, "terraform-deny"},
		"forbidden": {func(w *world) func() {
			return w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, azuresim.DemoDevNSG)).Remove
		}, "Azure forbids jitbot to change it"},
		"throttled for an hour": {func(w *world) func() {
			return w.Azure.AddFault(azuresim.Throttled("3600").On(http.MethodPut, azuresim.DemoDevNSG)).Remove
		}, "Azure is busy"},
		"failing": {func(w *world) func() {
			return w.Azure.AddFault(azuresim.Broken(http.StatusInternalServerError).On(http.MethodPut, azuresim.DemoDevNSG)).Remove
		}, "Azure did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(2*time.Hour, "dev-1")
				w.RemoveAllows(azuresim.DemoDevNSG)
				mend := c.hinder(w)
				w.Pass(5 * time.Minute)
				said := w.Texts(jit.EventHindered)
				if now := w.Want(g.ID, jit.Open); len(said) != 1 || !strings.Contains(said[0], c.want) || now.Paths[0].Hindrance != said[0] {
					t.Errorf("in five minutes it was said that %q; %+v", said, now.Paths)
				}
				if n := w.Told.Count(string(g.ID) + " hindered to requester"); n != 1 {
					t.Errorf("its holder was told %d times", n)
				}
				mend()
				w.Pass(5 * time.Minute)
				if name == "throttled for an hour" {
					return // it is not asked before
				}
				if now := w.Want(g.ID, jit.Open); now.Paths[0].Hindrance != "" || len(w.Held(g.ID)) == 0 {
					t.Errorf("mended, it is said that %q", w.Texts(jit.EventHindered))
				}
			})
		})
	}
}

// A protected VM whose deny was removed and cannot be put back is told of, once; and
// that it is shut again.
func TestDenyThatCannotBePutBackIsTold(t *testing.T) {
	for name, f := range map[string]azuresim.Fault{
		"forbidden": azuresim.Forbidden(), "throttled": azuresim.Throttled("60"), "failing": azuresim.Broken(http.StatusInternalServerError),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				w.Protect("jump-1")
				forbidden := w.Azure.AddFault(f.On(http.MethodPut, azuresim.DemoJumpNSG))
				w.RemoveDenies(azuresim.DemoJumpNSG)
				w.Pass(5 * time.Minute)
				said := w.Texts(jit.EventExposed)
				if len(said) != 1 || !strings.Contains(said[0], "cannot be written") || w.Told.Count("exposed to channel") != 1 {
					t.Errorf("jump-1 is open to everybody: %t; said in five minutes: %q", w.Reachable(azuresim.DemoJump, nobody), said)
				}
				forbidden.Remove()
				w.Pass(3 * time.Minute)
				if said := w.Texts(jit.EventExposed); len(said) != 2 || said[1] != "" || w.Reachable(azuresim.DemoJump, nobody) {
					t.Errorf("shut again: %t; said: %q", !w.Reachable(azuresim.DemoJump, nobody), said)
				}
			})
		})
	}
}

// Where another group still keeps it shut, it is not called open.
func TestOneOfTwoDeniesThatCannotBePutBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("web-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, azuresim.DemoWebNICNSG))
		w.RemoveDenies(azuresim.DemoWebNICNSG)
		w.Pass(5 * time.Minute)
		if w.Reachable(azuresim.DemoWeb1, nobody) {
			t.Fatal("it is open")
		}
		said := w.Texts(jit.EventDrift)
		if len(said) != 1 || !strings.Contains(said[0], "cannot be written: Azure forbids") || len(w.Texts(jit.EventExposed)) > 0 {
			t.Errorf("said: %q, open: %q", said, w.Texts(jit.EventExposed))
		}
	})
}

// What is to be protected and cannot be written yet is told.
func TestProtectionThatCannotBeWrittenIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, azuresim.DemoJumpNSG+"/securityRules"))
		results, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, nil)
		if err != nil || results[0].Err != nil {
			t.Fatal(results, err)
		}
		w.Pass(5 * time.Minute)
		if said := w.Texts(jit.EventDrift); len(said) != 1 || !strings.Contains(said[0], "cannot be written: Azure forbids") {
			t.Errorf("said: %q", said)
		}
	})
}
