package azuresim

import (
	"fmt"
	"slices"
	"time"
)

// Terraform is somebody's configuration of one network security group with
// inline rules, which are authoritative: applying it removes every other rule
// (hashicorp/terraform-provider-azurerm pull 10326).
type Terraform struct {
	sim    *Sim
	wanted NSG
}

// Terraform takes the present rules of a group as the configuration; those
// that skip names are not part of it. A nil skip leaves none out.
func (s *Sim) Terraform(nsgID string, skip func(rule string) bool) (*Terraform, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	g := s.nsgs[key(nsgID)]
	if g == nil {
		return nil, fmt.Errorf("no %s in the simulated world", nsgID)
	}
	t := &Terraform{sim: s, wanted: NSG{ID: g.id, Location: g.location, Tags: g.tags, FlushConnection: g.flush}}
	for _, w := range g.sorted() {
		if skip == nil || !skip(w.Name) {
			t.wanted.Rules = append(t.wanted.Rules, w.Rule)
		}
	}
	return t, nil
}

// Apply replaces the whole group by the configuration, in effect at once, and
// tells the names of the rules that it removed.
func (t *Terraform) Apply() (removed []string, err error) {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	t.sim.settle(time.Now())
	if g := t.sim.nsgs[key(t.wanted.ID)]; g != nil {
		for _, r := range g.sorted() {
			if !slices.ContainsFunc(t.wanted.Rules, func(w Rule) bool { return key(w.Name) == key(r.Name) }) {
				removed = append(removed, r.Name)
			}
		}
	}
	return removed, t.sim.seedNSG(t.wanted)
}
