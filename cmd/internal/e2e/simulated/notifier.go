package simulated

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
	"jitbot/jit/outbox"
)

// Notifier believes nothing: each claim of open and closed is
// checked against the simulator when it is made.
type Notifier struct {
	w *World

	// Claimed, when not nil, is given each notice that is delivered and the grant as
	// it is told, in place of the checks of this package. Set it before Start.
	Claimed func(jit.Notice, jit.Grant)

	mu       sync.Mutex
	down     bool
	said     []string
	cards    int
	standing map[jit.ID]*standing
	late     time.Duration
}

// Notify implements outbox.Notifier.
func (n *Notifier) Notify(_ context.Context, m outbox.Message) (outbox.Sent, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return outbox.Sent{}, fmt.Errorf("slack is down: %w", jit.ErrBusy)
	}
	for i, e := range m.Events {
		switch m.Kind {
		case outbox.KindChannel:
			n.claim(e, jit.ToChannel, jit.Grant{})
		case outbox.KindHolder:
			n.claim(e, jit.ToRequester, m.Grants[i])
		case outbox.KindPerson:
			n.claim(e, jit.ToPerson(jit.UserID(m.Channel)), m.Grants[0])
		case outbox.KindCard, outbox.KindDirect, outbox.KindThread:
			to := map[outbox.Kind]jit.Audience{outbox.KindCard: jit.ToCard, outbox.KindDirect: jit.ToRequester, outbox.KindThread: jit.ToThread}
			n.claim(e, to[m.Kind], m.Grants[0])
		default:
		}
	}
	if m.Kind == outbox.KindCard || m.Kind == outbox.KindEnded {
		for _, g := range m.Grants {
			n.keep(g)
		}
	}
	if m.Kind == outbox.KindEnded {
		for _, g := range m.Grants {
			n.claim(jit.Event{Kind: jit.EventKind(g.State), Grant: g.ID}, jit.ToThread, g)
		}
	}
	if m.Kind == outbox.KindCard && m.Grants[0].Card == (jit.Card{}) {
		n.cards++
		return outbox.Sent{At: jit.Card{Channel: "C0CARDS", Message: fmt.Sprint(n.cards)}}, nil
	}
	return outbox.Sent{}, nil
}

// claim checks what is said of an event.
func (n *Notifier) claim(e jit.Event, to jit.Audience, g jit.Grant) {
	n.said = append(n.said, fmt.Sprintf("%s %s to %s", e.Grant, e.Kind, to))
	if n.Claimed != nil {
		n.Claimed(jit.Notice{Event: e, To: to}, g)
		return
	}
	n.check(jit.Notice{Event: e, To: to}, g)
}

func (n *Notifier) check(notice jit.Notice, g jit.Grant) {
	if notice.To == jit.ToChannel {
		n.checkProtected(notice)
		return
	}
	if g.State == jit.Open && notice.Event.Kind == jit.EventOpened && time.Now().Before(g.Clock.Deadline) {
		if why := n.w.shut(g); why != "" {
			n.w.T.Errorf("%s was called open, yet %s", g.ID, why)
		}
	}
	if g.State != jit.Closed {
		return
	}
	for _, nsg := range n.w.Azure.NSGs() {
		for _, r := range n.w.Azure.Rules(nsg) {
			if strings.Contains(r.Name, string(g.ID)) {
				n.w.T.Errorf("%s was called closed, yet %s is there", g.ID, r.Name)
			}
		}
	}
}

// checkProtected checks that what is called protected is shut to a stranger, or that
// the rule which lets them in is named.
func (n *Notifier) checkProtected(notice jit.Notice) {
	// What waited for more of its kind, and through a restart, is told of its time.
	if notice.Event.Kind != jit.EventProtected || time.Since(notice.Event.At) > 2*time.Minute {
		return
	}
	for _, vm := range notice.Event.VMs {
		open, why := n.w.Azure.Reachable(vm, netip.MustParseAddr("203.0.113.250"), int(notice.Event.Ports[0].From), "Tcp")
		if open && !namesAllows(notice.Event.Text, why) {
			n.w.T.Errorf("%s was called protected, yet it is open to everybody: %s", vm, why)
		}
	}
}

// namesAllows reports whether the text names each rule that decided.
func namesAllows(text, why string) bool {
	rules := regexp.MustCompile(` allow ([^ ,;]+)`).FindAllStringSubmatch(why, -1)
	return len(rules) > 0 && !slices.ContainsFunc(rules, func(m []string) bool { return !strings.Contains(text, m[1]+" (priority ") })
}

// Has reports whether something was said that holds these words.
func (n *Notifier) Has(what string) bool { return n.Count(what) > 0 }

// Count is how often something was said that holds these words.
func (n *Notifier) Count(what string) int {
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

// Said is all that was said.
func (n *Notifier) Said() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.said)
}

// SetDown has Slack take nothing until it is called with false.
func (n *Notifier) SetDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}
