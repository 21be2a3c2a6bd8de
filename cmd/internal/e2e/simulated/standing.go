package simulated

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// How long a claim may stand untrue, and how often it is looked at.
const (
	// Soon is how long after a change of ours.
	Soon = 10 * time.Second
	// Noticed is how long after what others did in Azure: it is seen within a
	// minute, and told Soon after.
	Noticed = time.Minute + Soon + 5*time.Second

	looking = 5 * time.Second
)

// standing is what people were told last of a grant, and since when it is untrue.
type standing struct {
	grant jit.Grant
	since time.Time // zero: it is true
	most  time.Duration
}

// MayBeLate lets claims stand untrue for that much longer than is promised, where
// Azure or the store keep from the bot what it would tell.
func (n *Notifier) MayBeLate(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = d
}

// keep has a claim stand until the next one of the grant.
func (n *Notifier) keep(g jit.Grant) {
	if n.standing == nil {
		n.standing = map[jit.ID]*standing{}
	}
	if s := n.standing[g.ID]; s != nil && s.grant.State == g.State {
		s.grant = g
		return
	}
	n.standing[g.ID] = &standing{grant: g}
}

// watch holds what was told to Azure for as long as it stands, while the service
// runs and Slack takes messages.
func (n *Notifier) watch(ctx context.Context) {
	tick := time.NewTicker(looking)
	defer tick.Stop()
	n.trust()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.look(ctx)
		}
	}
}

// trust has every claim be looked at as if it were new.
func (n *Notifier) trust() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.standing {
		s.since = time.Time{}
	}
}

func (n *Notifier) look(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down || n.Claimed != nil {
		return
	}
	for id, s := range n.standing {
		why, most := n.untrue(ctx, s.grant)
		switch {
		case why == "":
			s.since = time.Time{}
		case s.since.IsZero() || most < s.most: // what others did is noticed first, and then told soon
			s.since, s.most = time.Now(), most
		case time.Since(s.since) > s.most+n.late:
			n.w.T.Errorf("%s is called %s since more than %s, though %s", id, s.grant.State, s.most+n.late, why)
			delete(n.standing, id)
		}
	}
}

// untrue says why what is told of a grant is not so, and how long that may be.
func (n *Notifier) untrue(ctx context.Context, g jit.Grant) (why string, most time.Duration) {
	switch g.State {
	case jit.Closed:
		if left := n.w.Held(g.ID); len(left) > 0 {
			return strings.Join(left, ", ") + " is there", Noticed
		}
		if strings.Contains(n.w.Firewalls(), string(g.ID)) {
			return "a firewall has a rule of it", Noticed
		}
	case jit.Open:
		if now, err := n.w.Store.Grant(ctx, g.ID); err == nil && now.State != jit.Open {
			return fmt.Sprintf("it is %s", now.State), Soon
		} else if now.Move.Underway() != g.Move.Underway() {
			return "whether it is being moved is told otherwise", Soon
		} else if now.Move.Underway() {
			return "", 0 // from where it is open is not claimed
		}
		hindered := slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return p.Hindrance != "" })
		if why := n.w.shut(g); why != "" && !hindered {
			return why, Noticed
		}
	default:
	}
	return "", 0
}

// shut says which port of a grant cannot be reached; empty: each can.
func (w *World) shut(g jit.Grant) string {
	for _, t := range g.Request.Targets {
		for _, source := range g.Request.Sources {
			for _, p := range g.Request.Ports {
				protocol := "Tcp"
				if p.Protocol == jit.UDP {
					protocol = "Udp"
				}
				if open, why := w.Azure.Path(t.VM, source.Addr(), int(p.From), protocol); !open {
					return fmt.Sprintf("%s cannot reach port %s of %s: %s", source, p, t.Name, why)
				}
			}
		}
	}
	return ""
}
