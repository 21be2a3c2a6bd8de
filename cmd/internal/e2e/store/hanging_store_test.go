package store_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// hangStore has the one writer of the store wait, as for a disk that does not answer,
// until it is released.
func (w *world) hangStore() (release func()) {
	w.T.Helper()
	g, err := w.Ask(carol, time.Hour, "web-2")
	if err != nil {
		w.T.Fatal(err)
	}
	held := make(chan struct{})
	go func() {
		_, _ = w.Store.Update(w.T.Context(), g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			<-held
			return g, nil, nil
		})
	}()
	w.Pass(time.Second)
	return func() { close(held) }
}

// A write that hangs holds up no closing: rules go when their time is over, by what
// was read, and what was to be stored is stored later.
func TestHangingStoreHoldsUpNoClosing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.With(func(c *policies.Config) { c.Users[carol] = azuresim.DemoAda })
		w.Start()
		first, second := w.Open(30*time.Minute, "web-1"), w.Open(2*time.Hour, "db-2")
		w.Pass(20 * time.Minute)
		w.Told.MayBeLate(3 * time.Hour) // nothing is told that is not stored
		release := w.hangStore()
		w.Pass(time.Until(first.Clock.Deadline) + 4*time.Second)
		if w.Reachable(azuresim.DemoWeb1, adasAddress) {
			t.Error("the first is open 4 s after its deadline")
		}
		if !w.Reachable(azuresim.DemoDB2, adasAddress) {
			t.Error("the second was shut too")
		}
		w.Pass(time.Until(second.Clock.Deadline) + 4*time.Second)
		if w.Reachable(azuresim.DemoDB2, adasAddress) {
			t.Error("the second is open 4 s after its deadline")
		}
		if since := w.Store.Waiting(); since < time.Hour {
			t.Errorf("the write waits for %s", since)
		}
		if passed := time.Since(w.Reconciler.LastPass()); passed > 5*time.Second {
			t.Errorf("the last pass was %s ago", passed)
		}
		if _, err := w.Ask(ada, time.Hour, "web-1"); err == nil || !strings.Contains(err.Error(), "disk") {
			t.Errorf("whoever asks is told %v", err)
		}
		release()
		w.Pass(2 * time.Minute)
		w.Want(first.ID, jit.Closed)
		w.Want(second.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
