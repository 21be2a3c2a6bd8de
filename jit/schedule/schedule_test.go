package schedule_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit/schedule"
)

func TestSchedule(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for _, tt := range []struct{ text, now, want string }{
		{"Mon 09:00", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"}, // a Monday
		{"Mon 09:00", "2026-03-02T08:59:59Z", "2026-02-23T09:00:00Z"},
		{"Mon 09:00", "2026-03-08T23:59:59Z", "2026-03-02T09:00:00Z"},
		{"Sun 23:59", "2026-03-02T00:00:00Z", "2026-03-01T23:59:00Z"},
		{"Tue 00:00", "2026-03-02T23:59:59Z", "2026-02-24T00:00:00Z"},
		{"daily 17:30", "2026-03-02T17:29:59Z", "2026-03-01T17:30:00Z"},
		{"daily 00:00", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
		{"Sun 02:30", "2026-03-29T03:00:00Z", "2026-03-29T02:30:00Z"}, // summer time begins elsewhere
	} {
		s, ok := schedule.Parse(tt.text)
		if !ok || s.String() != tt.text {
			t.Errorf("%s is %s", tt.text, s)
		}
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Last(now.In(zone)).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s, last before %s: %s, want %s", tt.text, tt.now, got, tt.want)
		}
	}
	for _, text := range []string{
		"", "Mon", "09:00", "Mon 9:00", "Mon 24:00", "Mon 09:60", "Mon 09:00:00", "mon 09:00", "Monday 09:00", "Mon  09:00", " Mon 09:00", "Mon 09:00 ",
		"Mon 09:00 UTC", "Mon,Tue 09:00", "Daily 09:00", "Mon -9:00", "Mon\t09:00", "Mon 09.00",
	} {
		if s, ok := schedule.Parse(text); ok || s != (schedule.Schedule{}) {
			t.Errorf("%q is %s", text, s)
		}
	}
	if last := (schedule.Schedule{}).Last(time.Now()); !last.IsZero() || (schedule.Schedule{}).String() != "" {
		t.Errorf("never was last %s", last)
	}
}

// The last time is not ahead, less than a period ago, and stays the last one
// until the next.
func TestScheduleAsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ok := schedule.Parse(rapid.StringMatching(`(daily|Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01][0-9]|2[0-3]):[0-5][0-9]`).Draw(t, "text"))
		if !ok {
			t.Fatal("refused")
		}
		now := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "now"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns"))
		last := s.Last(now)
		if last.After(now) || now.Sub(last) >= s.Every || !s.Last(last).Equal(last) || !s.Last(last.Add(s.Every)).Equal(last.Add(s.Every)) {
			t.Errorf("%s before %s: %s", s, now, last)
		}
	})
}

func FuzzSchedule(f *testing.F) {
	for _, text := range []string{"Mon 09:00", "daily 23:59", "Mon 24:00", "", "x \x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := schedule.Parse(text); ok && s.String() != text {
			t.Errorf("%q is %q", text, s)
		}
	})
}
