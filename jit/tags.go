package jit

import (
	"net/netip"
	"slices"
	"strings"
)

// analysis is the surroundings prepared for many questions.
type analysis struct {
	topology  Topology
	tables    []Table
	protocols []Protocol // those asked about; rules' protocols are places in it
	network   Addresses  // the virtual network and what is tied to it
	tags      Tags
}

func newAnalysis(tables []Table, topology Topology, protocol Protocol) analysis {
	an := analysis{topology: topology, tables: tables}
	switch protocol = Protocol(strings.ToLower(string(protocol))); protocol {
	case AnyProtocol:
		an.protocols = []Protocol{TCP, UDP} // those that have ports
	case "":
		an.protocols = []Protocol{TCP}
	default:
		an.protocols = []Protocol{protocol}
	}
	an.network = AddressesIn(slices.Concat(topology.VirtualNetwork, topology.Peers, topology.OnPremises))
	an.tags = Tags{
		Internet:       Members[netip.Addr]{Sure: publicAddresses(an.network)},
		VirtualNetwork: virtualNetworkTag(topology, an.network), Group: an.members, Ranges: true,
	}
	return an
}

func privateSpace() Addresses {
	var out []netip.Prefix
	for _, s := range privatePrefixes() {
		out = append(out, netip.MustParsePrefix(s))
	}
	return AddressesIn(out)
}

// privatePrefixes are what the tag Internet leaves out: RFC 1918, RFC 6598 and
// RFC 4193.
func privatePrefixes() []string {
	return []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}
}

// virtualNetworkTag is what the tag VirtualNetwork holds.
func virtualNetworkTag(topology Topology, network Addresses) Members[netip.Addr] {
	h := Members[netip.Addr]{Sure: network.Union(loadBalancerProbes())}
	for _, p := range topology.Routed {
		if p.IsValid() && p.Bits() > 0 {
			h.Sure = h.Sure.Union(AddressesOf(p))
			continue
		}
		h.Maybe = h.Maybe.Union(FamilyOf(p.Addr()))
		h.Doubts = append(h.Doubts, "whether the tag VirtualNetwork holds the default route of the subnet is not known")
	}
	if topology.Learned {
		h.Maybe = h.Maybe.Union(privateSpace())
		h.Doubts = append(h.Doubts, "which networks lie behind the gateway is not known altogether, and the tag VirtualNetwork holds them")
	}
	if len(topology.VirtualNetwork) == 0 {
		h.Maybe = AllAddresses()
		h.Doubts = append(h.Doubts, "the address space of the virtual network, which the tag VirtualNetwork stands for, was not read")
	}
	slices.Sort(h.Doubts)
	h.Doubts = slices.Compact(h.Doubts)
	return h
}

// members are the addresses of an application security group.
func (an analysis) members(group string) Members[netip.Addr] {
	if an.topology.Interfaces == nil {
		return Members[netip.Addr]{
			Maybe:  an.network.Union(privateSpace()), // a member's address is one of its virtual network
			Doubts: []string{"who is in the application security group " + lastName(group) + " is not known"},
		}
	}
	var h Members[netip.Addr]
	for _, nic := range an.topology.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() && isMember(a, group) {
				h.Sure = h.Sure.Union(Addresses{{a.Addr, a.Addr}})
			}
		}
	}
	return h
}

func isMember(a Address, group string) bool {
	return slices.ContainsFunc(a.Groups, func(g string) bool { return SameID(g, group) })
}

// targets tells whether the rule concerns the VM's address: surely, or perhaps
// and why.
func (an analysis) targets(r Rule, to Address) (sure bool, doubts []string) {
	targets := an.tags.Targets(r, func(group string) Members[netip.Addr] {
		if isMember(to, group) {
			return Members[netip.Addr]{Sure: Addresses{{to.Addr, to.Addr}}}
		}
		return Members[netip.Addr]{}
	})
	address := Addresses{{to.Addr, to.Addr}}
	if anyContains(targets, address) {
		return true, nil
	}
	return false, union(targets).Doubts
}

// matched is what a rule decides: the packets that it surely and those that it
// perhaps means.
type matched struct {
	sure, maybe Packets // maybe holds sure too
	doubts      []string
}

// packetsOf are the packets to the address that the rule means.
func (an analysis) packetsOf(r Rule, to Address) matched {
	aimed, doubts := an.targets(r, to)
	if !aimed && len(doubts) == 0 {
		return matched{}
	}
	from, ports, sourcePorts := union(an.tags.Sources(r)), union(portsOf(r.Ports)), union(sourcePortsOf(r))
	var protocols Set[Index]
	for i, p := range an.protocols {
		if protocolCovers(r.Protocol, p) {
			protocols = protocols.Union(Set[Index]{{Index(i), Index(i)}})
		}
	}
	m := matched{
		sure:   Packets{from.Sure, sourcePorts.Sure, ports.Sure, protocols},
		maybe:  Packets{from.Any(), sourcePorts.Any(), ports.Any(), protocols},
		doubts: slices.Concat(doubts, from.Doubts, ports.Doubts, sourcePorts.Doubts),
	}
	if !aimed {
		m.sure = Packets{}
	}
	return m
}

func lastName(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
