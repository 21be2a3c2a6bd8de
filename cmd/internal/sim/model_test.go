package sim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// packet arrives at a machine's address, with the application security
// groups of both ends.
type packet struct {
	vm, address        string
	from, to           netip.Addr
	port               int
	protocol           string
	fromGroups, groups []string
}

// verdict is the first rule that meets a packet.
type verdict struct {
	priority int
	allow    bool
	rule     string
}

// model says who should reach what: what the foreign rules of the twin say,
// but for the protections and the open grants of the store. It is made anew
// for each look.
type model struct {
	*walk
	foreign, present map[string][]azuresim.Rule       // by NSG: the twin's, and ours as they stand
	grants           []jit.Grant                      // open
	protectionOf     map[string]protection.Protection // by machine
	missing          map[string]bool                  // rules of ours that should be there, and are not
}

func (k *walk) model() *model {
	m := &model{walk: k, foreign: map[string][]azuresim.Rule{}, present: map[string][]azuresim.Rule{}, protectionOf: map[string]protection.Protection{}, missing: map[string]bool{}}
	for _, nsg := range k.Azure.NSGs() {
		m.foreign[nsg] = k.twin.Rules(nsg)
		for _, r := range k.Azure.Rules(nsg) {
			if _, ours := k.ours(r); ours {
				m.present[nsg] = append(m.present[nsg], r)
			}
		}
	}
	for _, g := range k.unfinished() {
		if g.State == jit.Open {
			m.grants = append(m.grants, g)
		}
	}
	for _, p := range k.protections() {
		m.protectionOf[p.VM] = p
	}
	return m
}

// reaches decides a packet to any address of the machine: as the foreign rules
// say, and as it should be.
func (m *model) reaches(vm azuresim.VM, from netip.Addr, port int, protocol string) (foreign, wanted bool) {
	for _, id := range vm.NICs {
		nic, _ := m.twin.NIC(id)
		for _, ip := range nic.IPs {
			to := netip.MustParseAddr(ip.Address)
			if to.Is4() != from.Is4() {
				continue
			}
			c := packet{vm.ID, ip.Address, from, to, port, protocol, m.groupsOf(from), ip.ASGs}
			f, w := m.passes(m.guards(nic, ip), c)
			foreign, wanted = foreign || f, wanted || w
		}
	}
	return foreign, wanted
}

// passes asks the groups at both levels; both must allow. Without any, what is
// inside passes.
func (m *model) passes(guards []string, c packet) (foreign, wanted bool) {
	if len(guards) == 0 {
		return c.within("VirtualNetwork", c.from), c.within("VirtualNetwork", c.from)
	}
	foreign, wanted = true, true
	for _, nsg := range guards {
		f := first(m.foreign[nsg], c)
		w := f
		for _, ours := range []verdict{m.granted(nsg, c), m.protectedBy(nsg, c)} {
			if ours.rule != "" && ours.priority < w.priority {
				w = ours
			}
		}
		foreign, wanted = foreign && f.allow, wanted && w.allow
	}
	return foreign, wanted
}

// granted finds the rule by which an open grant lets the packet in.
func (m *model) granted(nsg string, c packet) verdict {
	for _, g := range m.grants {
		if !c.heldBy(g) {
			continue
		}
		for _, r := range m.present[nsg] {
			if n, _ := m.ours(r); n.Grant == g.ID && r.Access == "Allow" && c.meets(r) {
				return verdict{r.Priority, true, r.Name}
			}
		}
		m.missing[fmt.Sprintf("%s allow of %s", nsg, g.ID)] = true
	}
	return verdict{}
}

// protectedBy finds the rule that keeps the packet out of a protected machine.
func (m *model) protectedBy(nsg string, c packet) verdict {
	p := m.protectionOf[c.vm]
	if !c.keptOutBy(p) {
		return verdict{}
	}
	for _, r := range m.present[nsg] {
		if n, _ := m.ours(r); n.Grant == "" && r.Access == "Deny" && c.meets(r) {
			return verdict{r.Priority, false, r.Name}
		}
	}
	m.missing[fmt.Sprintf("%s deny of %s", nsg, p.Name)] = true
	return verdict{}
}

// heldBy reports whether the grant is for the packet.
func (c packet) heldBy(g jit.Grant) bool {
	return slices.ContainsFunc(g.VMs(), func(vm string) bool { return resource.Same(vm, c.vm) }) &&
		slices.ContainsFunc(g.Request.Sources, func(p netip.Prefix) bool { return p.Contains(c.from) }) &&
		slices.ContainsFunc(g.Request.Ports, c.isFor)
}

// keptOutBy reports whether the protection is against the packet.
func (c packet) keptOutBy(p protection.Protection) bool {
	return p.VM == c.vm && p.State != protection.Unprotecting && c.within(p.Source, c.from) &&
		slices.ContainsFunc(p.Ports, func(pp jit.PortPolicy) bool { return int(pp.Ports.From) <= c.port && c.port <= int(pp.Ports.To) })
}

func (c packet) isFor(p jit.Ports) bool {
	return int(p.From) <= c.port && c.port <= int(p.To) && (p.Protocol == jit.AnyProtocol || strings.EqualFold(string(p.Protocol), c.protocol))
}

// first is the rule that decides, by priority; Azure's default rules come last.
func first(rules []azuresim.Rule, c packet) verdict {
	out := verdict{65500, false, "DenyAllInBound"}
	if c.within("VirtualNetwork", c.from) || c.from.String() == "168.63.129.16" {
		out = verdict{65000, true, "AllowVnetInBound"}
	}
	for _, r := range rules {
		if r.Direction == "Inbound" && r.Priority < out.priority && c.meets(r) {
			out = verdict{r.Priority, r.Access == "Allow", r.Name}
		}
	}
	return out
}

func (c packet) meets(r azuresim.Rule) bool {
	return (r.Protocol == "*" || strings.EqualFold(r.Protocol, c.protocol)) &&
		slices.ContainsFunc(words(r.DestinationPortRange, r.DestinationPortRanges), c.inPorts) &&
		c.at(c.from, words(r.SourceAddressPrefix, r.SourceAddressPrefixes), r.SourceASGs, c.fromGroups) &&
		c.at(c.to, words(r.DestinationAddressPrefix, r.DestinationAddressPrefixes), r.DestinationASGs, c.groups)
}

func words(one string, many []string) []string { return append(slices.Clone(many), one) }

// at reports whether a side of a rule means an end of the packet.
func (c packet) at(a netip.Addr, words, groups, member []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return c.within(w, a) }) || share(groups, member)
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (c packet) inPorts(word string) bool {
	low, high, ranged := strings.Cut(word, "-")
	if !ranged {
		high = low
	}
	a, errA := strconv.Atoi(low)
	b, errB := strconv.Atoi(high)
	return word == "*" || errA == nil && errB == nil && a <= c.port && c.port <= b
}

// within says who is meant by a word of a rule, in a drawn network. Of
// the service tags nobody is in any other.
func (c packet) within(word string, a netip.Addr) bool {
	inside := netip.MustParsePrefix("10.10.0.0/16").Contains(a) || netip.MustParsePrefix("10.60.0.0/16").Contains(a) || netip.MustParsePrefix("fd00:10:10::/48").Contains(a)
	switch word {
	case "*":
		return true
	case "VirtualNetwork":
		return inside
	case "Internet":
		return !inside && !a.IsPrivate()
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		return p.Contains(a)
	}
	only, err := netip.ParseAddr(word)
	return err == nil && only == a
}

// guards are the groups before an address: the subnet's, then the interface's.
func (k *walk) guards(nic azuresim.NIC, ip azuresim.IPConfig) []string {
	var out []string
	for _, s := range k.network.subnets {
		if strings.HasSuffix(ip.Subnet, "/"+s.Name) && s.NSG != "" {
			out = append(out, s.NSG)
		}
	}
	if nic.NSG != "" {
		out = append(out, nic.NSG)
	}
	return out
}

// groupsOf are the application security groups of whoever has the address.
func (k *walk) groupsOf(a netip.Addr) []string {
	var out []string
	for _, nic := range k.network.nics {
		now, _ := k.twin.NIC(nic.ID)
		for _, ip := range now.IPs {
			if ip.Address == a.String() {
				out = append(out, ip.ASGs...)
			}
		}
	}
	return out
}
