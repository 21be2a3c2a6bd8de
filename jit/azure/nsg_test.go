package azure_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

func TestTable(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		table, err := w.Table(t.Context(), azuresim.DemoDBSubnetNSG)
		if err != nil {
			t.Fatal(err)
		}
		if table.Guard != azuresim.DemoDBSubnetNSG || table.Name != "db-subnet-nsg" || !table.Settled || len(table.Defaults) != 6 || len(table.Rules) != 3 {
			t.Errorf("table is %+v", table)
		}
		want := rules.Rule{
			Name: "postgres-from-web", Priority: 500, Inbound: true, Allow: true, Protocol: jit.TCP,
			Sources: []string{"10.10.1.0/24", "10.10.9.0/24"}, SourcePorts: []string{"*"},
			Destinations: []string{"10.20.1.0/24"}, Ports: []string{"5432", "1433"}, Settled: true,
		}
		var got rules.Rule
		for _, r := range table.Rules {
			if r.Name == want.Name {
				got = r
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTableOfNothing(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.Table(t.Context(), azuresim.DemoWebNICNSG+"-gone"); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("err = %v", err)
		}
		for _, id := range []string{"", "nonsense", azuresim.DemoWeb1, azuresim.DemoWebNICNSG + "?x=1", "/subscriptions/x/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"} {
			if _, err := w.Table(t.Context(), id); !errors.Is(err, jit.ErrInvalid) {
				t.Errorf("id %q: err = %v", id, err)
			}
		}
	})
}

func TestTablesPaged(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 2 })
		tables, err := w.Tables(t.Context())
		if err != nil || len(tables) != 6 {
			t.Fatalf("%d tables, err %v", len(tables), err)
		}
		if n := w.Counts().GuardReads; n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
		// What came before the fault is given too.
		w.AddFault(azuresim.Fault{Path: "networkSecurityGroups", Skip: 1, Status: 403, Code: "AuthorizationFailed"})
		tables, err = w.Tables(t.Context())
		if !errors.Is(err, jit.ErrForbidden) || len(tables) != 2 {
			t.Errorf("%d tables, err %v", len(tables), err)
		}
	})
}

func TestTablesOfSeveralSubscriptions(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		const other = "5a1e0000-0000-4000-8000-00000000d3a1"
		w := newWorld(t, func(c *azure.Config) { c.Subscriptions = append(c.Subscriptions, other) })
		tables, err := w.Tables(t.Context())
		if err == nil || len(tables) != 6 {
			t.Errorf("%d tables, err %v; want those of the subscription that is there, and an error", len(tables), err)
		}
		clean(t, err)
	})
}

func TestApplyAndReadBack(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.DumpRules(azuresim.DemoWebNICNSG, nil)
		ctx := t.Context()
		six := allowRule()
		six.Name, six.Priority = allowName+"6", 151
		six.Sources, six.Destinations = []string{"2001:db8::7/128"}, []string{"fd00:10:10:1::4", "fd00:10:10:1::5"}
		six.Ports = []string{"22", "8000-8010"}
		changes := append(put(allowRule()), put(six)...)
		for i, err := range w.Apply(ctx, azuresim.DemoWebNICNSG, changes) {
			if err != nil {
				t.Fatalf("change %d: %v", i, err)
			}
		}
		for _, want := range []rules.Rule{allowRule(), six} {
			got, ok := w.find(t, want.Name)
			if !ok || !got.Equal(want) || !got.Settled {
				t.Error(cmp.Diff(want, got, cmpopts.IgnoreFields(rules.Rule{}, "Settled")))
			}
		}
		for _, name := range []string{allowName, six.Name, allowName} { // the third is gone already
			if err := w.only(ctx, remove(name)); err != nil {
				t.Fatal(err)
			}
		}
		if after := w.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
			t.Errorf("other people's rules changed:\n%s", cmp.Diff(before, after))
		}
	})
}

func TestApplyToGuardThatIsGone(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG+"-gone", append(remove(allowName), put(allowRule())...))
		if outcomes[0] != nil {
			t.Errorf("removing: %v", outcomes[0])
		}
		if !errors.Is(outcomes[1], jit.ErrNotFound) {
			t.Errorf("writing: %v", outcomes[1])
		}
		if outcomes = w.Apply(t.Context(), "nonsense", remove(allowName)); !errors.Is(outcomes[0], jit.ErrInvalid) {
			t.Errorf("no id: %v", outcomes[0])
		}
	})
}

// TestRequestsOfALife is the budget of one grant on one guard: read, write,
// ask, read; and the same for the closing.
func TestRequestsOfALife(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 700 * time.Millisecond })
		for _, changes := range [][]rules.Change{put(allowRule()), remove(allowName)} {
			w.find(t, allowName)
			if err := w.only(t.Context(), changes); err != nil {
				t.Fatal(err)
			}
			w.find(t, allowName)
		}
		got := w.Counts()
		want := azuresim.Counts{GuardReads: 4, GuardWrites: 1, GuardDeletes: 1, Polls: 2}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(azuresim.Counts{}, "Tokens")); diff != "" {
			t.Error(diff)
		}
		if w.codes[200] != 6 || w.codes[201] != 1 || w.codes[202] != 1 {
			t.Errorf("observed %v", w.codes)
		}
		ids := map[string]bool{}
		for _, r := range w.Requests() {
			if r.Method == "PUT" || r.Method == "DELETE" {
				ids[r.ClientRequestID] = true
			}
		}
		if len(ids) != 1 || !ids[azure.RequestID(allowName)] {
			t.Errorf("client request ids %v, want the grant's", ids)
		}
	})
}

func TestRequestID(t *testing.T) {
	id := azure.RequestID(allowName)
	if len(id) != 36 || id[14] != '8' || id != azure.RequestID("jitbot-test-g-7k2qd-other") {
		t.Errorf("id of a grant is %s", id)
	}
	for _, name := range []string{"jitbot-prod-g-7k2qd-web-1", "jitbot-test-g-7k2qe-web-1", denyName, "foreign"} {
		if azure.RequestID(name) == id {
			t.Errorf("%s has the same id", name)
		}
	}
	if one, other := azure.RequestID(denyName), azure.RequestID(denyName); one == other {
		t.Error("a deny's id is not random")
	}
}

func TestPollInterval(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		name               string
		poll, takes, waits time.Duration
		polls              int
	}{
		{"default", 0, 3500 * time.Millisecond, 4 * time.Second, 4},
		{"own", 100 * time.Millisecond, 250 * time.Millisecond, 300 * time.Millisecond, 3},
		{"over at once", 0, 0, time.Second, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(c *azure.Config) { c.Poll = tt.poll })
				w.Configure(func(s *azuresim.Settings) { s.OperationTime = tt.takes })
				for _, changes := range [][]rules.Change{put(allowRule()), remove(allowName)} {
					w.Reset()
					start := time.Now()
					if err := w.only(t.Context(), changes); err != nil {
						t.Fatal(err)
					}
					if got := time.Since(start); got != tt.waits || w.Counts().Polls != tt.polls {
						t.Errorf("took %s and %d polls, want %s and %d", got, w.Counts().Polls, tt.waits, tt.polls)
					}
				}
			})
		})
	}
}

func TestUnchangedNeedsNoPoll(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 2 {
			w.Reset()
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
		}
		if c := w.Counts(); c.GuardWrites != 1 || c.Polls != 0 || c.GuardReads != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestOneWriterPerGuard(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) {
			s.OperationTime = 5 * time.Second
			s.Writers = azuresim.RefuseConflict // two at a time would be refused
		})
		done := make(chan error, 4)
		guards := []string{azuresim.DemoWebNICNSG, "/SUBSCRIPTIONS" + azuresim.DemoWebNICNSG[len("/subscriptions"):]}
		for i, guard := range guards {
			r := allowRule()
			r.Priority += i
			r.Name += string(rune('a' + i))
			go func() { done <- w.Apply(t.Context(), guard, put(r))[0] }()
		}
		other := allowRule()
		other.Destinations = []string{"10.30.1.4"}
		go func() { done <- w.Apply(t.Context(), azuresim.DemoDevNSG, put(other))[0] }()
		// A third one gives up waiting for its turn.
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			time.Sleep(time.Millisecond)
			if err := w.Apply(ctx, guards[0], remove("x"))[0]; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("waiting: %v", err)
			}
			done <- nil
		}()
		start := time.Now()
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %s, want two turns of 5s, and the other guard meanwhile", d)
		}
	})
}

func TestApplyKeepsDeadline(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = time.Hour })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		outcomes := w.Apply(ctx, azuresim.DemoWebNICNSG, append(put(allowRule()), remove("jitbot-test-g-7k2qe-x")...))
		for _, err := range outcomes {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v", err)
			}
		}
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("took %s", d)
		}
	})
}

// TestOperationThatNeverEnds: it keeps no turn for more than two minutes, so
// what is to be closed at that guard is sent all the same.
func TestOperationThatNeverEnds(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	const open = "jitbot-test-g-7k2qe-x"
	stuck := azuresim.Fault{OperationTime: 24 * time.Hour}.On("", "securityRules/"+allowName)
	prepare := func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t)
		r := allowRule()
		r.Name, r.Priority = open, 160
		if err := w.only(t.Context(), put(r)); err != nil {
			t.Fatal(err)
		}
		w.AddFault(stuck)
		return w
	}
	check := func(t *testing.T, err error, start time.Time) {
		t.Helper()
		checkKind(t, err, jit.ErrConflict)
		if d := time.Since(start); d != 2*time.Minute || !strings.Contains(err.Error(), "still running") {
			t.Errorf("after %s: %v", d, err)
		}
	}
	t.Run("in one call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			start := time.Now()
			outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG, append(put(allowRule()), remove(open)...))
			for _, err := range outcomes { // the second is sent, and no longer waited for
				check(t, err, start)
			}
			time.Sleep(time.Second)
			if _, ok := w.find(t, open); ok {
				t.Error("the closing was held up")
			}
		})
	})
	t.Run("in two calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			start := time.Now()
			done := make(chan error)
			go func() { done <- w.only(t.Context(), put(allowRule())) }()
			synctest.Wait()
			go func() { done <- w.only(t.Context(), remove(open)) }()
			check(t, <-done, start)
			if err := <-done; err != nil || time.Since(start) != 2*time.Minute+time.Second {
				t.Errorf("closing after %s: %v", time.Since(start), err)
			}
		})
	})
	t.Run("while polls hang", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := prepare(t)
			w.AddFault(azuresim.Fault{Latency: 24 * time.Hour}.On("GET", "/operations/"))
			start := time.Now()
			check(t, w.only(t.Context(), put(allowRule())), start)
		})
	})
}

// TestRemovalThatTakesLong: each removal of a rule cancels the one before, so
// asking again must not send again, except when Azure seems to have lost it.
func TestRemovalThatTakesLong(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		takes       time.Duration
		tries, sent int
	}{{5 * time.Minute, 3, 1}, {24 * time.Hour, 9, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
			w.Reset()
			w.AddFault(azuresim.Fault{OperationTime: tt.takes}.On("DELETE", ""))
			var err error
			for range tt.tries {
				err = w.only(t.Context(), remove(allowName))
			}
			_, left := w.find(t, allowName)
			if ended := tt.takes < time.Hour; (err == nil) != ended || left == ended {
				t.Errorf("%s: %v, the rule is there: %t", tt.takes, err, left)
			}
			if n := w.sent("DELETE", ""); n != tt.sent {
				t.Errorf("%s: %d removals sent, want %d", tt.takes, n, tt.sent)
			}
			// A write overtakes: the next removal is sent.
			if err := w.only(t.Context(), put(allowRule())); err != nil {
				t.Fatal(err)
			}
			if err := w.only(t.Context(), remove(allowName)); !errors.Is(err, jit.ErrConflict) || w.sent("DELETE", "") != tt.sent+1 {
				t.Errorf("%s: after a write: %v", tt.takes, err)
			}
		})
	}
}

// TestDenyIsKeptWhenItsReplacementFails: the port must not stand open between.
func TestDenyIsKeptWhenItsReplacementFails(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		deny := allowRule()
		deny.Name, deny.Allow, deny.Priority, deny.Protocol = denyName, false, 250, "*"
		if err := w.only(t.Context(), put(deny)); err != nil {
			t.Fatal(err)
		}
		if err := w.only(t.Context(), put(allowRule())); err != nil {
			t.Fatal(err)
		}
		next := deny
		next.Name, next.Priority = "jitbot-test-deny-both", 1 // refused
		outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG, []rules.Change{{Put: &next}, {Remove: denyName}, {Remove: allowName}})
		if !errors.Is(outcomes[0], jit.ErrInvalid) || !errors.Is(outcomes[1], jit.ErrConflict) || outcomes[2] != nil {
			t.Errorf("outcomes %v", outcomes)
		}
		if _, ok := w.find(t, denyName); !ok {
			t.Error("the deny is gone")
		}
		if _, ok := w.find(t, allowName); ok {
			t.Error("the closing was held up")
		}
	})
}
