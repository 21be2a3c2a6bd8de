package bolt_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/outbox"
	"jitbot/store/bolt"
)

// model is what a store should hold, found by looking at everything.
type model map[jit.ID]jit.Grant

func (m model) sorted() []jit.Grant {
	return slices.SortedFunc(maps.Values(m), func(a, b jit.Grant) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

func (m model) due(now time.Time) []jit.ID {
	var due []jit.Grant
	for _, g := range m.sorted() {
		if !g.State.Ended() && !g.Wake().After(now) {
			due = append(due, g)
		}
	}
	slices.SortStableFunc(due, func(a, b jit.Grant) int { return a.Wake().Compare(b.Wake()) })
	var out []jit.ID
	for _, g := range due {
		out = append(out, g.ID)
	}
	return out
}

func (m model) guards() map[string][]jit.ID {
	out := make(map[string][]jit.ID)
	for _, g := range m.sorted() {
		if g.State.Live() {
			for _, guard := range g.Guards() {
				out[guard] = append(out[guard], g.ID)
			}
		}
	}
	return out
}

func (m model) counts() map[jit.State]int {
	out := make(map[jit.State]int)
	for _, g := range m {
		out[g.State]++
	}
	return out
}

// TestModel changes grants at random, whether or not their life allows it, and
// compares every index with the model.
func TestModel(t *testing.T) {
	dir, tries := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		path := filepath.Join(dir, fmt.Sprintf("jitbot-%d.db", tries))
		b, err := bolt.Open(t.Context(), path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close() }()
		m := make(model)
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) { m.create(t, b) },
			"update": func(t *rapid.T) { m.update(t, b) },
			"told":   func(t *rapid.T) { m.told(t, b) },
			"reopen": func(t *rapid.T) {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				if b, err = bolt.Open(t.Context(), path, bolt.Options{}); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) { m.compare(t, b) },
		})
	})
}

func moment(t *rapid.T, what string) time.Time {
	return b0().Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, what)) * time.Second)
}

func drawID(t *rapid.T) jit.ID {
	return rapid.SampledFrom([]jit.ID{"g-22222", "g-33333", "g-44444", "g-55555"}).Draw(t, "id")
}

func (m model) create(t *rapid.T, b *bolt.Store) {
	id := drawID(t)
	g, e := jit.NewGrant(id, jit.Request{At: moment(t, "asked")})
	err := b.Create(t.Context(), g, e)
	if _, taken := m[id]; taken != errors.Is(err, jit.ErrExists) || !taken && err != nil {
		t.Fatalf("Create: %v; taken %v", err, taken)
	} else if !taken {
		m[id] = g
	}
}

func (m model) update(t *rapid.T, b *bolt.Store) {
	id := drawID(t)
	next := jit.Grant{
		State: rapid.SampledFrom(jit.States()).Draw(t, "state"),
		Clock: jit.Clock{
			Lapse: moment(t, "lapse"), Approved: moment(t, "approved"), OpenBy: moment(t, "open by"),
			Deadline: moment(t, "deadline"), Closing: moment(t, "closing"),
		},
	}
	if rapid.Bool().Draw(t, "begun") {
		next.Clock.Begun = b0()
	}
	for _, guard := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "ab", "b/c", ""}), 0, 3).Draw(t, "guards") {
		next.Paths = append(next.Paths, guardpath.Path{Guard: guard})
	}
	fail := rapid.IntRange(0, 4).Draw(t, "fail") == 0
	no := errors.New("no")
	have, err := b.Update(t.Context(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		next.ID, next.Request, next.Revision, next.Card = g.ID, g.Request, g.Revision+1, g.Card
		if fail {
			return next, nil, no
		}
		return next, []jit.Event{{Kind: jit.EventDrift, Grant: id}}, nil
	})
	_, there := m[id]
	switch {
	case !there && !errors.Is(err, jit.ErrNotFound), there && fail && !errors.Is(err, no), there && !fail && err != nil:
		t.Fatalf("Update: %v", err)
	case err == nil:
		m[id] = have
	}
}

func (m model) told(t *rapid.T, b *bolt.Store) {
	id := drawID(t)
	card := jit.Card{Channel: rapid.SampledFrom([]string{"", "C1", "C2"}).Draw(t, "channel")}
	err := b.Told(t.Context(), outbox.Outcome{Told: []uint64{1}, Grant: id, Card: card})
	g, there := m[id]
	if card == (jit.Card{}) || !there {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	g.Card = card
	m[id] = g
}

func (m model) compare(t *rapid.T, b *bolt.Store) {
	ctx, now := t.Context(), moment(t, "now")
	due, e1 := b.Due(ctx, now)
	guards, e2 := b.Guards(ctx)
	counts, e3 := b.Counts(ctx)
	at := make(map[string][]jit.ID)
	var e4 error
	for _, guard := range guards {
		grants, err := b.AtGuard(ctx, strings.ToUpper(guard))
		e4 = errors.Join(e4, err)
		for _, g := range grants {
			at[guard] = append(at[guard], g.ID)
			if diff := cmp.Diff(m[g.ID], g, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("grant: %s", diff)
			}
		}
	}
	unfinished, e5 := b.Unfinished(ctx)
	if err := errors.Join(e1, e2, e3, e4, e5, b.Verify(ctx), b.Check(ctx)); err != nil {
		t.Fatal(err)
	}
	open := 0
	for _, g := range m {
		if !g.State.Ended() {
			open++
		}
	}
	diff := cmp.Diff(m.due(now), due) + cmp.Diff(m.guards(), at) + cmp.Diff(m.counts(), counts) + cmp.Diff(open, len(unfinished))
	if diff != "" {
		t.Errorf("(-model +store): %s", diff)
	}
}
