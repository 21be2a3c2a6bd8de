package protect_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
)

// Rules that a lost store explained are removed, and the default channel is told of
// them, in one message.
func TestOrphansOfALostStoreAreTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		a, b := w.Open(time.Hour, "web-1"), w.Open(time.Hour, "dev-1")
		w.Stop()
		w.Told.MayBeLate(time.Hour) // whose grants they were is lost
		if err := os.Remove(w.File); err != nil {
			t.Fatal(err)
		}
		w.Start()
		w.Pass(20 * time.Minute)
		if n := w.Ours(); n != 0 {
			t.Errorf("%d rules are left", n)
		}
		if n := w.Told.Count("orphan to channel"); n != 1 {
			t.Errorf("the channel was told %d times", n)
		}
		text := ""
		for _, e := range w.Events(jit.EventOrphan) {
			text += e.Text
		}
		for _, id := range []jit.ID{a.ID, b.ID} {
			if !strings.Contains(text, string(id)) {
				t.Errorf("the record does not name %s: %s", id, text)
			}
		}
	})
}
