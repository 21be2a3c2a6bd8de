package closings

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
		f := NewFound()
		f.AddOverdue(g, true, now)
		var late jit.ID
		for _, c := range f.late {
			late = c.id
		}
		if late != want {
			t.Errorf("%s after the deadline %q is late, not %q", after, late, want)
		}
	}
}

// A late closing holds openings at its own guards; three in a subscription hold
// those of all of it, and of no other.
func TestLateClosingsHoldOpenings(t *testing.T) {
	const one, other = "/subscriptions/1/nsg", "/subscriptions/2/nsg"
	at := func(guards ...string) lateClosing { return lateClosing{"g-7k2qd", guards} }
	for name, c := range map[string]struct {
		late    []lateClosing
		opening []string
		waits   bool
	}{
		"none":                          {nil, []string{one + "1"}, false},
		"at its guard":                  {[]lateClosing{at(one+"1", one+"2")}, []string{one + "2", one + "3"}, true},
		"at another":                    {[]lateClosing{at(one + "1")}, []string{one + "2"}, false},
		"two at others":                 {[]lateClosing{at(one+"1", one+"3"), at(one + "1")}, []string{one + "2"}, false},
		"three at others":               {[]lateClosing{at(one + "1"), at(one + "3"), at(one + "4")}, []string{one + "2"}, true},
		"three in another subscription": {[]lateClosing{at(one + "1"), at(one + "3"), at(one + "4")}, []string{other + "2"}, false},
		"two and one of another":        {[]lateClosing{at(one + "1"), at(one + "3"), at(other + "4")}, []string{one + "2"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewList()
			l.late = c.late
			for range 2 {
				if why := l.Hold("g-waits", c.opening); (why != "") != c.waits {
					t.Errorf("it waits because %q", why)
				}
			}
			if held := l.HeldAt("g-waits"); (len(held) > 0) != c.waits {
				t.Errorf("held at %v", held)
			}
			l.late = nil
			if why := l.Hold("g-waits", l.HeldAt("g-waits")); why != "" || l.HeldAt("g-waits") != nil {
				t.Errorf("it waits for nothing: %q", why)
			}
		})
	}
}
