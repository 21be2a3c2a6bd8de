package jit

import (
	"net/netip"
	"slices"
	"strings"
)

// view is the surroundings prepared for many questions.
type view struct {
	around    Surroundings
	tables    []Table
	protocols []Protocol // those asked about; rules' protocols are places in it
	network   Addresses  // the virtual network and what is tied to it
	tags      Tags
}

func newView(tables []Table, around Surroundings, protocol Protocol) view {
	v := view{around: around, tables: tables}
	switch protocol = Protocol(strings.ToLower(string(protocol))); protocol {
	case AnyProtocol:
		v.protocols = []Protocol{TCP, UDP} // those that have ports
	case "":
		v.protocols = []Protocol{TCP}
	default:
		v.protocols = []Protocol{protocol}
	}
	v.network = AddressesIn(slices.Concat(around.VirtualNetwork, around.Peers, around.OnPremises))
	v.tags = Tags{
		Internet:       Members[netip.Addr]{Sure: publicAddresses(v.network)},
		VirtualNetwork: insideOf(around, v.network), Group: v.members, Ranges: true,
	}
	return v
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

func insideOf(around Surroundings, network Addresses) Members[netip.Addr] {
	h := Members[netip.Addr]{Sure: network.Union(probes())}
	for _, p := range around.Routed {
		if p.IsValid() && p.Bits() > 0 {
			h.Sure = h.Sure.Union(AddressesOf(p))
			continue
		}
		h.Maybe = h.Maybe.Union(FamilyOf(p.Addr()))
		h.Doubts = append(h.Doubts, "whether the tag VirtualNetwork holds the default route of the subnet is not known")
	}
	if around.Learned {
		h.Maybe = h.Maybe.Union(privateSpace())
		h.Doubts = append(h.Doubts, "which networks lie behind the gateway is not known altogether, and the tag VirtualNetwork holds them")
	}
	if len(around.VirtualNetwork) == 0 {
		h.Maybe = AllAddresses()
		h.Doubts = append(h.Doubts, "the address space of the virtual network, which the tag VirtualNetwork stands for, was not read")
	}
	slices.Sort(h.Doubts)
	h.Doubts = slices.Compact(h.Doubts)
	return h
}

// members are the addresses of an application security group.
func (v view) members(group string) Members[netip.Addr] {
	if v.around.Interfaces == nil {
		return Members[netip.Addr]{
			Maybe:  v.network.Union(privateSpace()), // a member's address is one of its virtual network
			Doubts: []string{"who is in the application security group " + lastName(group) + " is not known"},
		}
	}
	var h Members[netip.Addr]
	for _, nic := range v.around.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() && inGroup(a, group) {
				h.Sure = h.Sure.Union(Addresses{{a.Addr, a.Addr}})
			}
		}
	}
	return h
}

func inGroup(a Address, group string) bool {
	return slices.ContainsFunc(a.Groups, func(g string) bool { return SameID(g, group) })
}

// aims tells whether the rule concerns the VM's address: surely, or perhaps
// and why.
func (v view) aims(r Rule, to Address) (sure bool, doubts []string) {
	targets := v.tags.Targets(r, func(group string) Members[netip.Addr] {
		if inGroup(to, group) {
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

// match is what a rule decides: the packets that it surely and those that it
// perhaps means.
type match struct {
	sure, maybe Packets // maybe holds sure too
	doubts      []string
}

func (v view) match(r Rule, to Address) match {
	aimed, doubts := v.aims(r, to)
	if !aimed && len(doubts) == 0 {
		return match{}
	}
	from, ports, sourcePorts := union(v.tags.Sources(r)), union(portsOf(r.Ports)), union(sourcePortsOf(r))
	var protocols Set[Index]
	for i, p := range v.protocols {
		if protocolCovers(r.Protocol, p) {
			protocols = protocols.Union(Set[Index]{{Index(i), Index(i)}})
		}
	}
	m := match{
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
