package schedule

import (
	"slices"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Schedule is when something comes again: each day or each week at a time of
// the day, in UTC. The zero Schedule is never.
type Schedule struct {
	Every time.Duration // a day or a week; 0 is never
	After time.Duration // from the midnight that a day, or Monday, begins with
}

// weekdays are the days of a week as a Schedule names them; Go's week begins
// with Monday too where instants are cut to whole weeks.
func weekdays() []string { return []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} }

const (
	daily    = "daily"
	dayClock = "15:04"
)

// Parse reads a weekday, or the word daily, and a time of the day in
// UTC: "Mon 09:00", "daily 17:30". ok is false for any other text.
func Parse(text string) (s Schedule, ok bool) {
	word, clock, _ := strings.Cut(text, " ")
	at, err := time.Parse(dayClock, clock)
	if err != nil || len(clock) != len(dayClock) {
		return Schedule{}, false
	}
	s = Schedule{Every: day, After: time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}
	if word == daily {
		return s, true
	}
	n := slices.Index(weekdays(), word)
	if n < 0 {
		return Schedule{}, false
	}
	return Schedule{Every: week, After: s.After + time.Duration(n)*day}, true
}

// String is what Parse reads, empty for never.
func (s Schedule) String() string {
	if s.Every == 0 {
		return ""
	}
	word := daily
	if s.Every == week {
		word = weekdays()[s.After/day]
	}
	return word + " " + time.Time{}.Add(s.After%day).Format(dayClock)
}

// Last is the latest time of the schedule that is not after now; the zero Time
// for never.
func (s Schedule) Last(now time.Time) time.Time {
	if s.Every == 0 {
		return time.Time{}
	}
	return now.UTC().Add(-s.After).Truncate(s.Every).Add(s.After)
}
