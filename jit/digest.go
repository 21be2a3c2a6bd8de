package jit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DigestKept is how old a digest may be that is still told.
const DigestKept = 24 * time.Hour

// Digest is how all VMs stand at an instant, as the channel is told of it. The
// latest one is kept, for the next to say what changed.
type Digest struct {
	Schedule string    `json:"schedule"`    // that it was made by
	Due      time.Time `json:"due"`         // the time of the schedule that it settles
	At       time.Time `json:"at,omitzero"` // when the rules were read; zero: nothing was told yet

	Unhealthy     int `json:"unhealthy"`
	NotApplicable int `json:"not_applicable"`
	Untold        int `json:"untold"` // of NotApplicable, because something could not be read
	Healthy       int `json:"healthy"`

	Exposures []Exposed `json:"exposures,omitempty"` // the first of the Unhealthy, widest first
	Remarks   []Remark  `json:"remarks,omitempty"`   // what is open all the same
	More      int       `json:"more,omitempty"`      // remarks that are left out
	Gaps      []string  `json:"gaps,omitempty"`      // what could not be read

	// Since is the digest before, the zero Time when there was none; Opened
	// are the VMs that are Unhealthy and were not then, Mended those that were
	// and are known not to be any more, by resource id.
	Since  time.Time `json:"since,omitzero"`
	Opened []string  `json:"opened,omitempty"`
	Mended []string  `json:"mended,omitempty"`
	// Open are the resource ids of all that are Unhealthy, and of those that
	// were and cannot be told now.
	Open []string `json:"open,omitempty"`
}

// Exposed is an Unhealthy VM of a digest.
type Exposed struct {
	VM         string `json:"vm"` // resource id
	Production bool   `json:"production,omitempty"`
	Why        string `json:"why"`
}

// Remark is a sentence that holds for some VMs.
type Remark struct {
	Text string   `json:"text"`
	VMs  []string `json:"vms"` // resource ids
}

// Event is the line of the record, and what has the digest told.
func (d Digest) Event() Event {
	return Event{At: d.At, Kind: EventDigest, tell: audiences(EventDigest).other, Text: fmt.Sprintf(
		"%d unhealthy, %d not applicable, %d healthy; due %s", d.Unhealthy, d.NotApplicable, d.Healthy, d.Due.Format(time.RFC3339))}
}

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

// ParseSchedule reads a weekday, or the word daily, and a time of the day in
// UTC: "Mon 09:00", "daily 17:30". ok is false for any other text.
func ParseSchedule(text string) (s Schedule, ok bool) {
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

// String is what ParseSchedule reads, empty for never.
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
