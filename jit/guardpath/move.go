package guardpath

import (
	"net/netip"
	"slices"
	"time"
)

// Origin is from where a grant lets its holder in, with what hangs on that.
type Origin struct {
	Sources  []netip.Prefix `json:"sources,omitempty"`
	Paths    []Path         `json:"paths,omitempty"`
	Warnings []string       `json:"warnings,omitempty"` // as those of the grant
	Notes    []string       `json:"notes,omitempty"`
}

// Move is a change of a grant's origin that is not in force yet. The grant has the one that
// its rules are to have, and Other is the one before; on the way back it is the other way
// round.
type Move struct {
	At       time.Time      `json:"at,omitzero"` // zero: none is under way
	By       time.Time      `json:"by,omitzero"` // not in force by then, it goes back
	Other    Origin         `json:"other,omitzero"`
	Back     string         `json:"back,omitempty"`     // why it goes back; empty while it moves
	Approved []netip.Prefix `json:"approved,omitempty"` // the sources before the first move, which later ones keep to
}

// Underway reports whether rules are being rewritten, to the new source or back.
func (m Move) Underway() bool { return !m.At.IsZero() }

// Forth reports whether they are being rewritten to the new source.
func (m Move) Forth() bool { return m.Underway() && m.Back == "" }

// Is reports whether both are the same move, in the same direction.
func (m Move) Is(o Move) bool { return m.At.Equal(o.At) && m.Back == o.Back }

// Overdue reports whether the new source should have been in force by now.
func (m Move) Overdue(now time.Time) bool { return m.Forth() && !now.Before(m.By) }

// Wake is when the move is to be looked at, or then where that is earlier.
func (m Move) Wake(then time.Time) time.Time {
	if m.Forth() && m.By.Before(then) {
		return m.By
	}
	return then
}

// AsWide reports whether the source is of as many addresses at most as one of the others.
func AsWide(source netip.Prefix, others []netip.Prefix) bool {
	free := func(p netip.Prefix) int { return p.Addr().BitLen() - p.Bits() }
	return slices.ContainsFunc(others, func(o netip.Prefix) bool { return free(source) <= free(o) })
}

// Within reports whether the source lies within one of the others.
func Within(source netip.Prefix, others []netip.Prefix) bool {
	return slices.ContainsFunc(others, func(o netip.Prefix) bool { return o.Bits() <= source.Bits() && o.Contains(source.Addr()) })
}
