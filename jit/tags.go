package jit

import (
	"net/netip"
	"slices"
	"strings"
)

// held is who a word of a rule means: surely, perhaps, and why perhaps.
type held struct {
	sure, maybe Addresses
	doubts      []string
}

func (h held) join(o held) held {
	return held{h.sure.Union(o.sure), h.maybe.Union(o.maybe), slices.Concat(h.doubts, o.doubts)}
}

// view is the surroundings prepared for many questions.
type view struct {
	around         Surroundings
	tables         []Table
	protocols      []Protocol // those asked about; rules' protocols are places in it
	network        Addresses  // the virtual network and what is tied to it
	inside, public held       // the tags VirtualNetwork and Internet
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
	v.inside = insideOf(around, v.network)
	v.public = held{sure: AllAddresses().Subtract(privateSpace()).Subtract(v.network).Subtract(probes())}
	return v
}

// probes are the addresses of the host that load balancers probe from: the tag
// AzureLoadBalancer.
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
func probes() Addresses {
	return AddressesIn([]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{168, 63, 129, 16}), 32),
		netip.MustParsePrefix("fe80::1234:5678:9abc/128"),
	})
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

func insideOf(around Surroundings, network Addresses) held {
	h := held{sure: network.Union(probes())}
	for _, p := range around.Routed {
		if p.IsValid() && p.Bits() > 0 {
			h.sure = h.sure.Union(AddressesOf(p))
			continue
		}
		h.maybe = h.maybe.Union(FamilyOf(p.Addr()))
		h.doubts = append(h.doubts, "whether the tag VirtualNetwork holds the default route of the subnet is not known")
	}
	if around.Learned {
		h.maybe = h.maybe.Union(privateSpace())
		h.doubts = append(h.doubts, "which networks lie behind the gateway is not known altogether, and the tag VirtualNetwork holds them")
	}
	if len(around.VirtualNetwork) == 0 {
		h.maybe = AllAddresses()
		h.doubts = append(h.doubts, "the address space of the virtual network, which the tag VirtualNetwork stands for, was not read")
	}
	slices.Sort(h.doubts)
	h.doubts = slices.Compact(h.doubts)
	return h
}

// word is who a source of a rule means.
func (v view) word(word string) held {
	switch strings.ToLower(word) {
	case "*", "any":
		return held{sure: AllAddresses()}
	case "internet":
		return v.public
	case "virtualnetwork":
		return v.inside
	case "azureloadbalancer":
		return held{sure: probes()}
	}
	if a, ok := ParseAddresses(word); ok {
		return held{sure: a}
	}
	return held{maybe: AllAddresses(), doubts: []string{"which addresses the service tag " + word + " holds is not known"}}
}

// members are the addresses of an application security group.
func (v view) members(group string) held {
	if v.around.Interfaces == nil {
		return held{
			maybe:  v.network.Union(privateSpace()), // a member's address is one of its virtual network
			doubts: []string{"who is in the application security group " + lastName(group) + " is not known"},
		}
	}
	var h held
	for _, nic := range v.around.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() && inGroup(a, group) {
				h.sure = h.sure.Union(Addresses{{a.Addr, a.Addr}})
			}
		}
	}
	return h
}

func inGroup(a Address, group string) bool {
	return slices.ContainsFunc(a.Groups, func(g string) bool { return SameID(g, group) })
}

func (v view) sources(r Rule) held {
	var h held
	for _, w := range r.Sources {
		h = h.join(v.word(w))
	}
	for _, g := range r.SourceGroups {
		h = h.join(v.members(g))
	}
	return h
}

// aims tells whether the rule concerns the VM's address: surely, or perhaps
// and why.
func (v view) aims(r Rule, to Address) (sure bool, doubts []string) {
	if slices.ContainsFunc(r.Groups, func(g string) bool { return inGroup(to, g) }) {
		return true, nil
	}
	for _, w := range r.Destinations {
		switch strings.ToLower(w) {
		case "*", "any", "virtualnetwork":
			return true, nil // the VM's own address is in its virtual network
		case "internet", "azureloadbalancer":
			continue
		}
		h := v.word(w)
		if h.sure.Contains(to.Addr) {
			return true, nil
		}
		doubts = append(doubts, h.doubts...)
	}
	return false, doubts
}

// numbers reads ports. A word that cannot be read may be any.
func numbers(words []string) (sure, maybe Set[Port], doubts []string) {
	for _, w := range words {
		from, to, ok := readSpan(w)
		if !ok {
			maybe = AllPorts()
			doubts = append(doubts, "the ports "+w+" cannot be read")
			continue
		}
		if from <= to {
			sure = sure.Union(Set[Port]{{Port(from), Port(to)}})
		}
	}
	return sure, maybe, doubts
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
	from := v.sources(r)
	ports, mayPorts, portDoubts := numbers(r.Ports)
	sourcePorts, maySourcePorts, sourcePortDoubts := AllPorts(), Set[Port](nil), []string(nil)
	if len(r.SourcePorts) > 0 {
		sourcePorts, maySourcePorts, sourcePortDoubts = numbers(r.SourcePorts)
	}
	var protocols Set[Index]
	for i, p := range v.protocols {
		if name := Protocol(strings.ToLower(string(r.Protocol))); name == "all" || name == "any" || name.Covers(p) {
			protocols = protocols.Union(Set[Index]{{Index(i), Index(i)}})
		}
	}
	m := match{
		sure:   Packets{from.sure, sourcePorts, ports, protocols},
		maybe:  Packets{from.sure.Union(from.maybe), sourcePorts.Union(maySourcePorts), ports.Union(mayPorts), protocols},
		doubts: slices.Concat(doubts, from.doubts, portDoubts, sourcePortDoubts),
	}
	if !aimed {
		m.sure = Packets{}
	}
	return m
}

func lastName(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
