package reconcile

import (
	"testing"
	"time"

	"jitbot/jit"
)

// A grant whose closing cannot be stored is late from its deadline on, not from its
// reminder.
func TestOverdueIsLateFromItsDeadline(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]jit.ID{time.Second: "", 2 * time.Minute: "g-7k2qd"} {
		g := jit.Grant{ID: "g-7k2qd", State: jit.Open, Clock: jit.Clock{
			Remind: now.Add(-15 * time.Minute), Deadline: now.Add(-after), Until: now.Add(time.Minute),
		}}
		f := newFoundDue()
		f.addOverdue(g, true, now)
		if f.late != want {
			t.Errorf("%s after the deadline %q is late, not %q", after, f.late, want)
		}
	}
}
