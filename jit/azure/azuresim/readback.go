package azuresim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rules gives the rules written in a group, by name, without the default
// ones; nil when there is no such group. A rule being deleted is still there.
func (s *Sim) Rules(nsgID string) []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	g := s.nsgs[key(nsgID)]
	if g == nil {
		return nil
	}
	rules := []Rule{}
	for _, w := range g.sorted() {
		rules = append(rules, w.Rule)
	}
	return rules
}

// Rule gives one rule of a group as written.
func (s *Sim) Rule(nsgID, name string) (Rule, bool) {
	for _, r := range s.Rules(nsgID) {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return Rule{}, false
}

// DumpRules is a text of a group's rules, one line of JSON each, by name, for
// comparison byte by byte; those that skip names are left out. A nil skip
// leaves none out.
func (s *Sim) DumpRules(nsgID string, skip func(name string) bool) string {
	var b strings.Builder
	for _, r := range s.Rules(nsgID) {
		if skip == nil || !skip(r.Name) {
			b.WriteString(canonical(r) + "\n")
		}
	}
	return b.String()
}

// canonical is a rule as JSON, fields in a fixed order, empty ones left out.
func canonical(r Rule) string {
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// ETag is the present etag of a group, in the weak form; empty when there is
// no such group.
func (s *Sim) ETag(nsgID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	if g := s.nsgs[key(nsgID)]; g != nil {
		return g.weakTag()
	}
	return ""
}

// Busy says whether an operation on a group is running.
func (s *Sim) Busy(nsgID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	return s.busyWith(key(nsgID)) != nil
}

// NSGs gives the ids of all groups, sorted.
func (s *Sim) NSGs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	var all []string
	for _, k := range slices.Sorted(maps.Keys(s.nsgs)) {
		all = append(all, s.nsgs[k].id)
	}
	return all
}

// VMs gives all virtual machines, by id.
func (s *Sim) VMs() []VM {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	var all []VM
	for _, k := range slices.Sorted(maps.Keys(s.vms)) {
		all = append(all, s.vms[k])
	}
	return all
}

// NIC gives one network interface.
func (s *Sim) NIC(id string) (NIC, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	v, found := s.nics[key(id)]
	return v, found
}

// Users gives all users, by id.
func (s *Sim) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []User
	for _, k := range slices.Sorted(maps.Keys(s.users)) {
		all = append(all, s.users[k])
	}
	return all
}

// Permitted says whether a principal holds an action at a scope by the role
// and deny assignments of this world.
func (s *Sim) Permitted(principal, action, scope string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.denied(principal, action, scope) == nil && s.granted(principal, action, scope)
}
