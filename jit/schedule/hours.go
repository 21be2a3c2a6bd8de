package schedule

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // places have their time also where the machine knows none
)

// Hours are when something may be, week by week: within any of them. No Hours are never.
type Hours []Window

// Window is a time of the day on some days of the week. One that ends before it begins
// goes on into the next day.
type Window struct {
	Days     []int         // 0 is Monday
	From, To time.Duration // of the clock on the wall, from midnight; To is not in it
	Zone     string        // such as Europe/Berlin; empty is UTC
}

// ParseHours reads "Mon-Fri 09:00-18:00 Europe/Berlin", several with commas between. A
// day may stand alone, and without a place the time is UTC. ok is false for any other text.
func ParseHours(text string) (h Hours, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		if len(words) < 2 || len(words) > 3 {
			return nil, false
		}
		var w Window
		if w.Days, ok = daysOf(words[0]); !ok {
			return nil, false
		}
		from, to, _ := strings.Cut(words[1], "-")
		var ends bool
		w.From, ok = clockOf(from)
		if w.To, ends = clockOf(to); !ok || !ends || w.From == w.To || w.From == day {
			return nil, false
		}
		if len(words) == 3 {
			w.Zone = words[2]
		}
		if _, err := time.LoadLocation(w.Zone); err != nil || w.Zone == "Local" {
			return nil, false
		}
		h = append(h, w)
	}
	return h, true
}

// daysOf reads Mon, or Mon-Fri; Sat-Mon goes over the end of the week.
func daysOf(word string) (days []int, ok bool) {
	first, last, ranged := strings.Cut(word, "-")
	if !ranged {
		last = first
	}
	n, end := slices.Index(weekdays(), first), slices.Index(weekdays(), last)
	if n < 0 || end < 0 {
		return nil, false
	}
	for ; ; n = (n + 1) % 7 {
		days = append(days, n)
		if n == end {
			return days, true
		}
	}
}

// clockOf reads 09:00, and 24:00 for the end of a day.
func clockOf(word string) (time.Duration, bool) {
	if word == "24:00" {
		return day, true
	}
	at, err := time.Parse(dayClock, word)
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, err == nil && len(word) == len(dayClock)
}

// Contain reports whether it is within one of the hours now. Where what a place's time is
// is not known, it is not.
func (h Hours) Contain(now time.Time) bool {
	return slices.ContainsFunc(h, func(w Window) bool {
		zone, err := time.LoadLocation(w.Zone)
		return err == nil && w.contains(now.In(zone))
	})
}

func (w Window) contains(local time.Time) bool {
	today := (int(local.Weekday()) + 6) % 7
	at := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if w.From < w.To {
		return slices.Contains(w.Days, today) && w.From <= at && at < w.To
	}
	return slices.Contains(w.Days, today) && w.From <= at || slices.Contains(w.Days, (today+6)%7) && at < w.To
}

// String is what ParseHours reads, empty for never.
func (h Hours) String() string {
	parts := make([]string, 0, len(h))
	for _, w := range h {
		days := weekdays()[w.Days[0]]
		if n := len(w.Days); n > 1 {
			days += "-" + weekdays()[w.Days[n-1]]
		}
		parts = append(parts, strings.TrimSpace(days+" "+clockText(w.From)+"-"+clockText(w.To)+" "+w.Zone))
	}
	return strings.Join(parts, ", ")
}

func clockText(d time.Duration) string {
	if d == day {
		return "24:00"
	}
	return time.Time{}.Add(d).Format(dayClock)
}
