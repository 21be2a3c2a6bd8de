package storetest

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/outbox"
)

func testRecord(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	s.wait(t, "g-22222", begin().Add(time.Hour))
	must(t, s.Append(t.Context()))
	must(t, s.Append(t.Context(),
		jit.Event{At: begin(), Kind: jit.EventDrift, Text: "somebody's rule", VMs: []string{}},
		jit.Event{At: begin().In(time.FixedZone("", 7200)), Kind: jit.EventOrphan, Text: "no text at all: \xff\xfe \u2028 <&>"},
	))
	s.ask(t, "g-33333", begin())

	all, err := s.Events(t.Context(), 0, 100)
	must(t, err)
	if len(all) != 5 {
		t.Fatalf("%d events, want 5", len(all))
	}
	chained(t, all)
	for _, test := range []struct {
		after uint64
		limit int
		want  []jit.Event
	}{
		{0, 2, all[:2]}, {2, 2, all[2:4]}, {4, 100, all[4:]}, {5, 100, nil}, {99, 1, nil}, {0, 0, nil},
	} {
		have, err := s.Events(t.Context(), test.after, test.limit)
		must(t, err)
		same(t, "events", test.want, have)
	}
}

// waiting lists what is to be told.
func (s *suite) waiting(t *testing.T) []jit.Notice {
	t.Helper()
	n, err := s.Notices(t.Context(), 0, 100)
	must(t, err)
	return n
}

func audiences(notices []jit.Notice) []jit.Audience {
	var out []jit.Audience
	for _, n := range notices {
		out = append(out, n.To)
	}
	return out
}

func testNotices(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin()) // told to nobody
	same(t, "notices of asked", []jit.Notice(nil), s.waiting(t))
	s.wait(t, "g-22222", begin().Add(time.Hour)) // card, requester
	// card, thread, requester
	s.change(t, "g-22222", func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Deny(asker(), "no", begin()) })

	all := s.waiting(t)
	same(t, "audiences", []jit.Audience{jit.ToCard, jit.ToRequester, jit.ToCard, jit.ToThread, jit.ToRequester}, audiences(all))
	events := s.everything(t).Events
	for i, n := range all {
		want := events[1]
		if i >= 2 {
			want = events[2]
		}
		same(t, "event of a notice", want, n.Event)
		if i > 0 && n.Seq <= all[i-1].Seq {
			t.Errorf("notice %d after notice %d: out of order", n.Seq, all[i-1].Seq)
		}
	}
	some, err := s.Notices(t.Context(), 0, 2)
	must(t, err)
	same(t, "the oldest two", all[:2], some)
	some, err = s.Notices(t.Context(), all[1].Seq, 2)
	must(t, err)
	same(t, "the next two", all[2:4], some)

	must(t, s.Told(t.Context(), outbox.Outcome{Told: []uint64{all[1].Seq, all[4].Seq, all[4].Seq}}))
	must(t, s.Told(t.Context(), outbox.Outcome{Told: []uint64{all[1].Seq}})) // once more, as after a crash
	same(t, "notices left", []jit.Notice{all[0], all[2], all[3]}, s.waiting(t))

	// What was told never comes back under another event's number.
	s.ask(t, "g-33333", begin())
	s.wait(t, "g-33333", begin().Add(time.Hour))
	left := s.waiting(t)
	same(t, "older notices", []jit.Notice{all[0], all[2], all[3]}, left[:3])
	if len(left) != 5 || left[3].Seq <= all[4].Seq {
		t.Errorf("new notices %v: want two, numbered after %d", left[3:], all[4].Seq)
	}
}

func testCards(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	s.wait(t, "g-22222", begin().Add(time.Hour))
	notices := s.waiting(t)
	before := s.at(t, "g-22222")

	// The grant moves on between reading the notice and telling it.
	moved := s.change(t, "g-22222", func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(asker(), begin()) })
	card := jit.Card{Channel: "C1", Message: "1.2"}
	must(t, s.Told(t.Context(), outbox.Outcome{Told: []uint64{notices[0].Seq}, Grant: "g-22222", Card: card}))
	after := s.at(t, "g-22222")
	if after.Revision != moved.Revision || after.Revision == before.Revision {
		t.Errorf("revision %d after a card, want %d", after.Revision, moved.Revision)
	}
	moved.Card = card
	same(t, "grant with its card", moved, after)

	must(t, s.Told(t.Context(), outbox.Outcome{Told: []uint64{notices[1].Seq}, Grant: "g-22222"}))
	same(t, "a notice without a card leaves it", moved, s.at(t, "g-22222"))
	same(t, "index after a card", []jit.ID(nil), s.everything(t).Due)
}

// What Slack has of a grant is changed with what was told, or not at all.
func testShown(t *testing.T, s *suite) {
	s.ask(t, "g-22222", begin())
	s.wait(t, "g-22222", begin().Add(time.Hour))
	shown := func(want outbox.Shown) {
		t.Helper()
		got, err := s.Shown(t.Context(), "g-22222")
		must(t, err)
		same(t, "what Slack has", want, got)
	}
	shown(outbox.Shown{})
	before := s.at(t, "g-22222")
	want := outbox.Shown{
		Revision: 3, State: jit.Open, Digest: "d", Posting: begin().UTC(),
		Direct: []outbox.Direct{{At: jit.Card{Channel: "D1", Message: "1.2"}, Event: s.waiting(t)[0].Event}},
	}
	must(t, s.Told(t.Context(), outbox.Outcome{
		Told: []uint64{s.waiting(t)[0].Seq}, Grant: "g-22222", Show: func(outbox.Shown) outbox.Shown { return want },
	}))
	shown(want)
	same(t, "the grant", before, s.at(t, "g-22222"))
	want.Direct, want.Posting = nil, time.Time{}
	for range 2 {
		must(t, s.Told(t.Context(), outbox.Outcome{Grant: "g-22222", Show: func(o outbox.Shown) outbox.Shown {
			o.Direct, o.Posting = nil, time.Time{}
			return o
		}}))
		shown(want)
	}
	s.reopen(t)
	shown(want)
	if err := s.Told(t.Context(), outbox.Outcome{Grant: "g-none", Card: jit.Card{Channel: "C"}, Show: func(outbox.Shown) outbox.Shown {
		return want
	}}); err == nil {
		t.Error("a card of no grant was kept")
	}
}
