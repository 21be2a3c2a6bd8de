package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

// Lines are found by grant, VM, user and time, newest first and a page at a time, and
// as a walk over all of them finds them.
func testHistory(t *testing.T, s *suite) {
	for i := range 40 {
		e := jit.Event{
			At: begin().Add(time.Duration(i) * time.Hour), Kind: jit.EventOpened, Grant: jit.ID(fmt.Sprintf("g-%d", i%7)),
			Actor:   jit.Person{ID: jit.UserID(fmt.Sprintf("U%d", i%3)), Name: "A@example.com"},
			Subject: jit.Person{ID: jit.UserID(fmt.Sprintf("U%d", i%5))},
			VMs:     []string{fmt.Sprintf("/S/VM/%d", i%4), "/s/vm/all"},
		}
		must(t, s.Append(t.Context(), e))
	}
	all := s.everything(t).Events
	for _, q := range []record.Query{
		{},
		{Grant: "g-3"},
		{VM: "/s/vm/2"},
		{VM: "/S/VM/ALL"},
		{User: "U1"},
		{User: "a@example.com"},
		{Grant: "g-1", User: "U1", VM: "/s/vm/1"},
		{Since: begin().Add(30 * time.Hour)},
		{User: "U2", Since: begin().Add(5 * time.Hour), Until: begin().Add(20 * time.Hour)},
		{Grant: "g-none"},
		{User: "U"},
	} {
		var want, have []jit.Event
		for _, e := range slices.Backward(all) {
			if q.Matches(e) {
				want = append(want, e)
			}
		}
		q.Limit = 3
		for pages := 0; ; pages++ {
			page, next, err := s.Find(t.Context(), q)
			must(t, err)
			if have = append(have, page...); next == 0 {
				break
			}
			if len(page) != q.Limit || pages > len(all) {
				t.Fatalf("%+v: a page of %d lines, and the next begins before %d", q, len(page), next)
			}
			q.Before = next
		}
		same(t, fmt.Sprintf("history %+v", q), want, have)
	}
	s.reopen(t)
	page, _, err := s.Find(t.Context(), record.Query{Grant: "g-3", Limit: 1})
	must(t, err)
	if len(page) != 1 || page[0].Seq != 39 {
		t.Errorf("after a restart: %+v", page)
	}
}
