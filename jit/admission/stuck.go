package admission

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Stuck is a closing that takes too long or was forbidden, or a grant of which that
// cannot be told.
type Stuck struct {
	Grant jit.ID    // empty where it cannot be read which
	Since time.Time // zero where it cannot be read
	Fault string

	Guard, Rule string // of a rule that no live grant explains
}

// Stuck lists what is stuck of what is due by then. What cannot be read counts as
// stuck, beside what can.
func (c Checker) Stuck(ctx context.Context, due time.Time) []Stuck {
	ids, err := c.Adapters.Grants.Due(ctx, due)
	var out []Stuck
	if err != nil {
		out = append(out, Stuck{Fault: "what is due cannot be read: " + err.Error()})
	}
	for _, id := range ids {
		g, err := c.Adapters.Grants.Grant(ctx, id)
		if err != nil {
			out = append(out, Stuck{Grant: id, Fault: "its record cannot be read: " + err.Error()})
		} else if g.Stuck {
			out = append(out, Stuck{Grant: id, Since: g.Clock.Closing, Fault: faultOf(g)})
		}
	}
	return out
}

// faultOf is what went wrong with the grant last.
func faultOf(g jit.Grant) string {
	fault := ""
	for _, p := range g.Paths {
		fault = cmp.Or(p.Fault, fault)
	}
	return fault
}

// StuckRule is a rule of ours that no live grant explains, and that should be gone
// and cannot be removed.
type StuckRule struct {
	Guard string // resource id in lower case
	Rule  string
	Grant jit.ID
	Since time.Time
	Fault string
}

// Orphans are the orphans whose removal failed, by guard. The zero Orphans
// has none. Safe for concurrent use.
type Orphans struct {
	mu    sync.Mutex
	rules map[string][]StuckRule
}

// Replace keeps which orphans could not be removed from a guard, and gives those that
// were not stuck before.
func (s *Orphans) Replace(guard string, found []StuckRule) []StuckRule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []StuckRule
	for i, f := range found {
		same := func(o StuckRule) bool { return o.Rule == f.Rule }
		if old := slices.IndexFunc(s.rules[guard], same); old >= 0 {
			found[i].Since = s.rules[guard][old].Since
		} else {
			fresh = append(fresh, f)
		}
	}
	if s.rules == nil {
		s.rules = map[string][]StuckRule{}
	}
	if s.rules[guard] = found; len(found) == 0 {
		delete(s.rules, guard)
	}
	return fresh
}

// At is one that is stuck in one of the guards.
func (s *Orphans) At(guards []string) (StuckRule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, guard := range guards {
		if found := s.rules[guard]; len(found) > 0 {
			return found[0], true
		}
	}
	return StuckRule{}, false
}

// List are those of all guards, for health and metrics.
func (s *Orphans) List() []Stuck {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Stuck
	for _, guard := range slices.Sorted(maps.Keys(s.rules)) {
		for _, f := range s.rules[guard] {
			fault := "the rule " + f.Rule + " in " + resource.GuardName(guard) + ", which no grant explains: " + f.Fault
			out = append(out, Stuck{Grant: f.Grant, Since: f.Since, Fault: fault, Guard: guard, Rule: f.Rule})
		}
	}
	return out
}

// Among are those of all guards beside others that are stuck, a grant once.
func (s *Orphans) Among(found []Stuck) []Stuck {
	for _, one := range s.List() {
		i := slices.IndexFunc(found, func(o Stuck) bool { return o.Grant != "" && o.Grant == one.Grant })
		if i < 0 {
			found = append(found, one)
			continue
		}
		found[i].Since = cmp.Or(found[i].Since, one.Since)
		found[i].Fault += "; " + one.Fault
	}
	return found
}
