package reach

import (
	"fmt"
	"time"

	"jitbot/jit"
)

// DigestKept is how old a digest may be that is still told.
const DigestKept = 24 * time.Hour

// Digest is how all VMs stand at an instant, as the channel is told of it. The
// latest one is kept, for the next to say what changed.
type Digest struct {
	Schedule string    `json:"schedule"`    // that it was made by
	Due      time.Time `json:"due"`         // the time of the schedule that it settles
	At       time.Time `json:"at,omitzero"` // when the rules were read; zero: nothing was told yet

	// Anchored is the day, in UTC, whose anchor of the record was told, or need not be.
	Anchored time.Time `json:"anchored,omitzero"`

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
func (d Digest) Event() jit.Event {
	return jit.Line(jit.EventDigest, fmt.Sprintf("%d unhealthy, %d not applicable, %d healthy; due %s",
		d.Unhealthy, d.NotApplicable, d.Healthy, d.Due.Format(time.RFC3339)), d.At)
}
