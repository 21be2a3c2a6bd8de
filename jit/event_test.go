package jit_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/record"
)

// record is a chain of the events, as a store would keep it: written as JSON
// and read back.
func recorded(t interface{ Fatalf(string, ...any) }, events []jit.Event) []jit.Event {
	var out []jit.Event
	var prev jit.Event
	for _, e := range events {
		linked, err := record.Link(e, prev)
		if err != nil {
			t.Fatalf("linking: %v", err)
		}
		b, err := json.Marshal(linked)
		if err != nil {
			t.Fatalf("writing: %v", err)
		}
		var read jit.Event
		if err := json.Unmarshal(b, &read); err != nil {
			t.Fatalf("reading: %v", err)
		}
		out, prev = append(out, read), linked
	}
	return out
}

func verify(events []jit.Event) error {
	var prev jit.Event
	for _, e := range events {
		if err := record.Follows(e, prev); err != nil {
			return err
		}
		prev = e
	}
	return nil
}

func lifeEvents(t *testing.T) []jit.Event {
	t.Helper()
	g, asked := jit.NewGrant("g-7k2qd", jittest.NewGrant().Request)
	events := []jit.Event{asked}
	for _, s := range []step{wait, approve(bob), approve(carol), begin, confirm, closeBy(jit.Revoked)} {
		next, es, err := s(g, jittest.Start)
		if err != nil {
			t.Fatal(err)
		}
		g, events = next, append(events, es...)
	}
	return events
}

func TestRecordIsAChain(t *testing.T) {
	events := recorded(t, lifeEvents(t))
	if err := verify(events); err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != uint64(i+1) || e.Hash == "" || i > 0 && e.Prev != events[i-1].Hash || i == 0 && e.Prev != "" {
			t.Errorf("line %d: number %d, after %q", i+1, e.Seq, e.Prev)
		}
	}
}

func TestRecordShowsWhatWasDone(t *testing.T) {
	other := recorded(t, lifeEvents(t)[:3])
	tests := []struct {
		name   string
		change func([]jit.Event) []jit.Event
	}{
		{"text", func(es []jit.Event) []jit.Event { es[3].Text = "by mistake"; return es }},
		{"actor", func(es []jit.Event) []jit.Event { es[2].Actor = carol; return es }},
		{"kind", func(es []jit.Event) []jit.Event { es[2].Kind = jit.EventDenied; return es }},
		{"instant", func(es []jit.Event) []jit.Event { es[2].At = es[2].At.Add(time.Nanosecond); return es }},
		{"port", func(es []jit.Event) []jit.Event { es[0].Ports[0].To++; return es }},
		{"source", func(es []jit.Event) []jit.Event { es[0].Sources = nil; return es }},
		{"until", func(es []jit.Event) []jit.Event { es[5].Until = time.Time{}; return es }},
		{"hash", func(es []jit.Event) []jit.Event { es[2].Hash = es[3].Hash; return es }},
		{"the last line", func(es []jit.Event) []jit.Event { es[len(es)-1].Text = ""; return es }},
		{"the first line removed", func(es []jit.Event) []jit.Event { return es[1:] }},
		{"one removed", func(es []jit.Event) []jit.Event { return slices.Delete(es, 2, 3) }},
		{"two in another order", func(es []jit.Event) []jit.Event { es[2], es[3] = es[3], es[2]; return es }},
		{"two in another order, renumbered", func(es []jit.Event) []jit.Event {
			es[2], es[3] = es[3], es[2]
			es[2].Seq, es[3].Seq = 3, 4
			return es
		}},
		{"one twice", func(es []jit.Event) []jit.Event { return slices.Insert(es, 3, es[2]) }},
		{"one of another record", func(es []jit.Event) []jit.Event { es[1] = other[1]; es[1].Text = "x"; return es }},
		{"one inserted that follows", func(es []jit.Event) []jit.Event {
			forged, err := record.Link(jit.Event{Kind: jit.EventApproved, At: jittest.Start}, es[2])
			if err != nil {
				t.Fatal(err)
			}
			return slices.Insert(es, 3, forged)
		}},
		{"one changed and hashed again", func(es []jit.Event) []jit.Event {
			e := es[2]
			e.Text = "no"
			forged, err := record.Link(e, es[1])
			if err != nil {
				t.Fatal(err)
			}
			es[2] = forged
			return es
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := verify(tt.change(recorded(t, lifeEvents(t)))); !errors.Is(err, record.ErrBroken) {
				t.Errorf("got %v, want the chain broken", err)
			}
		})
	}
}

// Whatever a line holds, it is found unaltered when it was stored and read.
func TestRecordSurvivesTheStore(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.Just("<&>\u2028\u2029"), rapid.Just("broken \xff\xc3"), rapid.Just("\ufffd"), rapid.Just(`\ufffd`))
	person := rapid.Custom(func(t *rapid.T) jit.Person {
		return jit.Person{ID: jit.UserID(text.Draw(t, "id")), Entra: text.Draw(t, "entra"), Name: text.Draw(t, "name")}
	})
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		return at.In(time.FixedZone("", 60*rapid.IntRange(-720, 720).Draw(t, "minutes")))
	})
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) jit.Event {
			e := jit.Event{
				At: instant.Draw(t, "at"), Kind: jit.EventAsked, Actor: person.Draw(t, "actor"), Subject: person.Draw(t, "subject"),
				VMs: rapid.SliceOf(text).Draw(t, "vms"), Sources: rapid.SliceOf(text).Draw(t, "sources"), Text: text.Draw(t, "text"),
			}
			if rapid.Bool().Draw(t, "until") {
				e.Until = instant.Draw(t, "until")
			}
			return e
		}), 1, 4).Draw(t, "events")
		if err := verify(recorded(t, events)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhoIsTold(t *testing.T) {
	want := map[jit.EventKind][]jit.Audience{
		jit.EventAsked: nil, jit.EventWaiting: {jit.ToCard, jit.ToRequester}, jit.EventApproved: {jit.ToCard, jit.ToThread},
		jit.EventOpening: {jit.ToCard}, jit.EventOpened: {jit.ToCard, jit.ToThread, jit.ToRequester}, jit.EventClosing: {jit.ToCard},
	}
	for _, e := range lifeEvents(t) {
		if !slices.Equal(e.Tell(), want[e.Kind]) {
			t.Errorf("%s is told to %v, want %v", e.Kind, e.Tell(), want[e.Kind])
		}
	}
	_, refused, err := jittest.NewGrant().Refuse("no rights", jittest.Start)
	if err != nil || !slices.Equal(refused.Tell(), []jit.Audience{jit.ToRequester}) {
		t.Errorf("a refusal is told to %v, %v", refused.Tell(), err)
	}
}
