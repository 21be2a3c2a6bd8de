package reach

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// evaluator is the surroundings prepared for many questions.
type evaluator struct {
	topology  Topology
	tables    []rules.Table
	protocols []jit.Protocol  // those asked about; rules' protocols are places in it
	network   ipset.Addresses // the virtual network and what is tied to it
	tags      rules.Tags
}

func newEvaluator(tables []rules.Table, topology Topology, protocol jit.Protocol) evaluator {
	an := evaluator{topology: topology, tables: tables}
	switch protocol = jit.Protocol(strings.ToLower(string(protocol))); protocol {
	case jit.AnyProtocol:
		an.protocols = []jit.Protocol{jit.TCP, jit.UDP} // those that have ports
	case "":
		an.protocols = []jit.Protocol{jit.TCP}
	default:
		an.protocols = []jit.Protocol{protocol}
	}
	an.network = ipset.AddressesIn(slices.Concat(topology.VirtualNetwork, topology.Peers, topology.OnPremises))
	an.tags = rules.Tags{
		Internet:       rules.Members[netip.Addr]{Sure: rules.PublicAddresses(an.network)},
		VirtualNetwork: virtualNetworkTag(topology, an.network), Group: an.groupMembers, Ranges: true,
	}
	return an
}

// virtualNetworkTag is what the tag VirtualNetwork holds.
func virtualNetworkTag(topology Topology, network ipset.Addresses) rules.Members[netip.Addr] {
	h := rules.Members[netip.Addr]{Sure: network.Union(rules.LoadBalancerProbes())}
	for _, p := range topology.Routed {
		if p.IsValid() && p.Bits() > 0 {
			h.Sure = h.Sure.Union(ipset.AddressesOf(p))
			continue
		}
		h.Maybe = h.Maybe.Union(ipset.FamilyOf(p.Addr()))
		h.Doubts = append(h.Doubts, "whether the tag VirtualNetwork holds the default route of the subnet is not known")
	}
	if topology.Learned {
		h.Maybe = h.Maybe.Union(ipset.PrivateSpace())
		h.Doubts = append(h.Doubts, "which networks lie behind the gateway is not known altogether, and the tag VirtualNetwork holds them")
	}
	if len(topology.VirtualNetwork) == 0 {
		h.Maybe = ipset.AllAddresses()
		h.Doubts = append(h.Doubts, "the address space of the virtual network, which the tag VirtualNetwork stands for, was not read")
	}
	slices.Sort(h.Doubts)
	h.Doubts = slices.Compact(h.Doubts)
	return h
}

// groupMembers are the addresses of an application security group.
func (an evaluator) groupMembers(group string) rules.Members[netip.Addr] {
	if an.topology.Interfaces == nil {
		return rules.Members[netip.Addr]{
			Maybe:  an.network.Union(ipset.PrivateSpace()), // a member's address is one of its virtual network
			Doubts: []string{"who is in the application security group " + resource.Name(group) + " is not known"},
		}
	}
	var h rules.Members[netip.Addr]
	for _, nic := range an.topology.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() && isMember(a, group) {
				h.Sure = h.Sure.Union(ipset.One(a.Addr))
			}
		}
	}
	return h
}

func isMember(a jit.Address, group string) bool {
	return slices.ContainsFunc(a.Groups, func(g string) bool { return resource.Same(g, group) })
}

// targets tells whether the rule concerns the VM's address: surely, or perhaps
// and why.
func (an evaluator) targets(r rules.Rule, to jit.Address) (sure bool, doubts []string) {
	targets := an.tags.Targets(r, func(group string) rules.Members[netip.Addr] {
		if isMember(to, group) {
			return rules.Members[netip.Addr]{Sure: ipset.One(to.Addr)}
		}
		return rules.Members[netip.Addr]{}
	})
	address := ipset.One(to.Addr)
	if rules.AnyContains(targets, address) {
		return true, nil
	}
	return false, rules.Union(targets).Doubts
}

// matched is what a rule decides: the packets that it surely and those that it
// perhaps means.
type matched struct {
	sure, maybe ipset.Packets // maybe holds sure too
	doubts      []string
}

// packetsOf are the packets to the address that the rule means.
func (an evaluator) packetsOf(r rules.Rule, to jit.Address) matched {
	aimed, doubts := an.targets(r, to)
	if !aimed && len(doubts) == 0 {
		return matched{}
	}
	from, ports, sourcePorts := rules.Union(an.tags.Sources(r)), rules.Union(rules.PortsOf(r.Ports)), rules.Union(rules.SourcePortsOf(r))
	var protocols ipset.Set[ipset.Index]
	for i, p := range an.protocols {
		if rules.ProtocolCovers(r.Protocol, p) {
			protocols = protocols.Union(ipset.One(ipset.Index(i)))
		}
	}
	m := matched{
		sure:   ipset.Packets{Sources: from.Sure, SourcePorts: sourcePorts.Sure, Ports: ports.Sure, Protocols: protocols},
		maybe:  ipset.Packets{Sources: from.Any(), SourcePorts: sourcePorts.Any(), Ports: ports.Any(), Protocols: protocols},
		doubts: slices.Concat(doubts, from.Doubts, ports.Doubts, sourcePorts.Doubts),
	}
	if !aimed {
		m.sure = ipset.Packets{}
	}
	return m
}
