package sim_test

import (
	"net/http"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit/azure/azuresim"
)

type trouble struct {
	name  string
	fault azuresim.Fault
}

func troubles() []trouble {
	return []trouble{
		{"throttled", azuresim.Throttled("7")},
		{"throttled for long", azuresim.Throttled("45")},
		{"busy", azuresim.Busy()},
		{"conflict", azuresim.Conflict()},
		{"broken", azuresim.Broken(http.StatusInternalServerError)},
		{"unavailable", azuresim.Broken(http.StatusServiceUnavailable)},
		{"lost requests", azuresim.LostRequest()},
		{"lost answers", azuresim.LostAnswer()},
		{"failing operations", azuresim.OperationFails()},
		{"superseded operations", azuresim.Superseded()},
		{"slow operations", azuresim.Fault{OperationTime: 40 * time.Second}},
		{"forbidden", azuresim.Forbidden()},
	}
}

// inTrouble takes a step while Azure fails, and waits until it was well again
// for a while.
func (k *walk) inTrouble(do func()) {
	one := some(k.draw, "trouble", troubles()...)
	f := one.fault.On(some(k.draw, "method", "", "PUT", "DELETE", "GET"), some(k.draw, "path", k.variant.paths...)).
		Only(some(k.draw, "times", 1, 2, 5, 20))
	f.Skip = rapid.IntRange(0, 6).Draw(k.draw, "skip")
	k.draw.Logf("%s: Azure has %s of %q %q, %d times after %d", time.Now().Format(time.TimeOnly), one.name, f.Method, f.Path, f.Times, f.Skip)
	active := k.Azure.AddFault(f)
	k.faulty = true
	k.Told.MayBeLate(time.Hour) // while Azure fails, and for what it failed at
	do()
	k.Pass(some(k.draw, "for", 5*time.Second, 40*time.Second, 90*time.Second))
	if seldom(k.draw, "restart", 3) {
		k.restart()
	}
	k.Azure.ClearFaults()
	k.draw.Logf("%s: Azure is well again after %d", time.Now().Format(time.TimeOnly), active.Hits())
	k.Pass(k.variant.rest + 200*time.Second)
	k.check()
	k.Told.MayBeLate(k.variant.rest)
	k.faulty = false
}

// sick reports whether an NSG is still excused by what Azure asked for.
func (h *hostile) sick() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.excusedNow()) > 0
}

func (h *hostile) excusedNow() []string {
	var out []string
	for key, until := range h.excused {
		if until.After(time.Now()) {
			out = append(out, key)
		}
	}
	return out
}
