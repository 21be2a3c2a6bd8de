package rules

import (
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"jitbot/jit"
)

// Description is what an allow rule says of itself, so that jitbot sweep, which
// has no store, knows when to remove it.
type Description struct {
	Grant jit.ID
	User  jit.UserID
	Until time.Time
	Name  string // Entra name, cut to fit
}

const descriptionTime = "2006-01-02T15:04:05Z"

// String is at most 140 characters.
func (d Description) String() string {
	s := fmt.Sprintf("jitbot %s %s until %s", d.Grant, d.User, d.Until.UTC().Format(descriptionTime))
	if d.Name == "" {
		return s
	}
	s += "; " + d.Name
	for utf8.RuneCountInString(s) > maxRuleDescription {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

var descriptionPattern = regexp.MustCompile(`^jitbot (g-[a-z0-9]{5}) ` +
	`(\S{1,64}) until (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)(?:; (.*))?$`)

// ParseDescription reads what an allow rule says of itself.
func ParseDescription(s string) (Description, bool) {
	m := descriptionPattern.FindStringSubmatch(s)
	if m == nil || !jit.ID(m[1]).Valid() {
		return Description{}, false
	}
	until, err := time.Parse(descriptionTime, m[3])
	if err != nil {
		return Description{}, false
	}
	return Description{Grant: jit.ID(m[1]), User: jit.UserID(m[2]), Until: until, Name: m[4]}, true
}
