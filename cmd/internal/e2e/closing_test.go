package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// While one of a grant's two guards refuses the removal, nothing is read over
// and over: the reads that closing needs are not spent.
func TestStuckClosingReadsSeldom(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.Configure(func(s *azuresim.Settings) { s.Throttle = false })
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodDelete, azuresim.DemoWebNICNSG))
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: "/subscriptions/", Latency: 50 * time.Millisecond})
		w.Pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		w.Want(g.ID, jit.Closing)
		w.Azure.Reset()
		w.Pass(time.Minute)
		if n := len(w.Sent(http.MethodGet, "networkSecurityGroups/")); n >= 100 {
			t.Errorf("%d reads of guards in a minute", n)
		}
	})
}

// Throttled writes and reads hold back no removal. What cannot be read back
// is not called closed before it was.
func TestBusyReadDoesNotHoldBackClosing(t *testing.T) {
	tests := []struct {
		name, method, path, vm string
	}{
		{"writes", http.MethodPut, "securityRules", "db-2"},
		{"reads", http.MethodGet, "roleAssignments", "db-2"},
		{"reads of the guard", http.MethodGet, azuresim.DemoWebNICNSG, "web-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(15*time.Minute, "web-1")
				w.Pass(time.Until(g.Clock.Deadline) - 10*time.Second)
				fault := w.Azure.AddFault(azuresim.Throttled("600").On(tt.method, tt.path).Only(1))
				if x, err := w.Ask(ada, time.Hour, tt.vm); err == nil {
					_, _ = w.Service.Approve(t.Context(), grace, x.ID) // it may wait
				}
				w.Pass(20 * time.Second)
				if fault.Hits() != 1 || w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Errorf("the access is open 10 s after the deadline, or nothing was throttled: %d", fault.Hits())
				}
				w.Pass(11 * time.Minute)
				w.Want(g.ID, jit.Closed)
			})
		})
	}
}

// While reads are shut for long, a removal that failed is tried again soon,
// not when reads are open again.
func TestFailedRemovalDoesNotWaitForReads(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{
		"broken": azuresim.Broken(http.StatusInternalServerError), "another writer": azuresim.Busy(), "lost": azuresim.LostRequest(),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(15*time.Minute, "web-1")
				w.Pass(time.Until(g.Clock.Deadline) - 10*time.Second)
				w.Azure.AddFault(azuresim.Throttled("600").On(http.MethodGet, "roleAssignments").Only(1))
				failing := w.Azure.AddFault(fault.On(http.MethodDelete, "securityRules").Only(6))
				_, _ = w.Ask(ada, time.Hour, "db-2") // it meets the fault
				w.Pass(70 * time.Second)
				if failing.Hits() != 6 || w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Errorf("the access is open a minute after the deadline, or not all removals failed: %d", failing.Hits())
				}
			})
		})
	}
}

// A guard that cannot be read for any other reason is shut all the same.
func TestUnreadableGuardIsShut(t *testing.T) {
	for name, fault := range map[string]azuresim.Fault{
		"broken": azuresim.Broken(http.StatusBadGateway), "forbidden": azuresim.Forbidden(),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(15*time.Minute, "web-1")
				fault := w.Azure.AddFault(fault.On(http.MethodGet, "networkSecurityGroups"))
				w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
				if w.Reachable(azuresim.DemoWeb1, adasAddress) {
					t.Error("the access is open a minute after the deadline")
				}
				w.Want(g.ID, jit.Closing)
				fault.Remove()
				w.Pass(2 * time.Minute)
				w.Want(g.ID, jit.Closed)
			})
		})
	}
}

// An operation that does not end holds up its guard: the closings there are
// shown as stuck soon, and told once.
func TestHangingOperationShowsAsStuck(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		w.hangAround(g)
		w.Pass(2 * time.Minute)
		if g := w.Grant(g.ID); g.State == jit.Closing && !g.Stuck {
			t.Error("it does not show as stuck")
		}
		if w.Told.Count(string(g.ID)+" stuck to requester") != 1 {
			t.Errorf("said %v", w.Told.Said())
		}
	})
}

// hangAround has another grant's opening hang at the guards of the grant, from
// half a minute before its deadline, and waits for the deadline.
func (w *world) hangAround(g jit.Grant) {
	w.T.Helper()
	w.Pass(time.Until(g.Clock.Deadline) - 30*time.Second)
	hang := w.Azure.AddFault(azuresim.Fault{Method: http.MethodPut, Path: "securityRules", OperationTime: 6 * time.Hour})
	w.ApprovedFrom(time.Hour, "203.0.113.9/32", "web-1")
	w.Pass(30 * time.Second)
	if hang.Hits() == 0 {
		w.T.Error("nothing hangs")
	}
	hang.Remove()
}

// Whoever says done is served at once, though the guard's queue is pausing for
// something of another grant that fails again and again.
func TestClosingDoesNotWaitForAnothersPause(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		a := w.OpenFrom("203.0.113.9/32", "web-1")
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodPut, "/securityRules/jitbot-prod-"+string(a.ID)))
		w.astray(azuresim.DemoWebNICNSG, a.ID, 1500)
		w.Pass(20 * time.Minute)
		for range 6 {
			x := w.Open(15*time.Minute, "web-1")
			w.Pass(77 * time.Second)
			w.Azure.Reset()
			asked := time.Now()
			if _, err := w.Service.Done(t.Context(), ada, x.ID); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Minute)
			for _, nsg := range []string{azuresim.DemoWebNICNSG, azuresim.DemoWebSubnetNSG} {
				tries := w.Sent(http.MethodDelete, nsg+"/securityRules/jitbot-prod-"+string(x.ID))
				if len(tries) == 0 {
					t.Errorf("nothing was removed from %s", nsg)
				} else if late := tries[0].Time.Sub(asked); late > 2*time.Second {
					t.Errorf("the removal from %s began %s after done", nsg, late)
				}
			}
		}
	})
}

// astray moves the rules of a grant in a guard to another priority, as somebody
// in the portal may.
func (w *world) astray(nsg string, id jit.ID, priority int) {
	w.T.Helper()
	for _, r := range w.Azure.Rules(nsg) {
		if strings.Contains(r.Name, string(id)) {
			r.Priority = priority
			if err := w.Azure.PutRule(nsg, r); err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

// An open grant whose NSG was deleted ended, and did not fail to open: the
// requester reads so.
func TestDeletedGuardOfAnOpenGrantIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "db-2")
		for _, guard := range g.Guards() {
			w.Azure.DeleteNSG(guard)
		}
		w.Pass(2 * time.Minute)
		g = w.Want(g.ID, jit.Closed)
		if g.Decision.Ending != jit.Vanished || !strings.Contains(g.Decision.Reason, "was deleted") {
			t.Errorf("ended as %+v", g.Decision)
		}
		if kinds := w.Kinds(g.ID); slices.Contains(kinds, jit.EventFailed) || w.Told.Has("failed") {
			t.Errorf("the record says %v", kinds)
		}
		if w.Told.Count("closed to requester") != 1 {
			t.Errorf("said %v", w.Told.Said())
		}
		text := view.Direct(jit.Event{Kind: jit.EventClosed, Grant: g.ID}, g).Text
		if strings.Contains(text, "could not be opened") || !strings.Contains(text, "was deleted") {
			t.Errorf("the message says %q", text)
		}
	})
}

// A 404 that is not Azure's proves nothing: an access that is open is not called
// closed.
func TestProxysNotFoundEndsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "web-1")
		fault := w.Azure.AddFault(azuresim.Broken(http.StatusNotFound).On("", "/subscriptions/"))
		w.Pass(3 * time.Minute)
		w.Want(g.ID, jit.Open)
		w.Pass(time.Until(g.Clock.Deadline) + 2*time.Minute)
		if g := w.Want(g.ID, jit.Closing); !g.Stuck || w.Told.Has("closed") {
			t.Errorf("stuck %t, said %v", g.Stuck, w.Told.Said())
		}
		fault.Remove()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}

// What the host's sweep finds outside the bands and described in our form is treated
// as inside them.
func TestSweepOutsideTheBands(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const due, later = "jitbot-prod-g-99999-web-1-abcd-tcp", "jitbot-prod-g-88888-web-1-abcd-tcp"
		w.Plant(azuresim.DemoDevNSG, due, "Allow", "203.0.113.99", 2000, "jitbot g-99999 U0ADA until 1999-01-01T00:00:00Z")
		w.Plant(azuresim.DemoDevNSG, later, "Allow", "203.0.113.99", 2001, "jitbot g-88888 U0ADA until 2099-01-01T00:00:00Z")
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if err != nil || len(found) != 2 || found[0].Outcome != sweep.Kept || found[1].Outcome != sweep.Removed {
			t.Errorf("%v, %v", found, err)
		}
		if w.Holds(azuresim.DemoDevNSG, due) || !w.Holds(azuresim.DemoDevNSG, later) {
			t.Error("not what it says")
		}
	})
}
