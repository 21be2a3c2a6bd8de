package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit/azure/azuresim"
)

// Unprotecting says first who gets in then, and what it says comes true: by other
// people's rules, whatever a live grant lets in now. A question that was asked before the
// VM was protected anew unprotects nothing.
func TestUnprotectSaysWhoGetsInThen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		g := w.Open(time.Hour, "jump-1")
		f := w.front()
		f.serve()
		f.types(carol, "unprotect jump-1")
		f.Pass(5 * time.Second)
		var said string
		for _, m := range f.sim.Ephemerals(string(carol)) {
			said += m.Text
		}
		if !strings.Contains(said, "SSH will be *open to a part of the internet*") || strings.Contains(said, string(g.ID)) {
			t.Errorf("said %q", said)
		}
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, "203.0.113.99") {
			t.Fatal("typing it opened jump-1")
		}
		w.Protect("jump-1") // anew, by somebody else
		press := func() {
			t.Helper()
			for _, m := range f.sim.Ephemerals(string(carol)) {
				if strings.Contains(m.Text, "Nothing is changed yet") {
					if _, err := f.sim.Click(t.Context(), string(carol), m.Channel, m.TS, "Unprotect"); err != nil {
						t.Fatal(err)
					}
				}
			}
			f.Pass(30 * time.Second)
		}
		press()
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, "203.0.113.99") {
			t.Error("an old question opened jump-1")
		}
		if !f.told(carol, "was protected again after that") {
			t.Error("Carol was not told")
		}
		f.sim.Reload(string(carol))
		f.types(carol, "unprotect jump-1")
		f.Pass(5 * time.Second)
		press()
		if w.IsProtected(azuresim.DemoJump) || !w.Reachable(azuresim.DemoJump, "203.0.113.99") {
			t.Error("jump-1 is shut, and the question said that it opens")
		}
		f.halt()
		w.Stop()
	})
}
