package azuresim

import (
	"fmt"
	"net/netip"
	"strings"
)

// poolProperties are the properties of a backend pool. Its members stand in
// loadBalancerBackendAddresses when it is by address, or when an inbound NAT
// rule of the pool gives each of them a port.
func (v LoadBalancer) poolProperties(p BackendPool) object {
	var rules []InboundNATRule
	var ids []string
	for _, r := range v.NATRules {
		if r.Pool != "" && strings.EqualFold(r.Pool, p.Name) {
			rules, ids = append(rules, r), append(ids, v.ID+"/inboundNatRules/"+r.Name)
		}
	}
	properties := object{"backendIPConfigurations": references(p.IPConfigs)}
	members := []object{}
	member := func(name string, inner object) {
		if mapping := portMapping(rules, len(members)); len(mapping) > 0 {
			inner["inboundNatRulesPortMapping"] = mapping
		}
		members = append(members, object{"name": name, "properties": inner})
	}
	for i, a := range p.Addresses {
		member(fmt.Sprintf("%s-%d", p.Name, i+1), object{"ipAddress": a, "virtualNetwork": object{"id": p.VNet}})
	}
	if len(rules) > 0 {
		for _, id := range p.IPConfigs {
			name := part(id, "resourceGroups") + "_" + part(id, "networkInterfaces") + nameOf(id)
			member(name, object{"networkInterfaceIPConfiguration": object{"id": id}})
		}
		properties["inboundNatRules"] = references(ids)
	}
	properties["loadBalancerBackendAddresses"] = members
	return properties
}

// portMapping are the ports that the rules of a pool give to its member of
// that number.
func portMapping(rules []InboundNATRule, member int) []object {
	var all []object
	for _, r := range rules {
		if port := r.FrontendStart + member; port <= r.FrontendEnd {
			all = append(all, object{"inboundNatRuleName": r.Name, "frontendPort": port, "backendPort": r.BackendPort})
		}
	}
	return all
}

// pooled says whether an address of a network is in a pool by address.
func (s *Sim) pooled(vnet VNet, to netip.Addr) bool {
	for _, lb := range s.edge.balancers {
		for _, p := range lb.Pools {
			for _, text := range p.Addresses {
				if a, err := netip.ParseAddr(text); err == nil && a == to && key(p.VNet) == key(vnet.ID) {
					return true
				}
			}
		}
	}
	return false
}
