package jit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit/guardpath"
	"jitbot/jit/text"
)

// Extent is how much is opened: which ports, from where, and for how long.
type Extent struct {
	Ports    []Ports        `json:"ports,omitempty"`
	Sources  []netip.Prefix `json:"sources,omitempty"`
	Duration time.Duration  `json:"duration,omitempty"`
}

// Extent is how much the request is for now.
func (r Request) Extent() Extent {
	return Extent{Ports: r.Ports, Sources: r.Sources, Duration: r.Duration}
}

// With is the request for another extent.
func (r Request) With(e Extent) Request {
	r.Ports, r.Sources, r.Duration = e.Ports, e.Sources, e.Duration
	return r
}

// Narrowed reports whether approvers allowed less than was asked for.
func (r Request) Narrowed() bool { return r.Asked.Duration > 0 }

// AsAsked is the request as it was before approvers allowed less. It says who decides.
func (r Request) AsAsked() Request {
	if !r.Narrowed() {
		return r
	}
	asked := r.With(r.Asked)
	asked.Asked = Extent{}
	return asked
}

// String is the extent in words.
func (e Extent) String() string {
	return text.Duration(e.Duration) + ", port " + joined(e.Ports) + ", from " + joined(e.Sources)
}

func joined[T fmt.Stringer](list []T) string { return strings.Join(words(list), ", ") }

func words[T fmt.Stringer](list []T) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, one.String())
	}
	return out
}

// Equal reports whether both are the same.
func (e Extent) Equal(o Extent) bool {
	return e.Duration == o.Duration && slices.Equal(e.Ports, o.Ports) && slices.Equal(e.Sources, o.Sources)
}

// Wider says what of the extent the other does not hold; empty when it is nothing more.
// Ports without a protocol are those of the other.
func (e Extent) Wider(than Extent) string {
	if e.Duration > than.Duration {
		return text.Duration(e.Duration)
	}
	if i := slices.IndexFunc(e.Ports, func(p Ports) bool { return !slices.ContainsFunc(than.Ports, p.within) }); i >= 0 {
		return "port " + e.Ports[i].String()
	}
	if i := slices.IndexFunc(e.Sources, func(s netip.Prefix) bool { return !guardpath.Within(s, than.Sources) }); i >= 0 {
		return e.Sources[i].String()
	}
	return ""
}

// within reports whether o contains the ports; without a protocol they are of that of o.
func (p Ports) within(o Ports) bool {
	if p.Protocol == "" {
		p.Protocol = o.Protocol
	}
	return o.Contains(p)
}

// Meet is what both allow; one part of it may be nothing.
func (e Extent) Meet(o Extent) Extent {
	return Extent{
		Ports: meet(e.Ports, o.Ports, Ports.meet), Sources: meet(e.Sources, o.Sources, meetSources), Duration: min(e.Duration, o.Duration),
	}
}

// meet is what each of some has in common with each of others, each of it once.
func meet[T comparable](some, others []T, both func(T, T) (T, bool)) (out []T) {
	for _, a := range some {
		for _, b := range others {
			if c, ok := both(a, b); ok && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

func meetSources(a, b netip.Prefix) (netip.Prefix, bool) {
	if b.Bits() > a.Bits() {
		return b, a.Overlaps(b)
	}
	return a, a.Overlaps(b)
}

// meet is what both ports mean; one without a protocol means the other's.
func (p Ports) meet(q Ports) (Ports, bool) {
	both := Ports{From: max(p.From, q.From), To: min(p.To, q.To), Protocol: p.Protocol}
	if p.Protocol == "" || p.Protocol == AnyProtocol && q.Protocol != "" {
		both.Protocol = q.Protocol
	}
	same := both.Protocol.Covers(q.Protocol) || q.Protocol == "" || q.Protocol == AnyProtocol
	return both, same && both.From <= both.To
}

// Narrowed is the grant as it would be with less; what is more than was asked for, or
// leaves nothing of what others approved meanwhile, is refused.
func (g Grant) Narrowed(less Extent) (Grant, error) {
	if len(less.Ports) == 0 || len(less.Sources) == 0 || less.Duration < time.Second {
		return g, Refuse(ErrInput, "That leaves nothing of %s; deny it, or keep a port, an address and a time.", g.ID)
	}
	if more := less.Wider(g.Request.AsAsked().Extent()); more != "" {
		return g, Refuse(ErrInput, "%s is more than %s asks for; approve as much as it asks for, or less.", more, g.ID)
	}
	now := g.Request.Extent()
	met := now.Meet(less)
	if len(met.Ports) == 0 || len(met.Sources) == 0 {
		return g, Refuse(ErrStale, "%s was approved with less meanwhile (%s), of which yours leaves nothing; look at its card again.",
			g.ID, now.String())
	}
	if met.Equal(now) {
		return g, nil
	}
	asked := g.Request.AsAsked().Extent()
	g.Request = g.Request.With(met)
	g.Request.Asked = asked
	return g, nil
}

// WithLess begins the text of an approval of less than was asked for.
const WithLess = "with less: "

// ApproveLess counts one yes to less than is asked for: the narrower terms hold for all,
// approvals before stand, and later ones are for them.
func (g Grant) ApproveLess(by Person, less Extent, now time.Time) (Grant, Event, error) {
	if _, _, err := g.Approve(by, now); err != nil {
		return g, Event{}, err
	}
	narrowed, err := g.Narrowed(less)
	if err != nil {
		return g, Event{}, err
	}
	next, e, err := narrowed.Approve(by, now)
	if err == nil && !narrowed.Request.Extent().Equal(g.Request.Extent()) {
		e = next.event(EventApproved, by, now, WithLess+next.Request.Extent().String()).toHolder()
	}
	return next, e, err
}

// Foreseen keeps what was found out about the waiting request for the extent, when that is
// still what it is for.
func (g Grant) Foreseen(of Extent, warnings, notes []string, now time.Time) (Grant, []Event) {
	same := slices.Equal(warnings, g.Warnings) && slices.Equal(notes, g.Notes)
	if g.State != Pending || same || !g.Request.Extent().Equal(of) {
		return g, nil
	}
	g = g.changed()
	g.Warnings, g.Notes = warnings, notes
	return g, []Event{g.event(EventProgress, Person{}, now, "It was checked again for what is left of it.")}
}
