package page

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
)

// grant is one line of the countdowns.
type grant struct {
	ID         string      `json:"id"`
	State      string      `json:"state"`
	Who        string      `json:"who"` // a Slack user id
	VMs        string      `json:"vms"`
	Ports      string      `json:"ports"`
	Source     string      `json:"source"`
	From       int64       `json:"from,omitempty"` // when the countdown began, ms since 1970
	To         int64       `json:"to,omitempty"`   // and when it ends; 0: none
	Stuck      bool        `json:"stuck,omitempty"`
	Ways       []way       `json:"ways,omitempty"`
	PublicEnds []publicEnd `json:"public_ends,omitempty"`
}

// countdowns are the lines of the grants, the next to end first.
func countdowns(all []jit.Grant) []grant {
	var out []grant
	for _, g := range all {
		out = append(out, shownGrant(g))
	}
	slices.SortFunc(out, func(a, b grant) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.ID, b.ID)) })
	return out
}

// next is how long it is until something is due for the VM, or for any where it
// is empty: a deadline, a lapse. While a
// firewall is being opened it is not told: moved there, the clock would have
// the opening given up.
func (h *handler) next(ctx context.Context, vm string) (time.Duration, error) {
	s, err := h.stored(ctx)
	if err != nil {
		return 0, err
	}
	grants := s.grants
	if vm != "" {
		grants = slices.DeleteFunc(slices.Clone(grants), func(g jit.Grant) bool { return !targets(g, vm) })
	}
	for _, g := range grants {
		if g.State == jit.Opening && !g.Clock.Begun.IsZero() && slow(g) {
			return 0, fmt.Errorf("%s is being opened, which takes a firewall its time: wait until it is open", g.ID)
		}
	}
	now := h.opt.Now()
	for _, g := range countdowns(grants) {
		if to := time.UnixMilli(g.To); g.To > 0 && to.After(now) {
			// Up to its end: the milliseconds that the page does not show.
			return to.Sub(now) + time.Millisecond, nil
		}
	}
	return 0, errNothingDue
}

// targets reports whether the grant is for the VM of that short name.
func targets(g jit.Grant, vm string) bool {
	return slices.ContainsFunc(g.Request.Targets, func(t jit.Target) bool { return t.Name == vm })
}

func shownGrant(g jit.Grant) grant {
	out := grant{
		ID: string(g.ID), State: string(g.State), Who: string(g.Request.By.ID), Stuck: g.Stuck, Ways: ways(g), PublicEnds: publicEnds(g),
	}
	var vms, ports, sources []string
	for _, t := range g.Request.Targets {
		vms = append(vms, t.Name)
	}
	for _, p := range g.Request.Ports {
		ports = append(ports, p.String())
	}
	for _, s := range g.Request.Sources {
		if s.IsSingleIP() {
			sources = append(sources, s.Addr().String())
			continue
		}
		sources = append(sources, s.String())
	}
	out.VMs, out.Ports, out.Source = strings.Join(vms, ", "), strings.Join(ports, ", "), strings.Join(sources, ", ")
	from, to := span(g)
	if !to.IsZero() {
		out.From, out.To = from.UnixMilli(), to.UnixMilli()
	}
	return out
}

// span is what a grant counts down: until it closes, lapses or gives up opening.
func span(g jit.Grant) (from, to time.Time) {
	switch g.State {
	case jit.Pending:
		return g.Request.At, g.Clock.Lapse
	case jit.Opening:
		return g.Clock.Begun, g.Clock.OpenBy
	case jit.Open:
		return g.Clock.Opened, g.Clock.Deadline
	default:
		return time.Time{}, time.Time{}
	}
}
