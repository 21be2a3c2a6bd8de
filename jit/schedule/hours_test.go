package schedule_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit/schedule"
)

func TestHours(t *testing.T) {
	tests := []struct {
		hours, at string // at with its offset
		want      bool
	}{
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T09:00:00+01:00", true},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T08:59:59+01:00", false},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T18:00:00+01:00", false},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T17:59:59+01:00", true},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T08:30:00Z", true},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-07-06T07:30:00Z", true}, // in summer it is two hours
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-05T07:30:00Z", false},
		{"Mon-Fri 09:00-18:00 Europe/Berlin", "2026-01-10T12:00:00+01:00", false}, // a Saturday
		{"Mon-Fri 09:00-18:00", "2026-01-05T09:00:00Z", true},
		{"Mon 00:00-24:00", "2026-01-05T23:59:59Z", true},
		{"Mon 00:00-24:00", "2026-01-06T00:00:00Z", false},
		{"Fri 22:00-06:00", "2026-01-09T23:00:00Z", true},
		{"Fri 22:00-06:00", "2026-01-10T05:59:00Z", true}, // of Friday's night
		{"Fri 22:00-06:00", "2026-01-09T05:59:00Z", false},
		{"Fri 22:00-06:00", "2026-01-10T06:00:00Z", false},
		{"Sat-Mon 10:00-11:00", "2026-01-05T10:30:00Z", true},
		{"Sat-Mon 10:00-11:00", "2026-01-04T10:30:00Z", true},
		{"Sat-Mon 10:00-11:00", "2026-01-06T10:30:00Z", false},
		{"Mon 09:00-10:00, Tue 09:00-10:00 Asia/Tokyo", "2026-01-06T00:30:00Z", true},
		{"Mon 09:00-10:00, Tue 09:00-10:00 Asia/Tokyo", "2026-01-06T09:30:00Z", false},
		// When the clock goes back an hour comes twice, and both are within.
		{"Sun 02:00-03:00 Europe/Berlin", "2026-10-25T02:30:00+02:00", true},
		{"Sun 02:00-03:00 Europe/Berlin", "2026-10-25T02:30:00+01:00", true},
	}
	for _, tt := range tests {
		h, ok := schedule.ParseHours(tt.hours)
		at, err := time.Parse(time.RFC3339, tt.at)
		if !ok || err != nil || h.Contain(at) != tt.want {
			t.Errorf("%s at %s: %t, %v; want %t", tt.hours, tt.at, ok, err, tt.want)
		}
		if again, ok := schedule.ParseHours(h.String()); !ok || again.String() != h.String() {
			t.Errorf("%s is written %s", tt.hours, h)
		}
	}
	if (schedule.Hours{}).Contain(time.Now()) || (schedule.Hours{{Days: []int{0, 1, 2, 3, 4, 5, 6}, To: 24 * time.Hour, Zone: "Nowhere/Here"}}).Contain(time.Now()) {
		t.Error("no hours, or those of no place, hold something")
	}
	for _, text := range []string{
		"", "Mon", "09:00-18:00", "Mon-Fri", "Mon-Fri 9:00-18:00", "Mon-Fri 09:00", "Mon-Fri 09:00-09:00", "Mon-Fri 25:00-26:00", "Mon-Fri 24:00-02:00",
		"mon-fri 09:00-18:00", "Montag 09:00-18:00", "Mon-Fri 09:00-18:00 Nowhere/Here", "Mon-Fri 09:00-18:00 Local", "Mon-Fri 09:00-18:00 ../../etc/passwd",
		"Mon-Fri 09:00-18:00,", "Mon-Fri 09:00 - 18:00", "Mon-Fri 09:00-18:00 Europe/Berlin too",
	} {
		if h, ok := schedule.ParseHours(text); ok {
			t.Errorf("%q is read as %s", text, h)
		}
	}
}

// Whatever is read is written as it is read.
func FuzzParseHours(f *testing.F) {
	f.Add("Mon-Fri 09:00-18:00 Europe/Berlin")
	f.Add("Sat 22:00-06:00, Sun 00:00-24:00")
	f.Fuzz(func(t *testing.T, text string) {
		h, ok := schedule.ParseHours(text)
		if !ok {
			return
		}
		again, ok := schedule.ParseHours(h.String())
		if !ok || again.String() != h.String() {
			t.Errorf("%q is written %q", text, h)
		}
	})
}

// A window of a day has as many minutes as it says, on its days.
func TestHoursHaveTheirLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(0, 1440).Draw(t, "to")
		if from == to {
			return
		}
		h := schedule.Hours{{Days: []int{rapid.IntRange(0, 6).Draw(t, "day")}, From: time.Duration(from) * time.Minute, To: time.Duration(to) * time.Minute}}
		n, start := 0, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		for i := range 7 * 1440 {
			if h.Contain(start.Add(time.Duration(i) * time.Minute)) {
				n++
			}
		}
		if want := (to - from + 1440) % 1440; n != want && (n != 1440 || to-from != 1440) {
			t.Fatalf("%s has %d minutes, want %d", h, n, want)
		}
	})
}
