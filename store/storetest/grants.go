package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

func testCreate(t *testing.T, s *suite) {
	if _, err := s.Grant(t.Context(), "g-22222"); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a grant that is not there: %v, want ErrNotFound", err)
	}
	g := s.ask(t, "g-22222", begin())
	same(t, "grant", g, s.at(t, "g-22222"))

	before := s.everything(t)
	other, e := jit.NewGrant("g-22222", request(begin().Add(time.Hour)))
	if err := s.Create(t.Context(), other, e); !errors.Is(err, jit.ErrExists) {
		t.Errorf("the same id again: %v, want ErrExists", err)
	}
	same(t, "store after a refused create", before, s.everything(t))
}

// at reads a grant that must be there.
func (s *suite) at(t *testing.T, id jit.ID) jit.Grant {
	t.Helper()
	g, err := s.Grant(t.Context(), id)
	must(t, err)
	return g
}

func testUpdate(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	g := s.wait(t, "g-22222", begin().Add(time.Hour))
	if g.State != jit.Pending || g.Revision != 2 {
		t.Errorf("Update returned %s revision %d, want pending revision 2", g.State, g.Revision)
	}
	same(t, "grant", g, s.at(t, "g-22222"))
	events := s.everything(t).Events
	if len(events) != 2 || events[1].Kind != jit.EventWaiting || events[1].Grant != "g-22222" {
		t.Errorf("record: %v, want asked and waiting", events)
	}
	_, err := s.Update(t.Context(), "g-33333", func(jit.Grant) (jit.Grant, []jit.Event, error) {
		t.Error("the closure ran without a grant")
		return jit.Grant{}, nil, nil
	})
	if !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("update of a grant that is not there: %v, want ErrNotFound", err)
	}
}

func testError(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	before := s.everything(t)
	no := jit.Refuse(jit.ErrStale, "too late")
	_, err := s.Update(t.Context(), "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := g.Permit(asker(), begin())
		must(t, err)
		return g, []jit.Event{e}, no
	})
	if err != error(no) { //nolint:errorlint // the very error, not one around it
		t.Errorf("the closure's error came back as %#v, want it as it was", err)
	}
	same(t, "store after an error", before, s.everything(t))

	_, err = s.Update(t.Context(), "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g.Revision, g.ID = g.Revision+1, "g-33333"
		return g, nil, nil
	})
	if err == nil {
		t.Error("a change of the id was stored")
	}
	same(t, "store after a change of the id", before, s.everything(t))
}

func testUnchanged(t *testing.T, s *suite) {
	want := s.ask(t, "g-22222", begin())
	before := s.everything(t)
	g, err := s.Update(t.Context(), "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g.Waiting = "not stored: the revision is the same"
		return g, nil, nil
	})
	must(t, err)
	same(t, "returned grant", want, g)
	same(t, "store", before, s.everything(t))

	// An event alone is stored, with the grant as it was.
	_, e := jit.NewGrant("g-22222", request(begin()))
	_, err = s.Update(t.Context(), "g-22222", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		return g, []jit.Event{e}, nil
	})
	must(t, err)
	if n := len(s.everything(t).Events); n != 2 {
		t.Errorf("%d events after one was added to one, want 2", n)
	}
	same(t, "grant", want, s.at(t, "g-22222"))
}

func testDue(t *testing.T, s *suite) {
	if due := s.everything(t).Due; len(due) != 0 {
		t.Errorf("due in an empty store: %v", due)
	}
	// Asked first, last, between; one that waits until later; one that ended.
	s.ask(t, "g-44444", begin().Add(2*time.Second))
	s.ask(t, "g-22222", begin())
	s.ask(t, "g-33333", begin().Add(time.Second))
	s.ask(t, "g-55555", begin().Add(-time.Hour))
	s.wait(t, "g-55555", begin().Add(time.Hour))
	s.ask(t, "g-66666", begin().Add(-time.Minute))
	s.change(t, "g-66666", func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Refuse("no", begin()) })
	// Before 1970: still the earliest.
	s.ask(t, "g-77777", time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC))

	for _, test := range []struct {
		name string
		now  time.Time
		want []jit.ID
	}{
		{"long before", time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), nil},
		{"a nanosecond before", begin().Add(-1), []jit.ID{"g-77777"}},
		{"to the nanosecond", begin(), []jit.ID{"g-77777", "g-22222"}},
		{"in another zone", begin().Add(time.Second).In(time.FixedZone("", 3600)), []jit.ID{"g-77777", "g-22222", "g-33333"}},
		{"all", begin().Add(time.Hour), []jit.ID{"g-77777", "g-22222", "g-33333", "g-44444", "g-55555"}},
	} {
		due, err := s.Due(t.Context(), test.now)
		must(t, err)
		same(t, test.name, test.want, due)
	}
	unfinished, err := s.Unfinished(t.Context())
	must(t, err)
	same(t, "unfinished, oldest first", []jit.ID{"g-77777", "g-55555", "g-22222", "g-33333", "g-44444"}, ids(unfinished))
}

func testGuards(t *testing.T, s *suite) {
	for _, id := range []jit.ID{"g-22222", "g-33333", "g-44444"} {
		s.ask(t, id, begin())
		s.permit(t, id, begin())
	}
	if guards := s.everything(t).Guards; len(guards) != 0 {
		t.Errorf("guards before any path is known: %v", guards)
	}
	s.start(t, "g-22222", begin(), "/subscriptions/S/nsg/Web", "/subscriptions/s/nsg/web2")
	s.start(t, "g-33333", begin(), "/SUBSCRIPTIONS/s/nsg/WEB")
	s.start(t, "g-44444", begin(), "/subscriptions/s/nsg/db", "/subscriptions/s/NSG/db")

	guards, err := s.Guards(t.Context())
	must(t, err)
	slices.Sort(guards)
	same(t, "guards", []string{"/subscriptions/s/nsg/db", "/subscriptions/s/nsg/web", "/subscriptions/s/nsg/web2"}, guards)
	for guard, want := range map[string][]jit.ID{
		"/subscriptions/s/nsg/web":  {"g-22222", "g-33333"},
		"/Subscriptions/s/nsg/wEB2": {"g-22222"},
		"/subscriptions/s/nsg/we":   nil,
		"/subscriptions/s/nsg/db":   {"g-44444"},
		"":                          nil,
	} {
		grants, err := s.AtGuard(t.Context(), guard)
		must(t, err)
		have := ids(grants)
		slices.Sort(have)
		same(t, "at "+guard, want, have)
	}

	s.change(t, "g-22222", func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.ConfirmOpen(begin()) })
	atWeb2, err := s.AtGuard(t.Context(), "/subscriptions/s/nsg/web2")
	must(t, err)
	same(t, "the grant at the guard", []jit.Grant{s.at(t, "g-22222")}, atWeb2)
	s.close(t, "g-22222", begin())
	s.close(t, "g-44444", begin())
	guards, err = s.Guards(t.Context())
	must(t, err)
	same(t, "guards when two have ended", []string{"/subscriptions/s/nsg/web"}, guards)
}

func testCounts(t *testing.T, s *suite) {
	for _, id := range []jit.ID{"g-22222", "g-33333", "g-44444"} {
		s.ask(t, id, begin())
	}
	s.wait(t, "g-33333", begin().Add(time.Hour))
	s.permit(t, "g-44444", begin())
	s.start(t, "g-44444", begin(), "nsg")
	s.close(t, "g-44444", begin())
	same(t, "counts", map[jit.State]int{jit.Asked: 1, jit.Pending: 1, jit.Closed: 1}, positive(s.everything(t).Counts))
}

// positive leaves out the states without grants, which a store may list.
func positive(counts map[jit.State]int) map[jit.State]int {
	out := make(map[jit.State]int)
	for s, n := range counts {
		if n != 0 {
			out[s] = n
		}
	}
	return out
}

func testRecent(t *testing.T, s *suite) {
	latest := func(what string, by jit.UserID, want jit.Request) {
		t.Helper()
		have, err := s.Recent(t.Context(), by)
		must(t, err)
		same(t, what, want, have)
	}
	latest("before anybody asked", "U1", jit.Request{})
	s.ask(t, "g-22222", begin())
	second := s.ask(t, "g-33333", begin().Add(time.Hour)).Request
	latest("the second of two", "U1", second)
	latest("of somebody who never asked", "U2", jit.Request{})

	other := request(begin().Add(2 * time.Hour))
	other.By, other.Reason = jit.Person{ID: "U2", Name: "bob@example.com"}, "deploy"
	g, e := jit.NewGrant("g-44444", other)
	must(t, s.Create(t.Context(), g, e))
	latest("of the other", "U2", other)
	latest("after the other asked", "U1", second)

	// Neither a refused request nor the life of an earlier grant counts.
	again := request(begin().Add(3 * time.Hour))
	g, e = jit.NewGrant("g-22222", again)
	if err := s.Create(t.Context(), g, e); !errors.Is(err, jit.ErrExists) {
		t.Errorf("the same id again: %v, want ErrExists", err)
	}
	s.change(t, "g-22222", func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(asker(), begin()) })
	latest("after what stores no request", "U1", second)
	s.reopen(t)
	latest("opened again", "U1", second)
}

// Who opened a VM last is known by its id, however it is written.
func testOpened(t *testing.T, s *suite) {
	g := s.ask(t, "g-22222", begin())
	vm := g.Request.Targets[0].VM
	opened := func(what string, want jit.Request) {
		t.Helper()
		for _, id := range []string{vm, strings.ToUpper(vm)} {
			have, err := s.Opened(t.Context(), id)
			must(t, err)
			same(t, what, want, have)
		}
	}
	opened("before it was", jit.Request{})
	s.change(t, g.ID, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Permit(asker(), begin()) })
	s.change(t, g.ID, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Begin([]guardpath.Path{{VM: vm, Guard: "/nsg"}}, time.Minute, begin())
	})
	opened("while it is being opened", jit.Request{})
	s.change(t, g.ID, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.ConfirmOpen(begin().Add(time.Second)) })
	g, err := s.Grant(t.Context(), g.ID)
	must(t, err)
	want := g.Request
	want.At = g.Clock.Opened
	opened("once it is open", want)
	s.change(t, g.ID, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Expired}, begin(), begin().Add(time.Minute))
	})
	s.reopen(t)
	opened("after its end", want)
}
