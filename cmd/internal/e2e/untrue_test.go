package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
)

// complaints keeps errors in place of failing.
type complaints struct {
	*testing.T

	mu  sync.Mutex
	all []string
}

func (c *complaints) Errorf(format string, _ ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, format)
}

// What a card says is held to Azure for as long as it says it: a claim that was
// true when it was made, and is not for too long, fails the test.
func TestUntrueClaimIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		blind time.Duration
		found bool
	}{"for half a minute": {30 * time.Second, false}, "for three minutes": {3 * time.Minute, true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				heard := &complaints{T: t}
				w.World = simulated.NewIn(heard, t.TempDir())
				w.Start()
				w.Open(time.Hour, "web-1")
				blind := w.Azure.AddFault(azuresim.Broken(http.StatusServiceUnavailable))
				w.RemoveAllows(azuresim.DemoWebNICNSG)
				w.Pass(c.blind)
				blind.Remove()
				w.Pass(3 * time.Minute)
				w.Stop()
				found := len(heard.all) > 0 && strings.Contains(heard.all[0], "is called %s since more than")
				if found != c.found {
					t.Errorf("found %t: %v", found, heard.all)
				}
			})
		})
	}
}
