package azuresim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Lag is a replica of Resource Manager that is behind: for some answers a
// resource is absent although it exists, or is as it was. Writes, and what
// filters packets, are not concerned. Unlike a Fault it does not take another
// one's place, and several may concern one request.
type Lag struct {
	// ID is the resource. A reading of what lies below it, such as a rule of a
	// group, counts as one of it.
	ID string
	// Lists is from how many answers of lists it is absent, of those that would
	// have held it; Reads is how many GETs answer 404. Negative: all, until
	// Remove.
	Lists, Reads int
	// Older answers with the network security group and its rules as they are
	// when the Lag is added, instead of leaving it out. A group that does not
	// exist then is left out.
	Older bool
	// Begins is when it begins to answer; zero: at once.
	Begins time.Time
}

// ActiveLag is a Lag that was added.
type ActiveLag struct {
	sim *Sim
	// The following are protected by the Sim's lock.
	lag          Lag
	old          *guard
	lists, reads int
}

// AddLag makes a Lag active. Of two on one resource the first is used up
// first.
func (s *Sim) AddLag(l Lag) *ActiveLag {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	a := &ActiveLag{sim: s, lag: l}
	if g := s.nsgs[key(l.ID)]; g != nil && l.Older {
		a.old = g.clone()
	}
	s.lags = append(s.lags, a)
	return a
}

// Remove ends the Lag.
func (a *ActiveLag) Remove() {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	a.sim.lags = slices.DeleteFunc(a.sim.lags, func(o *ActiveLag) bool { return o == a })
}

// Hits is how many lists and readings it has answered.
func (a *ActiveLag) Hits() (lists, reads int) {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	return a.lists, a.reads
}

// ClearLags ends every Lag.
func (s *Sim) ClearLags() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lags = nil
}

// lagInList uses up a Lag for the element of that key of a list.
func (s *Sim) lagInList(k string) *ActiveLag {
	for _, a := range s.lags {
		if a.lag.Lists != 0 && key(a.lag.ID) == k && !time.Now().Before(a.lag.Begins) {
			a.lag.Lists = max(a.lag.Lists-1, -1)
			a.lists++
			return a
		}
	}
	return nil
}

// inList is the element of a list, nil: it is absent.
func (a *ActiveLag) inList(s *Sim) object {
	if a.old == nil {
		return nil
	}
	return s.nsgBody(a.old)
}

// lagging answers a reading by a replica that is behind, or, when it has an
// older group, puts that into the call.
func (s *Sim) lagging(c *call) (reply, bool) {
	if c.request.Method != http.MethodGet || len(c.path.names) == 0 {
		return reply{}, false
	}
	k := key(c.path.id)
	for _, a := range s.lags {
		if id := key(a.lag.ID); a.lag.Reads == 0 || time.Now().Before(a.lag.Begins) || k != id && !strings.HasPrefix(k, id+"/") {
			continue
		}
		a.lag.Reads = max(a.lag.Reads-1, -1)
		a.reads++
		if a.old != nil {
			c.older = a.old
			return reply{}, false
		}
		return absent(a.lag.ID), true
	}
	return reply{}, false
}

// absent is the 404 of a resource: the gateway's face, or of a child the
// provider's.
func absent(id string) reply {
	p := parseARM(strings.FieldsFunc(id, func(c rune) bool { return c == '/' }))
	if len(p.names) != 1 {
		return missingChild(id).reply()
	}
	_, kind, _ := cutLast(id, "/providers/")
	kind = strings.TrimSuffix(strings.TrimRight(kind, "/"), "/"+p.names[0])
	return missingResource(p, kind).reply()
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[:at], text[at+len(separator):], true
	}
	return text, "", false
}

// clone is a copy that later writes do not change.
func (g *guard) clone() *guard {
	c := *g
	c.rules = map[string]*written{}
	for k, w := range g.rules {
		rule := *w
		c.rules[k] = &rule
	}
	c.applied, c.effects = maps.Clone(g.applied), slices.Clone(g.effects)
	return &c
}
