package azure

import (
	"testing"
	"testing/synctest"
	"time"
)

// A removal whose rule vanished otherwise is asked about by nobody again: it is
// forgotten once it can be of no use.
func TestRemovalsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r removals
		for _, key := range []string{"a", "b", "c"} {
			r.keep(key, removal{sent: time.Now()})
			time.Sleep(removalLife)
		}
		r.keep("d", removal{sent: time.Now()})
		if len(r.running) != 1 {
			t.Errorf("%d removals are kept", len(r.running))
		}
		if _, found := r.take("d"); !found {
			t.Error("the one that runs was forgotten")
		}
	})
}
