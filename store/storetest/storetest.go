// Package storetest is the suite that every store passes: what the domain relies
// on, tested through the domain's interface alone. What is a store's own, such
// as its file, is tested beside it. It is imported by tests only.
package storetest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/outbox"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/record"
)

// Store is all that a store is asked for: by the domain, and by those who read
// what is kept.
type Store interface {
	jit.Grants
	protection.Store
	jit.Record
	Bind(ctx context.Context, name, object string) (string, error)
	Recent(ctx context.Context, by jit.UserID) (jit.Request, error)
	Opened(ctx context.Context, vm string) (jit.Request, error)
	Guards(ctx context.Context) ([]string, error)
	Mark(ctx context.Context, now time.Time) (time.Time, error)
	Digest(ctx context.Context) (reach.Digest, error)
	KeepDigest(ctx context.Context, d reach.Digest, events ...jit.Event) error
	Notices(ctx context.Context, after uint64, limit int) ([]jit.Notice, error)
	Shown(ctx context.Context, id jit.ID) (outbox.Shown, error)
	Told(ctx context.Context, o outbox.Outcome) error
	Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error)
	record.History
	Counts(ctx context.Context) (map[jit.State]int, error)
}

// Test runs the suite against the stores that open gives. Two calls with the
// same folder are the same store, opened again: the first is closed by then, by
// its method Close() error, which a store under test must have. open ends its
// store with t at the latest.
func Test(t *testing.T, open func(t *testing.T, dir string) Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s *suite)
	}{
		{"create", testCreate},
		{"update", testUpdate},
		{"an error stores nothing", testError},
		{"no change is not written", testUnchanged},
		{"record", testRecord},
		{"history", testHistory},
		{"wake order", testDue},
		{"guards", testGuards},
		{"counts", testCounts},
		{"notices", testNotices},
		{"cards", testCards},
		{"shown", testShown},
		{"recent", testRecent},
		{"opened", testOpened},
		{"names", testBind},
		{"mark", testMark},
		{"digest", testDigest},
		{"one winner", testOneWinner},
		{"many at once", testManyAtOnce},
		{"context", testContext},
		{"reopen", testReopen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.run(t, &suite{Store: open(t, dir), dir: dir, open: open})
		})
	}
}

// suite is a store under test with what the tests have in common.
type suite struct {
	Store
	dir  string
	open func(t *testing.T, dir string) Store
}

// reopen closes the store and opens it again.
func (s *suite) reopen(t *testing.T) {
	t.Helper()
	c, ok := s.Store.(interface{ Close() error })
	if !ok {
		t.Fatalf("%T has no Close() error", s.Store)
	}
	must(t, c.Close())
	s.Store = s.open(t, s.dir)
}

// begin is the time at which the tests begin.
func begin() time.Time { return time.Date(2026, 3, 29, 1, 59, 59, 123456789, time.UTC) }

func asker() jit.Person { return jit.Person{ID: "U1", Entra: "e1", Name: "ann@example.com"} }

// request is one that asks at the given time.
func request(at time.Time) jit.Request {
	return jit.Request{
		By:       asker(),
		Targets:  []jit.Target{{VM: "/subscriptions/s/vm/web1", Name: "web1", Group: "prod"}},
		Ports:    []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}},
		Sources:  []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")},
		Duration: time.Hour,
		Reason:   "disk is full <&> \u2028",
		At:       at,
	}
}

// ask stores a new grant with its event.
func (s *suite) ask(t *testing.T, id jit.ID, at time.Time) jit.Grant {
	t.Helper()
	g, e := jit.NewGrant(id, request(at))
	must(t, s.Create(t.Context(), g, e))
	return g
}

// change applies one transition.
func (s *suite) change(t *testing.T, id jit.ID, f func(jit.Grant) (jit.Grant, jit.Event, error)) jit.Grant {
	t.Helper()
	g, err := s.Update(t.Context(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := f(g)
		return g, []jit.Event{e}, err
	})
	must(t, err)
	return g
}

func (s *suite) wait(t *testing.T, id jit.ID, lapse time.Time) jit.Grant {
	t.Helper()
	return s.change(t, id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Wait(asker(), []string{"U2"}, 1, lapse, begin())
	})
}

func (s *suite) permit(t *testing.T, id jit.ID, now time.Time) jit.Grant {
	t.Helper()
	return s.change(t, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Permit(asker(), now) })
}

// start makes an opening grant begin at the guards.
func (s *suite) start(t *testing.T, id jit.ID, now time.Time, guards ...string) jit.Grant {
	t.Helper()
	var paths []guardpath.Path
	for _, guard := range guards {
		paths = append(paths, guardpath.Path{VM: "vm", Guard: guard, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}})
	}
	return s.change(t, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Begin(paths, time.Minute, now) })
}

// close ends an open or opening grant at every guard.
func (s *suite) close(t *testing.T, id jit.ID, now time.Time) {
	t.Helper()
	g := s.change(t, id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Expired}, now, now)
	})
	for _, guard := range g.Guards() {
		_, err := s.Update(t.Context(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(guard, now) })
		must(t, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares what was stored with what is read.
func same(t *testing.T, what string, want, have any) {
	t.Helper()
	options := cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}),
		cmpopts.IgnoreUnexported(jit.Event{}),
	}
	if diff := cmp.Diff(want, have, options); diff != "" {
		t.Errorf("%s (-want +have):\n%s", what, diff)
	}
}

func ids(grants []jit.Grant) []jit.ID {
	var out []jit.ID
	for _, g := range grants {
		out = append(out, g.ID)
	}
	return out
}

// everything is what can be read of a store.
type everything struct {
	Unfinished []jit.Grant
	Due        []jit.ID
	Guards     []string
	AtGuards   [][]jit.ID
	Counts     map[jit.State]int
	Events     []jit.Event
	Notices    []jit.Notice
}

func (s *suite) everything(t *testing.T) everything {
	t.Helper()
	ctx := t.Context()
	var e everything
	var errs [7]error
	e.Unfinished, errs[0] = s.Unfinished(ctx)
	e.Due, errs[1] = s.Due(ctx, begin().AddDate(100, 0, 0))
	e.Guards, errs[2] = s.Guards(ctx)
	e.Counts, errs[3] = s.Counts(ctx)
	e.Events, errs[4] = s.Events(ctx, 0, 1_000_000)
	e.Notices, errs[5] = s.Notices(ctx, 0, 1_000_000)
	for _, guard := range e.Guards {
		var at []jit.Grant
		at, errs[6] = s.AtGuard(ctx, guard)
		e.AtGuards = append(e.AtGuards, ids(at))
		must(t, errs[6])
	}
	must(t, errors.Join(errs[:]...))
	return e
}

// chained checks that events are one chain from the first.
func chained(t *testing.T, events []jit.Event) {
	t.Helper()
	var prev jit.Event
	for _, e := range events {
		must(t, record.Follows(e, prev))
		prev = e
	}
}
