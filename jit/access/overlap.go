package access

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// askers lets each person ask for one thing at a time, so that of two lines the second
// sees what the first stored. Each holds the turn of some people. Safe for concurrent
// use.
type askers [64]chan struct{}

func newAskers() *askers {
	a := new(askers)
	for i := range a {
		a[i] = make(chan struct{}, 1)
	}
	return a
}

// begin waits for the turn of one person; end gives it back.
func (a *askers) begin(ctx context.Context, by jit.UserID) (end func(), err error) {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(by)) // it never fails
	turn := a[sum.Sum32()%uint32(len(a))]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for what %s asked for before: %w", by, ctx.Err())
	}
}

// lastPart is how long before its end access that cannot be extended may be asked for
// again, where no reminder says so earlier: how else would somebody get more time?
const lastPart = 10 * time.Minute

// refuseTwice refuses what waits or is open already for the same person, VMs, ports
// and sources, asked for by another delivery: that grant is named. What overlaps
// otherwise is a grant of its own.
func (s *Service) refuseTwice(ctx context.Context, key string, r jit.Request, parts []grantPart) error {
	live, err := s.adapters.Grants.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("looking for what %s asked for before: %w", r.By.ID, err)
	}
	for _, g := range live {
		if g.Request.By.ID != r.By.ID || strings.HasPrefix(g.Request.Key, key+"/") || isEnding(g, r.At) || g.State == jit.Closing {
			continue
		}
		for _, part := range parts {
			if coversAsk(g.Request, part, r) {
				return refuseAskedTwice(g)
			}
		}
	}
	return nil
}

// isEnding reports whether it was open until now, or ends soon and cannot be extended.
func isEnding(g jit.Grant, now time.Time) bool {
	left := g.Clock.Deadline.Sub(now)
	soon := g.Reminded || left <= max(lastPart, g.Clock.RemindBefore)
	return g.State == jit.Open && (left <= 0 || soon && g.MostExtension(g.ExtendTerms) == 0)
}

// tellBeside has the cards of the same person's other grants for the VMs of one that is
// being opened say so: its own card does. A card that does not is no reason to open
// nothing.
func (s *Service) tellBeside(ctx context.Context, g jit.Grant) {
	if g.State != jit.Opening {
		return
	}
	others, err := s.Others(ctx, g)
	for _, o := range others {
		if o.Request.By.ID != g.Request.By.ID {
			continue
		}
		now := s.checks.Clock.Now()
		_, one := s.adapters.Grants.Update(ctx, o.ID, func(o jit.Grant) (jit.Grant, []jit.Event, error) { return o.Beside(g, now) })
		err = errors.Join(err, one)
	}
	if err != nil {
		s.adapters.Log.WarnContext(ctx, "the cards beside a grant do not say so", slog.String("grant", string(g.ID)), slog.Any("error", err))
	}
}

// coversAsk reports whether the request is for all the same VMs, ports and sources.
func coversAsk(have jit.Request, part grantPart, r jit.Request) bool {
	for _, t := range part.targets {
		if !slices.ContainsFunc(have.Targets, func(u jit.Target) bool { return resource.Same(t.VM, u.VM) }) {
			return false
		}
	}
	for _, p := range part.ports {
		if !slices.ContainsFunc(have.Ports, func(q jit.Ports) bool { return q.Contains(p) }) {
			return false
		}
	}
	for _, s := range r.Sources {
		if !slices.Contains(have.Sources, s) {
			return false
		}
	}
	return true
}

// refuseAskedTwice names the grant that holds.
func refuseAskedTwice(g jit.Grant) error {
	switch most := g.MostExtension(g.ExtendTerms); {
	case most > 0:
		return jit.Refuse(jit.ErrStale, "You have that already: %s is open until %s. For more time, at most %s, write %s.",
			g.ID, g.Clock.Deadline, most, "/jit extend "+string(g.ID)+" "+text.Duration(min(most, g.Request.Duration)))
	case g.State == jit.Open:
		return jit.Refuse(jit.ErrStale, "You have that already: %s is open until %s. For more time, ask again in its last %s.",
			g.ID, g.Clock.Deadline, max(lastPart, g.Clock.RemindBefore))
	case g.State == jit.Opening:
		return jit.Refuse(jit.ErrStale, "You asked for that already: %s is approved and being opened.", g.ID)
	default:
		return jit.Refuse(jit.ErrStale,
			"You asked for that already: %s waits for approval. To ask for something else, withdraw it with /jit cancel %s.", g.ID, g.ID)
	}
}
