package app_test

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

// people is the workspace.
type people struct{ w *world }

func (p people) Member(_ context.Context, id jit.UserID) (jit.Member, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	m, ok := p.w.members[id]
	if !ok {
		return m, jit.ErrNotFound
	}
	return m, nil
}

func (p people) Group(_ context.Context, id string) ([]jit.UserID, error) {
	users, ok := p.w.groups[id]
	if !ok {
		return nil, jit.ErrNotFound
	}
	return users, nil
}

// teller is a notifier that believes nothing: each claim of open and closed is
// checked against the simulator when it is made.
type teller struct {
	w *world

	mu    sync.Mutex
	down  bool
	said  []string
	cards int
}

func (n *teller) Notify(_ context.Context, notice jit.Notice, g jit.Grant) (jit.Card, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return jit.Card{}, fmt.Errorf("slack is down: %w", jit.ErrBusy)
	}
	n.said = append(n.said, fmt.Sprintf("%s %s to %s", notice.Event.Grant, notice.Event.Kind, notice.To))
	n.check(notice, g)
	if notice.To == jit.ToCard && g.Card == (jit.Card{}) {
		n.cards++
		return jit.Card{Channel: "C0CARDS", Message: fmt.Sprint(n.cards)}, nil
	}
	return jit.Card{}, nil
}

func (n *teller) check(notice jit.Notice, g jit.Grant) {
	if notice.To == jit.ToChannel {
		n.checkLock(notice)
		return
	}
	if g.State == jit.Open && notice.Event.Kind == jit.EventOpened && time.Now().Before(g.Clock.Deadline) {
		n.checkOpen(g)
	}
	if g.State != jit.Closed {
		return
	}
	for _, nsg := range n.w.sim.NSGs() {
		for _, r := range n.w.sim.Rules(nsg) {
			if strings.Contains(r.Name, string(g.ID)) {
				n.w.t.Errorf("%s was called closed, yet %s is there", g.ID, r.Name)
			}
		}
	}
}

// checkOpen checks that what is called open lets each source to each port.
func (n *teller) checkOpen(g jit.Grant) {
	for _, t := range g.Request.Targets {
		for _, source := range g.Request.Sources {
			for _, p := range g.Request.Ports {
				protocol := "Tcp"
				if p.Protocol == jit.UDP {
					protocol = "Udp"
				}
				if open, why := n.w.sim.Path(t.VM, source.Addr(), int(p.From), protocol); !open {
					n.w.t.Errorf("%s was called open, yet %s cannot reach port %s of %s: %s", g.ID, source, p, t.Name, why)
				}
			}
		}
	}
}

// checkLock checks that what is called protected is shut to a stranger, or that
// the rule which lets them in is named.
func (n *teller) checkLock(notice jit.Notice) {
	if notice.Event.Kind != jit.EventProtected {
		return
	}
	for _, vm := range notice.Event.VMs {
		if open, why := n.w.sim.Reachable(vm, netip.MustParseAddr("203.0.113.250"), int(notice.Event.Ports[0].From), "Tcp"); open && !namesAllows(notice.Event.Text, why) {
			n.w.t.Errorf("%s was called protected, yet it is open to everybody: %s", vm, why)
		}
	}
}

// namesAllows reports whether the text names each rule that decided.
func namesAllows(text, why string) bool {
	rules := regexp.MustCompile(` allow ([^ ,;]+)`).FindAllStringSubmatch(why, -1)
	return len(rules) > 0 && !slices.ContainsFunc(rules, func(m []string) bool { return !strings.Contains(text, m[1]+" (priority ") })
}

func (n *teller) has(what string) bool { return n.count(what) > 0 }

func (n *teller) count(what string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := 0
	for _, s := range n.said {
		if strings.Contains(s, what) {
			c++
		}
	}
	return c
}

func (n *teller) setDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// meter keeps what was measured.
type meter struct {
	mu     sync.Mutex
	opened []time.Duration
	closed []time.Duration
}

func (m *meter) Opened(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened = append(m.opened, d)
}

func (m *meter) Closed(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = append(m.closed, d)
}

func (m *meter) latest() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.closed) == 0 {
		return -1
	}
	return m.closed[len(m.closed)-1]
}
