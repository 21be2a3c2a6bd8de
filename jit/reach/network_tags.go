package reach

import (
	"net/netip"
	"slices"

	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// besideNetwork is what the tag VirtualNetwork holds, or may hold, beside the
// address spaces that were read.
func besideNetwork(topology Topology) rules.Members[netip.Addr] {
	var m rules.Members[netip.Addr]
	for _, p := range topology.Routed {
		if p.IsValid() && p.Bits() > 0 {
			m.Sure = m.Sure.Union(ipset.AddressesOf(p))
			continue
		}
		m.Maybe = m.Maybe.Union(ipset.FamilyOf(p.Addr()))
		m.Doubts = append(m.Doubts, "whether the tag VirtualNetwork holds the default route of the subnet is not known")
	}
	if topology.Learned {
		m.Maybe = m.Maybe.Union(ipset.PrivateSpace())
		m.Doubts = append(m.Doubts, "which networks lie behind the gateway is not known altogether, and the tag VirtualNetwork holds them")
	}
	if len(topology.VirtualNetwork) == 0 {
		m.Maybe = ipset.AllAddresses()
		m.Doubts = append(m.Doubts, "the address space of the virtual network, which the tag VirtualNetwork stands for, was not read")
	}
	slices.Sort(m.Doubts)
	m.Doubts = slices.Compact(m.Doubts)
	return m
}

// groupMembers are the addresses of an application security group.
func (ev evaluator) groupMembers(group string) rules.Members[netip.Addr] {
	if ev.topology.Interfaces == nil {
		return rules.Members[netip.Addr]{
			Maybe:  ev.network.Union(ipset.PrivateSpace()), // a member's address is one of its virtual network
			Doubts: []string{"who is in the application security group " + resource.Name(group) + " is not known"},
		}
	}
	var m rules.Members[netip.Addr]
	for _, nic := range ev.topology.Interfaces {
		for _, a := range nic.Addresses {
			switch {
			case !isMember(a, group):
			case a.Addr.IsValid():
				m.Sure = m.Sure.Union(ipset.One(a.Addr))
			default:
				m.Maybe = ev.network.Union(ipset.PrivateSpace())
				m.Doubts = []string{"an address of the interface " + resource.Name(nic.ID) + ", which is in the application security group " +
					resource.Name(group) + ", cannot be read"}
			}
		}
	}
	return m
}
