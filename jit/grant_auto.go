package jit

import (
	"fmt"
	"strings"
)

// Auto is why a request was approved without anybody's yes: all that the configuration
// sets for that held. The zero value is that it was not.
type Auto struct {
	Hours  string `json:"hours,omitempty"`   // within which it was asked
	OnCall string `json:"on_call,omitempty"` // the user group of whoever asked
	Nth    int    `json:"nth,omitempty"`     // of theirs that day, by that entry
	PerDay int    `json:"per_day,omitempty"` // of which there may be so many
}

// String says why, in words.
func (a Auto) String() string {
	var why []string
	if a.Hours != "" {
		why = append(why, "within "+a.Hours)
	}
	if a.OnCall != "" {
		why = append(why, "for somebody in "+a.OnCall)
	}
	if a.PerDay > 0 {
		why = append(why, fmt.Sprintf("number %d of %d that day", a.Nth, a.PerDay))
	}
	return strings.Join(why, ", ")
}
