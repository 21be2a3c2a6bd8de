package azuresim

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// SetHost makes a host name resolve to an address for firewalls, where a NAT
// rule leads by name (FirewallRule.TranslatedFqdn). An empty address: to
// nothing, as at first; such a rule leads nowhere then.
func (s *Sim) SetHost(name, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[key(name)] = address
}

// resolved is a NAT collection with addresses in place of host names.
func (s *Sim) resolved(c RuleCollection) RuleCollection {
	c.Rules = slices.Clone(c.Rules)
	for i, r := range c.Rules {
		if r.TranslatedFqdn != "" {
			c.Rules[i].TranslatedAddress = s.hosts[key(r.TranslatedFqdn)]
		}
	}
	return c
}

// DeallocateFirewall stops a firewall, at once, as "az network firewall
// update" without addresses does: ipConfigurations is empty, its rules stay
// written, and it neither forwards nor translates. PutFirewall starts it
// again.
func (s *Sim) DeallocateFirewall(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	d := s.edge.firewalls[key(id)]
	if d == nil {
		return fmt.Errorf("no %s in the simulated world", id)
	}
	m := d.written
	m.configs, m.private, m.private6, m.subnet = nil, "", "", ""
	properties := maps.Clone(d.properties)
	properties["ipConfigurations"] = encode([]object{})
	d.set(d.root, properties, m)
	d.enforce()
	d.etag, d.state, s.index = s.newGUID(), succeeded, nil
	return nil
}
