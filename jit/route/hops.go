package route

import (
	"fmt"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// hops are the next hops by which the packets of a source get to an address.
type hops struct {
	direct     bool                    // some come past every firewall
	routed     []guardpath.FirewallHop // some are routed through these, to the address itself
	translated []guardpath.FirewallHop // some are let in by DNAT rules of these
}

// hopsOf finds them. What comes from outside goes by DNAT where the answers are
// routed back through a firewall, or where nothing but a DNAT rule leads to the
// address; what comes from inside is routed.
func hopsOf(a jit.Address, source netip.Prefix) hops {
	var h hops
	left := ipset.AddressesOf(source)
	for _, hop := range a.FirewallHops {
		routed := ipset.AddressesIn(hop.Routed).Intersect(left)
		left = left.Subtract(routed)
		if len(routed.Subtract(ipset.PrivateSpace())) > 0 {
			h.translated = append(h.translated, hop)
		}
		if len(routed.Intersect(ipset.PrivateSpace())) > 0 {
			h.routed = append(h.routed, hop)
		}
	}
	if outside := left.Subtract(ipset.PrivateSpace()); len(outside) > 0 && a.Public == "" {
		for _, hop := range a.FirewallHops {
			if hop.Translates {
				h.translated = append(h.translated, hop)
				left = left.Subtract(outside)
			}
		}
	}
	h.direct = len(left) > 0
	return h
}

// maxTranslated is the highest port that a DNAT rule may name; those above are
// the firewall's own.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-firewall-limits
const maxTranslated = 63999

// passable refuses hops of the source by a firewall that cannot do it, or of which it
// is not known whom the groups behind it see.
func (f *finder) passable(h hops, source netip.Prefix, groups []string) error {
	for _, hop := range h.translated {
		if err := f.translatable(hop, source); err != nil {
			return err
		}
	}
	filtered := slices.ContainsFunc(groups, func(group string) bool { return group != "" })
	for _, hop := range h.routed {
		name := resource.Name(hop.Firewall)
		switch err := f.placed(hop); {
		case hop.HidesSource && err != nil:
			return err
		case !source.Addr().Is4() && hop.Policy == "":
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, whose rules are not in a policy, so they take no IPv6 address; "+
				"ask from an IPv4 address.", f.vm.Name, name)
		case hop.MayHide && filtered:
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which learns whose address it hides (snat.autoLearnPrivateRanges), "+
				"so whom its network security groups would see is not known; have its addresses named among the private ranges of the policy, "+
				"or that turned off.", f.vm.Name, name)
		}
	}
	return nil
}

// translatable refuses what a DNAT rule of the firewall cannot do.
func (f *finder) translatable(hop guardpath.FirewallHop, source netip.Prefix) error {
	name := resource.Name(hop.Firewall)
	if !source.Addr().Is4() {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which translates no IPv6 address (DNAT); "+
			"ask from an IPv4 address, or from an address inside.", f.vm.Name, name)
	}
	if len(hop.Public) == 0 {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which has no public address to come in by; "+
			"ask from an address inside.", f.vm.Name, name)
	}
	if hop.Tunnelled {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, whose own subnet routes the internet elsewhere (forced tunnelling), "+
			"so none of its DNAT rules can work; ask from an address inside.", f.vm.Name, name)
	}
	if err := f.placed(hop); err != nil {
		return err
	}
	for _, p := range f.ports {
		if p.From != p.To {
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which translates single ports only, and %s is a range; "+
				"ask for each port.", f.vm.Name, name, p)
		}
		if p.From == 0 || p.From > maxTranslated {
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which cannot translate to port %s; "+
				"it takes 1 to 63999.", f.vm.Name, name, p)
		}
	}
	return nil
}

// placed refuses a firewall whose subnet, which the VM sees as the source, could
// not be read.
func (f *finder) placed(hop guardpath.FirewallHop) error {
	if len(hop.Subnets) == 0 {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, whose subnet could not be read; "+
			"give jitbot the role that jitbot role prints.", f.vm.Name, resource.Name(hop.Firewall))
	}
	return nil
}

// Doubts says of which firewalls it is not known whether they can let a grant in by
// these paths, as sentences for whoever decides.
func Doubts(installation string, vm jit.VM, paths []guardpath.Path) []string {
	var out []string
	for _, p := range paths {
		for _, hop := range hopsBefore(vm, p) {
			note := fmt.Sprintf("%s: whether the DNAT rules of the firewall %s work is not known, since its subnet has, or may learn "+
				"from a gateway, a route that takes what is for the internet elsewhere (forced tunnelling).", vm.Name, resource.Name(hop.Firewall))
			if p.Kind == guardpath.ByDNAT && hop.MayTunnel && resource.Same(hop.Guard(installation), p.Guard) && !slices.Contains(out, note) {
				out = append(out, note)
			}
		}
	}
	return out
}

// hopsBefore are the firewalls before the addresses of a path.
func hopsBefore(vm jit.VM, p guardpath.Path) []guardpath.FirewallHop {
	var out []guardpath.FirewallHop
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if slices.Contains(p.Addresses, a.Addr) {
				out = append(out, a.FirewallHops...)
			}
		}
	}
	return out
}
