package azuresim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ForeignWrite is somebody else's write of a whole network security group,
// which goes on for a time.
type ForeignWrite struct {
	// NSG is the id of the group.
	NSG string
	// Rules makes the rules that are written of the present ones. It must not
	// call the Sim.
	Rules func(present []Rule) []Rule
	// Takes is how long it goes on. The group shows the new rules and says
	// Updating meanwhile; the old ones filter.
	Takes time.Duration
	// Fails makes it end Failed: the old rules go on filtering, and the group
	// shows the new ones and says Failed. With Restores it shows the old ones
	// again.
	Fails, Restores bool
}

// BeginForeignWrite begins a write of a group by somebody else. It meets and
// is met by other writes as Settings.Writers says; the rules are validated as
// a request's are.
func (s *Sim) BeginForeignWrite(w ForeignWrite) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.settle(now)
	g := s.nsgs[key(w.NSG)]
	if g == nil {
		return fmt.Errorf("no %s in the simulated world", w.NSG)
	}
	c := foreignCall(g.id, now)
	if w.Fails {
		c.fault.OperationEnd = failed
	}
	if p := s.busy(c, key(g.id)); p != nil {
		return p
	}
	var present []Rule
	for _, r := range g.sorted() {
		present = append(present, r.Rule)
	}
	rules := w.Rules(present)
	if p := checkRules(g.id, rules); p != nil {
		return p
	}
	old := g.rules
	g.replace(rules, updating)
	op := s.beginFor(c, g, "", "PutNetworkSecurityGroupOperation", g.turn, w.Takes)
	if w.Fails && w.Restores {
		op.restores = old
	}
	s.settle(now)
	return nil
}

// foreignCall is a request that nobody sent.
func foreignCall(id string, now time.Time) *call {
	parts := strings.FieldsFunc(id, func(c rune) bool { return c == '/' })
	return &call{request: &http.Request{Method: http.MethodPut}, parts: parts, path: parseARM(parts), now: now}
}

// SetForeignWriter makes somebody change a network security group or a
// firewall right before each of the next so many writes of it that carry
// If-Match: they are answered 412, however fresh the etag. Negative: all, until
// it is set to 0. The change is in the etag alone. Writes of a group's rules
// are concerned with Settings.RuleIfMatch only.
func (s *Sim) SetForeignWriter(id string, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contended[key(id)] = writes
}

// meetForeignWriter changes the etag that a request is about to be compared
// with.
func (s *Sim) meetForeignWriter(c *call) {
	match := c.request.Header.Get("If-Match")
	if c.request.Method == http.MethodGet || match == "" || match == "*" {
		return
	}
	id, _, child := strings.Cut(key(c.path.id), "/securityrules/")
	if s.contended[id] == 0 || child && !s.settings.RuleIfMatch {
		return
	}
	s.contended[id] = max(s.contended[id]-1, -1)
	if g := s.nsgs[id]; g != nil {
		g.etag = s.newGUID()
	}
	if d := s.edge.firewalls[id]; d != nil {
		d.etag = s.newGUID()
	}
}
