package azuresim

import (
	"slices"
	"time"
)

// Asked is a rule collection in its place among all that a firewall asks.
type Asked struct {
	RuleCollection
	// Policy is the id of the policy, and Group the name of its rule collection
	// group, that the collection is in; both are empty for classic rules.
	Policy, Group string
	GroupPriority int
	// Generation is 0 for the firewall's own rules or policy, 1 for the policy
	// that this one inherits from, and so on.
	Generation int
}

// Asked gives the collections of a firewall in the order in which it asks them:
// NAT, network and application rules; of each kind what a policy inherits
// before its own; and then by priority
// (https://learn.microsoft.com/azure/firewall/policy-rule-sets). They are those
// that stand in the documents, or those that filter now; the two differ while a
// change is under way.
func (s *Sim) Asked(firewallID string, now bool) []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	d := s.edge.firewalls[key(firewallID)]
	if d == nil {
		return nil
	}
	m := d.meaning(now, s.clock)
	if m == nil {
		return nil
	}
	return s.asked(m, now)
}

// Firewall gives one firewall as it is written, without its tags and those
// properties that mean nothing here.
func (s *Sim) Firewall(id string) (Firewall, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	d := s.edge.firewalls[key(id)]
	if d == nil {
		return Firewall{}, false
	}
	m := d.written
	f := Firewall{
		ID: d.id, Location: m.location, Subnet: m.subnet, PrivateAddress: m.private, PrivateAddress6: m.private6, Policy: m.policy,
		Collections: m.collections,
	}
	for _, c := range m.configs {
		f.PublicIPs = append(f.PublicIPs, c.publicIP)
	}
	return f, true
}

func (s *Sim) asked(m *firewallMeaning, now bool) []Asked {
	var places []Asked // of each group and generation, in order
	var groups []*groupMeaning
	for i, policy := range slices.Backward(s.chain(m.policy)) {
		for _, g := range s.groupsAsked(policy.id, now) {
			places = append(places, Asked{Policy: policy.id, Group: g.name, GroupPriority: g.priority, Generation: i})
			groups = append(groups, g)
		}
	}
	var all []Asked
	for _, kind := range []string{NAT, Network, Application} {
		for _, c := range m.of(kind) {
			all = append(all, Asked{RuleCollection: c})
		}
		for i, at := range places {
			for _, at.RuleCollection = range ofKind(groups[i].collections, kind) {
				all = append(all, at)
			}
		}
	}
	return all
}

// groupsAsked are the groups of a policy itself that are written, or that filter
// now, by priority.
func (s *Sim) groupsAsked(policy string, now bool) []*groupMeaning {
	var all []*groupMeaning
	for _, k := range sortedKeys(s.edge.ruleGroups) {
		if m := s.edge.ruleGroups[k].meaning(now, s.clock); m != nil && key(m.policy) == key(policy) {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b *groupMeaning) int { return a.priority - b.priority })
	return all
}

// meaning is what the document says, or with now what filters at the time; nil:
// nothing.
func (d *document[V]) meaning(now bool, at time.Time) *V {
	switch {
	case now:
		return d.inForce(at)
	case d.gone:
		return nil
	default:
		return &d.written
	}
}
