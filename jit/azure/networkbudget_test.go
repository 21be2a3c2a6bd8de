package azure_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// unmetered takes Resource Manager's own buckets away, so that only what
// Microsoft.Network takes is in the way.
func unmetered(s *azuresim.Settings) {
	large := azuresim.Bucket{Size: 1 << 20, PerSecond: 1 << 20}
	s.Reads, s.Writes, s.Deletes, s.EnforceRBAC = large, large, large, false
}

// seedGroups adds network security groups in a region.
func (w *world) seedGroups(t *testing.T, region string, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		id := azuresim.DemoWebNICNSG + "-" + region + fmt.Sprint("-", i)
		if err := w.PutNSG(azuresim.NSG{ID: id, Location: region}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if _, err := w.Table(t.Context(), id); err != nil { // as is done before each change
			t.Fatal(err)
		}
	}
	return ids
}

// opening is an allow of a grant; closing takes it away.
func opening(i int) rules.Change {
	r := allowRule()
	r.Name, r.Priority = fmt.Sprint("open-", i), 100+i
	return rules.Change{Put: &r}
}

func closing(i int) rules.Change { return rules.Change{Remove: fmt.Sprint("open-", i)} }

// applyAll makes so many changes of each group, all groups side by side, and gives
// the errors.
func (w *world) applyAll(t *testing.T, groups []string, each int, change func(int) rules.Change) []error {
	t.Helper()
	var changes []rules.Change
	for i := range each {
		changes = append(changes, change(i))
	}
	var mu sync.Mutex
	var faults []error
	var wg sync.WaitGroup
	for _, id := range groups {
		wg.Go(func() {
			outcomes := w.Apply(t.Context(), id, changes)
			mu.Lock()
			defer mu.Unlock()
			for _, err := range outcomes {
				if err != nil {
					faults = append(faults, err)
				}
			}
		})
	}
	wg.Wait()
	return faults
}

func (w *world) throttled(t *testing.T) {
	t.Helper()
	for _, r := range w.Requests() {
		if r.Status == http.StatusTooManyRequests {
			t.Fatalf("%s %s: 429", r.Method, r.Path)
		}
	}
}

// 1,000 openings and 1,000 closings in five minutes fit into two regions, since each
// region counts by itself.
func TestThousandOpeningsAndClosings(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(unmetered)
		groups := append(w.seedGroups(t, "westeurope", 20), w.seedGroups(t, "northeurope", 20)...)
		start := time.Now()
		for _, change := range []func(int) rules.Change{opening, closing} {
			if faults := w.applyAll(t, groups, 25, change); len(faults) > 0 {
				t.Errorf("%d failed: %v", len(faults), faults[0])
			}
		}
		if took := time.Since(start); took > 5*time.Minute {
			t.Errorf("it took %s", took)
		}
		w.throttled(t)
	})
}

// In one region they do not fit: openings stop at 700 and say why, no closing waits
// for one, and Azure never has to refuse any; later the rest of the openings is made.
func TestOpeningsLeaveRoomForClosings(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(unmetered)
		groups := w.seedGroups(t, "westeurope", 20)
		held := w.applyAll(t, groups, 50, opening)
		if made := 1000 - len(held); made < 700 || made >= 700+len(groups) {
			t.Errorf("%d openings were made", made)
		}
		for _, err := range held {
			busy, ok := errors.AsType[*jit.BusyError](err)
			if !ok || busy.Wait <= 0 || busy.Wait > 5*time.Minute || admission.ReasonFor(err) != admission.BudgetSpent {
				t.Fatalf("an opening that waits says %v", err)
			}
		}
		if w.Spare(groups[0]) {
			t.Error("there is budget to spare")
		}
		if other := w.seedGroups(t, "northeurope", 1); !w.Spare(other[0]) {
			t.Error("another region has its own budget")
		}
		if faults := w.applyAll(t, groups, 13, closing); len(faults) > 0 {
			t.Errorf("%d closings failed: %v", len(faults), faults[0])
		}
		time.Sleep(5 * time.Minute)
		if !w.Spare(groups[0]) {
			t.Error("the window has passed, and there is nothing to spare")
		}
		if faults := w.applyAll(t, groups, 20, opening); len(faults) > 0 {
			t.Errorf("%d openings failed later: %v", len(faults), faults[0])
		}
		w.throttled(t)
	})
}

// A deny is written, and a mixed change of a firewall is made, whatever was spent.
func TestDeniesDoNotWait(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(unmetered)
		group := w.seedGroups(t, "westeurope", 1)
		for range 700 {
			if err := errors.Join(w.Apply(t.Context(), group[0], remove("none"))...); err != nil {
				t.Fatal(err)
			}
		}
		allow, deny := opening(0), opening(1)
		deny.Put.Allow = false
		outcomes := w.Apply(t.Context(), group[0], []rules.Change{allow, deny})
		if !errors.Is(outcomes[0], admission.ErrKept) || outcomes[1] != nil {
			t.Errorf("%v", outcomes)
		}
	})
}

// The budget of Microsoft.Network itself, which somebody else may have spent: its 429
// has the code of another operation, and is throttling of one region all the same.
func TestNetworkThrottling(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(unmetered)
		w.Configure(func(s *azuresim.Settings) { s.NetworkWrites = 1 })
		west, north := w.seedGroups(t, "westeurope", 2), w.seedGroups(t, "northeurope", 1)
		w.applyAll(t, west[:1], 1, opening)
		w.Reset()
		for range 3 {
			err := errors.Join(w.Apply(t.Context(), west[1], []rules.Change{opening(1)})...)
			if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait < 290*time.Second || busy.Wait > 5*time.Minute {
				t.Errorf("it says %v", err)
			}
		}
		if n := w.sent(http.MethodPut, "securityRules"); n != 1 {
			t.Errorf("%d requests inside the window", n)
		}
		if w.Spare(west[0]) || !w.Spare(north[0]) {
			t.Error("it is throttled in the other region, or not in its own")
		}
		if faults := w.applyAll(t, north, 1, opening); len(faults) > 0 {
			t.Errorf("in the other region: %v", faults)
		}
	})
}

// Without a header the wait is taken from the words.
func TestWaitInWords(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.AddFault(azuresim.Fault{
			Status: http.StatusTooManyRequests, Code: "RetryableError", DetailCode: "RetryableErrorDueToTooManyCalls",
			DetailMessage: "The number of calls exceeds Microsoft.Network throttling limit. The call can be retried in 39 seconds.", Times: 1,
		}.On(http.MethodPut, "securityRules"))
		for range 2 {
			err := w.only(t.Context(), put(allowRule()))
			if busy, ok := errors.AsType[*jit.BusyError](err); !ok || busy.Wait != 39*time.Second {
				t.Errorf("it says %v", err)
			}
		}
		if n := w.sent(http.MethodPut, "securityRules"); n != 1 {
			t.Errorf("%d requests inside the window", n)
		}
	})
}

// The budget of everybody in a subscription counts too.
func TestGlobalWrites(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for left, want := range map[string]bool{"1500": false, "2999": true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(c *azure.Config) {
				inner := c.Transport
				c.Transport = transport(func(r *http.Request) (*http.Response, error) {
					resp, err := inner.Do(r)
					if err == nil {
						resp.Header.Set("x-ms-ratelimit-remaining-subscription-global-writes", left)
					}
					return resp, err
				})
			})
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
			if got := w.Spare(azuresim.DemoWebNICNSG); got != want {
				t.Errorf("%s left: to spare %t", left, got)
			}
		})
	}
}

// A running operation is asked each second ten times, then as Azure says, or every
// three seconds.
func TestOperationsAreAskedLessAndLess(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, tt := range map[string]struct{ retryAfter, polls int }{
		"as Azure says": {10, 10 + 5},
		"by itself":     {-1, 10 + 17},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Configure(func(s *azuresim.Settings) {
					s.OperationTime, s.RetryAfter = time.Minute-time.Millisecond, tt.retryAfter
				})
				if err := w.only(t.Context(), remove("none")); err != nil {
					t.Fatal(err)
				}
				if err := w.only(t.Context(), put(allowRule())); err != nil {
					t.Fatal(err)
				}
				polls := 0
				for _, r := range w.Requests() {
					if strings.Contains(strings.ToLower(r.Path), "/operations/") {
						polls++
					}
				}
				if polls != tt.polls {
					t.Errorf("asked %d times in a minute, want %d", polls, tt.polls)
				}
			})
		})
	}
}
