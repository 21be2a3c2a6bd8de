package e2e_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

func TestLife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		if w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Fatal("web-1 is open before anybody asked")
		}
		g := w.Open(time.Hour, "web-1")
		if !w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the grant is open, but the port is not")
		}
		if w.Reachable(azuresim.DemoWeb1, "203.0.113.8") || w.Reachable(azuresim.DemoWeb2, "203.0.113.7") {
			t.Error("the grant opened more than was asked for")
		}
		if n := w.Ours(); n != 2 {
			t.Errorf("%d rules, want one on the interface and one on the subnet", n)
		}
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		w.Want(g.ID, jit.Open)
		w.Pass(2 * time.Second)
		if s := w.Grant(g.ID).State; s != jit.Closing && s != jit.Closed {
			t.Errorf("a second after the deadline it is %s", s)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 || w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the access is still open")
		}
		want := []jit.EventKind{jit.EventAsked, jit.EventWaiting, jit.EventApproved, jit.EventOpening, jit.EventOpened, jit.EventClosing, jit.EventClosed}
		if got := w.Kinds(g.ID); !slices.Equal(got, want) {
			t.Errorf("the record says %v, want %v", got, want)
		}
		for _, line := range []string{"opened to requester", "closed to requester", "closed to thread", "waiting to card"} {
			if w.Told.Count(string(g.ID)+" "+line) != 1 {
				t.Errorf("%q was told %d times, want once", line, w.Told.Count(string(g.ID)+" "+line))
			}
		}
		w.CheckPromises(foreign)
	})
}

// Promise 1: closing begins within a second of the deadline, and what is
// overdue at a start is closed before Slack is served.
func TestOverdueAtStartIsClosedBeforeServing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Stop()
		w.Pass(2 * time.Hour)
		var served bool
		w.Azure.SetHook(func(r *http.Request) {
			if r.Method == http.MethodDelete {
				select {
				case <-w.Reconciler.Served():
					served = true
				default:
				}
			}
		})
		w.Start()
		<-w.Reconciler.Served()
		if served {
			t.Error("Slack was served before the closing was tried")
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}

// Promise 1: an Azure that does not answer delays serving Slack by ten
// seconds at most.
func TestServingWaitsTenSecondsAtMost(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Open(time.Hour, "web-1")
		w.Stop()
		w.Pass(2 * time.Hour)
		w.Azure.AddFault(azuresim.Fault{Path: "/subscriptions/", Latency: time.Minute}) // the SDK holds a lock while it signs in
		began := time.Now()
		w.Start()
		<-w.Reconciler.Served()
		if waited := time.Since(began); waited < 9*time.Second || waited > 12*time.Second {
			t.Errorf("Slack was served after %s", waited)
		}
	})
}

// Promise 4: foreign rules after a hundred lives are as before.
func TestHundredLivesLeaveForeignRulesAlone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.addNoise(60)
		w.Config.Policies[0].Ports[0].Shortest = time.Minute
		w.Config.Policies[0].Extend = jit.ExtendTerms{} // so that the same may be asked for again while it is open
		foreign := w.Foreign()
		w.Start()
		for range 10 {
			for i := range 10 {
				g, err := w.AskFrom(ada, time.Minute, "203.0.113."+string(rune('1'+i%9))+"/32", []string{"web-1", "web-2", "db-1"}[i%3])
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Second)
			}
			w.Pass(2 * time.Minute)
		}
		if n := w.Ours(); n != 0 {
			t.Errorf("%d rules of ours are left", n)
		}
		counts, err := w.Store.Counts(t.Context())
		if err != nil || counts[jit.Closed] != 100 {
			t.Errorf("states %v, %v; want 100 closed", counts, err)
		}
		w.CheckPromises(foreign)
	})
}

// addNoise fills a guard with other people's rules, among them names that
// look like ours and are not.
func (w *world) addNoise(n int) {
	w.T.Helper()
	names := []string{"jitbot-other-g-23456-x-tcp", "jitbot-prod-deny", "jitbot-prod-g-23456", "SecurityCenter-JITRule_-1105480617_9EF6964FE766478B9EC568B32FB82045"}
	for i := range n {
		name := "noise-" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		if i < len(names) {
			name = names[i]
		}
		err := w.Azure.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: name, Protocol: "Tcp", SourceAddressPrefix: "192.0.2.0/24", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "8443", Access: "Allow", Direction: "Inbound", Priority: 2001 + i,
		})
		if err != nil {
			w.T.Fatal(err)
		}
	}
}

// Promise 5: Slack being down delays no closing, and what could not be said
// is said later.
func TestSlackDownAtTheDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(6*time.Minute, "web-1")
		w.Told.SetDown(true)
		w.Pass(time.Until(g.Clock.Deadline) + 10*time.Second)
		w.Want(g.ID, jit.Closed)
		if late := w.Meter.Latest(); late > 10*time.Second {
			t.Errorf("closed %s late", late)
		}
		if w.Told.Has("closed to requester") {
			t.Error("said while Slack was down")
		}
		w.Told.SetDown(false)
		w.Pass(3 * time.Minute)
		if w.Told.Count("closed to requester") != 1 {
			t.Error("the notice was lost")
		}
	})
}

func TestDoneRevokeAndCancel(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if _, err := w.Service.Done(t.Context(), bob, g.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("somebody else's done: %v", err)
		}
		if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)

		g = w.Open(time.Hour, "web-1")
		if _, err := w.Service.Revoke(t.Context(), bob, g.ID, ""); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("a stranger's revoke: %v", err)
		}
		if _, err := w.Service.Revoke(t.Context(), alan, g.ID, "not now"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, ""); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(alan)) {
			t.Errorf("the second revoke: %v", err)
		}
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)

		p, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Cancel(t.Context(), grace, p.ID); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("an approver's cancel: %v", err)
		}
		if _, err := w.Service.Cancel(t.Context(), ada, p.ID); err != nil {
			t.Fatal(err)
		}
		w.Want(p.ID, jit.Cancelled)
		if _, err := w.Service.Approve(t.Context(), grace, p.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving what was cancelled: %v", err)
		}
		w.CheckPromises(foreign)
	})
}

func TestWaitingRequestLapses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour + 2*time.Second)
		w.Want(g.ID, jit.Lapsed)
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); !errors.Is(err, jit.ErrStale) {
			t.Errorf("approving what lapsed: %v", err)
		}
	})
}
