package storetest

import (
	"testing"

	"jitbot/jit"
	"jitbot/jit/reach"
)

func testDigest(t *testing.T, s *suite) {
	read := func(want reach.Digest) {
		t.Helper()
		d, err := s.Digest(t.Context())
		must(t, err)
		same(t, "digest", want, d)
	}
	read(reach.Digest{})
	first := reach.Digest{
		Schedule: "Mon 09:00", Due: begin(), At: begin().Add(1), Unhealthy: 1, Healthy: 2, NotApplicable: 3, Untold: 1,
		Exposures: []reach.Exposed{{VM: "/vm/1", Production: true, Why: "a rule <&> \u2028"}},
		Remarks:   []reach.Remark{{Text: "yet", VMs: []string{"/vm/2"}}},
		Opened:    []string{"/vm/1"}, Mended: []string{"/vm/3"}, Open: []string{"/vm/1"}, Gaps: []string{"a gap"}, More: 1,
	}
	told := jit.Event{At: begin(), Kind: jit.EventDigest, Text: "1 unhealthy"}
	must(t, s.KeepDigest(t.Context(), first, told))
	read(first)
	second := reach.Digest{Schedule: "daily 10:00", Due: begin().Add(1), Since: first.At}
	must(t, s.KeepDigest(t.Context(), second))
	s.reopen(t)
	read(second)
	events, err := s.Events(t.Context(), 0, 10)
	must(t, err)
	chained(t, events)
	if len(events) != 1 || events[0].Kind != jit.EventDigest || events[0].Text != told.Text {
		t.Errorf("the record is %+v, want the one event", events)
	}
}
