package app_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

func TestLife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		if w.reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Fatal("web-1 is open before anybody asked")
		}
		g := w.open(time.Hour, "web-1")
		if !w.reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the grant is open, but the port is not")
		}
		if w.reachable(azuresim.DemoWeb1, "203.0.113.8") || w.reachable(azuresim.DemoWeb2, "203.0.113.7") {
			t.Error("the grant opened more than was asked for")
		}
		if n := w.ours(); n != 2 {
			t.Errorf("%d rules, want one on the interface and one on the subnet", n)
		}
		w.pass(time.Until(g.Clock.Deadline) - time.Second)
		w.want(g.ID, jit.Open)
		w.pass(2 * time.Second)
		if s := w.grant(g.ID).State; s != jit.Closing && s != jit.Closed {
			t.Errorf("a second after the deadline it is %s", s)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Closed)
		if w.ours() != 0 || w.reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the door is still open")
		}
		want := []jit.EventKind{jit.EventAsked, jit.EventWaiting, jit.EventApproved, jit.EventOpening, jit.EventOpened, jit.EventClosing, jit.EventClosed}
		if got := w.kinds(g.ID); !slices.Equal(got, want) {
			t.Errorf("the record says %v, want %v", got, want)
		}
		for _, line := range []string{"opened to requester", "closed to requester", "closed to thread", "waiting to card"} {
			if w.told.count(string(g.ID)+" "+line) != 1 {
				t.Errorf("%q was told %d times, want once", line, w.told.count(string(g.ID)+" "+line))
			}
		}
		w.promises(foreign)
	})
}

// Promise 1: closing begins within a second of the deadline, and what is
// overdue at a start is closed before Slack is served.
func TestOverdueAtStartIsClosedBeforeServing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(time.Hour, "web-1")
		w.stop()
		w.pass(2 * time.Hour)
		var served bool
		w.sim.SetHook(func(r *http.Request) {
			if r.Method == http.MethodDelete {
				select {
				case <-w.sweep.Served():
					served = true
				default:
				}
			}
		})
		w.start()
		<-w.sweep.Served()
		if served {
			t.Error("Slack was served before the closing was tried")
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Closed)
		w.promises(foreign)
	})
}

// Promise 1: an Azure that does not answer delays serving Slack by ten
// seconds at most.
func TestServingWaitsTenSecondsAtMost(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		w.open(time.Hour, "web-1")
		w.stop()
		w.pass(2 * time.Hour)
		w.sim.AddFault(azuresim.Fault{Path: "/subscriptions/", Latency: time.Minute}) // the SDK holds a lock while it signs in
		began := time.Now()
		w.start()
		<-w.sweep.Served()
		if waited := time.Since(began); waited < 9*time.Second || waited > 12*time.Second {
			t.Errorf("Slack was served after %s", waited)
		}
	})
}

// Promise 4: foreign rules after a hundred lives are as before.
func TestHundredLivesLeaveForeignRulesAlone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.addNoise(60)
		w.config.Policies[0].Ports[0].Shortest = time.Minute
		foreign := w.foreign()
		w.start()
		for range 10 {
			for i := range 10 {
				g, err := w.askFrom(ada, time.Minute, "203.0.113."+string(rune('1'+i%9))+"/32", []string{"web-1", "web-2", "db-1"}[i%3])
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.pass(time.Second)
			}
			w.pass(2 * time.Minute)
		}
		if n := w.ours(); n != 0 {
			t.Errorf("%d rules of ours are left", n)
		}
		counts, err := w.store.Counts(t.Context())
		if err != nil || counts[jit.Closed] != 100 {
			t.Errorf("states %v, %v; want 100 closed", counts, err)
		}
		w.promises(foreign)
	})
}

// addNoise fills a guard with other people's rules, among them names that
// look like ours and are not.
func (w *world) addNoise(n int) {
	w.t.Helper()
	names := []string{"jitbot-other-g-23456-x-tcp", "jitbot-prod-deny", "jitbot-prod-g-23456", "SecurityCenter-JITRule_-1105480617_9EF6964FE766478B9EC568B32FB82045"}
	for i := range n {
		name := "noise-" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		if i < len(names) {
			name = names[i]
		}
		err := w.sim.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: name, Protocol: "Tcp", SourceAddressPrefix: "192.0.2.0/24", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "8443", Access: "Allow", Direction: "Inbound", Priority: 2001 + i,
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// Promise 6: two clicks, one outcome; the loser is told.
func TestTwoApproversAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i, by := range []jit.UserID{grace, alan} {
			wg.Go(func() { _, errs[i] = w.service.Approve(t.Context(), by, g.ID) })
		}
		wg.Wait()
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Open)
		lost := 0
		for _, err := range errs {
			if errors.Is(err, jit.ErrStale) && strings.Contains(err.Error(), "already approved by") {
				lost++
			} else if err != nil {
				t.Error(err)
			}
		}
		if lost != 1 || len(w.grant(g.ID).Approvals) != 1 {
			t.Errorf("%d losers told, approvals %v", lost, w.grant(g.ID).Approvals)
		}
	})
}

func TestTwoApprovalsNeeded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.with(func(c *jit.Config) {
			c.Approvals = []jit.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour}}
		})
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("the same approver twice: %v", err)
		}
		w.pass(10 * time.Second)
		w.want(g.ID, jit.Pending)
		if _, err := w.service.Approve(t.Context(), alan, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Open)
	})
}

func TestNoApprovalNeeded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.with(func(c *jit.Config) { c.Approvals = []jit.ApprovalRule{{}} })
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Open)
	})
}

// Promise 5: Slack being down delays no closing, and what could not be said
// is said later.
func TestSlackDownAtTheDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g := w.open(6*time.Minute, "web-1")
		w.told.setDown(true)
		w.pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		w.want(g.ID, jit.Closed)
		if late := w.meter.latest(); late > 10*time.Second {
			t.Errorf("closed %s late", late)
		}
		if w.told.has("closed to requester") {
			t.Error("said while Slack was down")
		}
		w.told.setDown(false)
		w.pass(3 * time.Minute)
		if w.told.count("closed to requester") != 1 {
			t.Error("the notice was lost")
		}
	})
}

func TestDoneRevokeAndCancel(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(time.Hour, "web-1")
		if _, err := w.service.Done(t.Context(), bob, g.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("somebody else's done: %v", err)
		}
		if _, err := w.service.Done(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Closed)

		g = w.open(time.Hour, "web-1")
		if _, err := w.service.Revoke(t.Context(), bob, g.ID, ""); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("a stranger's revoke: %v", err)
		}
		if _, err := w.service.Revoke(t.Context(), alan, g.ID, "not now"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Revoke(t.Context(), grace, g.ID, ""); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(alan)) {
			t.Errorf("the second revoke: %v", err)
		}
		w.pass(20 * time.Second)
		w.want(g.ID, jit.Closed)

		p, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.Cancel(t.Context(), grace, p.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("an approver's cancel: %v", err)
		}
		if _, err := w.service.Cancel(t.Context(), ada, p.ID); err != nil {
			t.Fatal(err)
		}
		w.want(p.ID, jit.Cancelled)
		if _, err := w.service.Approve(t.Context(), grace, p.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving what was cancelled: %v", err)
		}
		w.promises(foreign)
	})
}

func TestWaitingRequestLapses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g, err := w.ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour + 2*time.Second)
		w.want(g.ID, jit.Lapsed)
		if _, err := w.service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving what lapsed: %v", err)
		}
	})
}
