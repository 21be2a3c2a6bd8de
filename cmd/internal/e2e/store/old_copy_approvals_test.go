package store_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// A yes that an older copy holds does not count beside those of today: somebody may
// have denied the request since.
func TestOlderCopyForgetsApprovals(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Approvals[0].Required = 2
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		older := w.CopyStore()
		w.Pass(time.Second)
		if _, err := w.Service.Deny(t.Context(), alan, g.ID, "not today"); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Minute)
		w.PutBack(older)
		w.Pass(10 * time.Second)
		if g := w.Want(g.ID, jit.Pending); len(g.Approvals) != 0 {
			t.Errorf("it still has %+v", g.Approvals)
		}
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.StaysShut(time.Minute, azuresim.DemoWeb1)
	})
}

// A restart is no older copy: what was being opened goes on, and approvals count.
func TestRestartGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Approvals[0].Required = 2
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		w.Stop()
		w.Start()
		if _, err := w.Service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Stop() // whatever it had begun
		time.Sleep(30 * time.Second)
		w.Start()
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Open)
	})
}
