package azuresim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// azureHost is the virtual address of the Azure host, which counts both as
// VirtualNetwork and as AzureLoadBalancer.
const azureHost = "168.63.129.16"

// packet is one attempt to reach an address.
type packet struct {
	source, destination netip.Addr
	port                int
	protocol            string
	// inside are the prefixes that count as VirtualNetwork.
	inside []netip.Prefix
	// sourceASGs and destinationASGs are the groups of both ends, by key.
	sourceASGs, destinationASGs []string
	// skip names rules that do not count; nil: all count.
	skip func(rule string) bool
}

// Reachable says whether the network security groups that are in effect now
// let a packet from source to any address of the VM, also one of a block, and
// which rules decide.
// protocol is Tcp, Udp or Icmp. Routing, public addresses, firewalls and the
// VM's power are not looked at; of the service tags only VirtualNetwork,
// Internet and AzureLoadBalancer mean anything.
func (s *Sim) Reachable(vmID string, source netip.Addr, port int, protocol string) (allowed bool, why string) {
	return s.ReachableWithout(nil, vmID, source, port, protocol)
}

// ReachableWithout is Reachable as it would be without the rules that skip
// names. A nil skip leaves none out.
func (s *Sim) ReachableWithout(
	skip func(rule string) bool, vmID string, source netip.Addr, port int, protocol string,
) (allowed bool, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	vm, found := s.vms[key(vmID)]
	if !found {
		return false, "no such virtual machine"
	}
	var reasons []string
	for _, id := range vm.NICs {
		nic := s.nics[key(id)]
		for _, ip := range nic.IPs {
			for _, to := range s.destinations(ip, source) {
				yes, reason := s.passes(nic, ip, packet{source: source.Unmap(), destination: to, port: port, protocol: protocol, skip: skip})
				reason = fmt.Sprintf("%s %s: %s", nameOf(nic.ID), to, reason)
				if yes {
					return true, reason
				}
				reasons = append(reasons, reason)
			}
		}
	}
	if reasons == nil {
		return false, "no address of that family"
	}
	return false, strings.Join(reasons, "; ")
}

// passes asks the subnet's group, then the interface's; both must allow.
func (s *Sim) passes(nic NIC, ip IPConfig, p packet) (bool, string) {
	vnetID, subnetName, _ := strings.Cut(key(ip.Subnet), "/subnets/")
	vnet := s.vnets[vnetID]
	p.inside = s.insideOf(vnet)
	p.sourceASGs, p.destinationASGs = s.groupsOfAddress(p.source), keys(ip.ASGs)
	var reasons []string
	if allowed, decided, rule := s.decideByAdmin(vnetID, p); rule != "" {
		access := map[bool]string{true: "allow", false: "deny"}[allowed || !decided]
		if reasons = append(reasons, "admin "+access+" "+rule); decided {
			return allowed, reasons[0]
		}
	}
	levels := []struct{ name, nsg string }{{"nic", nic.NSG}}
	for _, subnet := range vnet.Subnets {
		if strings.EqualFold(subnet.Name, subnetName) && subnet.NSG != "" {
			levels = slices.Insert(levels, 0, struct{ name, nsg string }{"subnet", subnet.NSG})
		}
	}
	grouped := false
	for _, level := range levels {
		g := s.nsgs[key(level.nsg)]
		if g == nil {
			continue
		}
		grouped = true
		r := g.decide(p)
		reasons = append(reasons, fmt.Sprintf("%s %s %s %s", level.name, nameOf(g.id), strings.ToLower(r.Access), r.Name))
		if r.Access != "Allow" {
			return false, strings.Join(reasons, ", ")
		}
	}
	if !grouped {
		// Without any group what is inside passes; a standard public address
		// stays closed.
		return p.tag("VirtualNetwork"), "no network security group"
	}
	return true, strings.Join(reasons, ", ")
}

// decide is the first inbound rule in effect that matches, by priority.
func (g *guard) decide(p packet) Rule {
	all := defaultRules()
	for _, r := range g.applied {
		if p.skip == nil || !p.skip(r.Name) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Rule) int { return a.Priority - b.Priority })
	for _, r := range all {
		if r.Direction == "Inbound" && p.matches(r) {
			return r
		}
	}
	return Rule{Name: "DenyAllInBound", Access: "Deny"}
}

func (p packet) matches(r Rule) bool {
	return (r.Protocol == "*" || strings.EqualFold(r.Protocol, p.protocol)) &&
		hasPort(r.DestinationPortRange, r.DestinationPortRanges, p.port) &&
		p.side(p.source, r.SourceAddressPrefix, r.SourceAddressPrefixes, r.SourceASGs, p.sourceASGs) &&
		p.side(p.destination, r.DestinationAddressPrefix, r.DestinationAddressPrefixes, r.DestinationASGs, p.destinationASGs)
}

func hasPort(one string, many []string, port int) bool {
	return slices.ContainsFunc(append([]string{one}, many...), func(text string) bool {
		low, high, ok := portRange(text)
		return text == "*" || ok && low <= port && port <= high
	})
}

// side matches one end of a packet with one side of a rule.
func (p packet) side(a netip.Addr, one string, many, asgs, member []string) bool {
	if slices.ContainsFunc(asgs, func(id string) bool { return slices.Contains(member, key(id)) }) {
		return true
	}
	return slices.ContainsFunc(append([]string{one}, many...), func(text string) bool {
		if text == "*" {
			return true
		}
		if prefix, ok := addressRange(text); ok {
			return prefix.Contains(a)
		}
		return text != "" && p.tagged(a, text)
	})
}

// tag says whether the source belongs to a service tag.
func (p packet) tag(name string) bool { return p.tagged(p.source, name) }

func (p packet) tagged(a netip.Addr, tag string) bool {
	host := a.String() == azureHost
	inside := host || slices.ContainsFunc(p.inside, func(n netip.Prefix) bool { return n.Contains(a) })
	switch strings.ToLower(tag) {
	case "virtualnetwork":
		return inside
	case "internet":
		return !inside && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
	case "azureloadbalancer":
		return host
	}
	return false
}

// insideOf gives the prefixes of a network, its peers and what lies behind
// its gateway.
func (s *Sim) insideOf(v VNet) []netip.Prefix {
	texts := slices.Concat(v.Prefixes, s.beyond(v))
	if v.GatewayOf != "" {
		texts = append(texts, s.beyond(s.vnets[key(v.GatewayOf)])...)
	}
	for _, peer := range v.Peers {
		texts = append(texts, s.vnets[key(peer)].Prefixes...)
	}
	var all []netip.Prefix
	for _, text := range texts {
		if p, ok := addressRange(text); ok {
			all = append(all, p)
		}
	}
	return all
}

// groupsOfAddress are the application security groups of whoever has a
// private address.
func (s *Sim) groupsOfAddress(a netip.Addr) []string {
	var all []string
	for _, nic := range s.nics {
		for _, ip := range nic.IPs {
			if ip.holds(a) {
				all = append(all, keys(ip.ASGs)...)
			}
		}
	}
	return all
}

func keys(ids []string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, key(id))
	}
	return all
}
