package azure

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

func (c *Client) listFirewalls(l *networkLists) func(context.Context, *subscription) error {
	return func(ctx context.Context, s *subscription) error {
		found, seen, err := c.firewalls(ctx, s.id)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.firewalls = append(l.firewalls, found...)
		if !seen {
			l.unread[s.id] = true
		}
		return err
	}
}

// readPolicies reads the policies of the firewalls. Of one that may not be read
// the firewalls are known, and nothing of what they let through; so of one in
// another subscription that cannot be read just now.
func (c *Client) readPolicies(ctx context.Context, l *networkLists) error {
	var ids []string
	users := map[string]string{} // subscriptions of the firewalls, by policy
	for _, f := range l.firewalls {
		if id := f.Properties.Policy.ID; id != "" {
			ids = append(ids, id)
			users[id] = resource.Subscription(f.ID)
		}
	}
	return eachID(ctx, ids, func(ctx context.Context, id string) error {
		chain, err := c.readPolicyChain(ctx, users[id], id)
		l.mu.Lock()
		defer l.mu.Unlock()
		foreign := resource.Subscription(id) != users[id] || errors.Is(err, rules.ErrElsewhere)
		switch {
		case c.notShown(ctx, err), err != nil && foreign && ctx.Err() == nil:
			l.unread[users[id]] = true
			return nil
		case err == nil:
			l.policies[strings.ToLower(id)] = chain
		}
		return err
	})
}

// firewallsBefore are the firewalls before an address that may keep packets from
// it, or are the way to it from outside.
func (l *networkLists) firewallsBefore(a jit.Address) []guardpath.FirewallHop {
	return slices.DeleteFunc(l.firewallsAround(a), func(g guardpath.FirewallHop) bool { return len(g.Routed) == 0 && !g.Translates })
}

// firewallsAround are those, and the firewalls with a DNAT rule to the address at one
// of their private addresses.
func (l *networkLists) firewallsAround(a jit.Address) []guardpath.FirewallHop {
	subnet := strings.ToLower(a.Subnet)
	network, _, _ := strings.Cut(subnet, "/subnets/")
	n := l.networks[network]
	if n == nil || len(l.firewalls) == 0 {
		return nil
	}
	near := append(peersOf(n), network)
	routed := route.PrefixesByNextHop(l.routesOf(n, subnet))
	var out []guardpath.FirewallHop
	for _, f := range l.firewalls {
		home, network, private := f.location()
		if !slices.Contains(near, network) {
			continue
		}
		g := guardpath.FirewallHop{Firewall: f.ID, Policy: f.Properties.Policy.ID}
		for _, own := range private {
			g.Routed = append(g.Routed, routed[own]...)
		}
		led := l.hasDNATTo(f, a.Addr)
		if g.Translates = led.outside; len(g.Routed) == 0 && !led.outside && !led.inside {
			continue
		}
		g.Tunnelled, g.MayTunnel = l.tunnelled(home)
		g.Subnets, g.Public = l.subnetPrefixes(home), l.publicIPsOf(f)
		g.Subnets = slices.DeleteFunc(g.Subnets, func(p netip.Prefix) bool { return p.Addr().Is4() != a.Addr.Is4() })
		chain := l.policies[strings.ToLower(g.Policy)]
		hides := translatesSource(f.privateRanges(chain), a.Addr)
		g.HidesSource, g.MayHide = hides && !chain.learnsRanges(), hides && chain.learnsRanges()
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b guardpath.FirewallHop) int {
		return strings.Compare(strings.ToLower(a.Firewall), strings.ToLower(b.Firewall))
	})
	return out
}

// dnatSides says at which addresses of a firewall DNAT rules lead to an address: at
// public ones, and at its private ones.
type dnatSides struct{ outside, inside bool }

// hasDNATTo says where DNAT rules that are not ours lead to the address.
// Hundreds of addresses are asked about, and a firewall has thousands of rules.
func (l *networkLists) hasDNATTo(f firewall, to netip.Addr) dnatSides {
	l.mu.Lock()
	defer l.mu.Unlock()
	led, known := l.dnatTargets[f.ID]
	if !known {
		led = map[netip.Addr]dnatSides{}
		for _, r := range l.rulesOf(f) {
			if _, ours := rules.ParseRuleName(strings.ToLower(r.Name)); !ours && r.To.IsValid() {
				at := led[r.To.Addr()]
				at.inside = at.inside || r.AtPrivateEnd()
				at.outside = at.outside || !r.AtPrivateEnd()
				led[r.To.Addr()] = at
			}
		}
		l.dnatTargets[f.ID] = led
	}
	return led[to]
}

// wasRead reports whether the policy was read; no policy is known.
func (l *networkLists) wasRead(policy string) bool {
	return policy == "" || len(l.policies[strings.ToLower(policy)]) > 0
}

// rulesOf are the rules of a firewall in the order in which they are asked.
func (l *networkLists) rulesOf(f firewall) []rules.Rule {
	if policy := f.Properties.Policy.ID; policy != "" {
		if !l.wasRead(policy) {
			return nil
		}
		return l.policies[strings.ToLower(policy)].table("").Rules
	}
	return f.table().Rules
}

// publicIPsOf are the public addresses of a firewall, in its own order.
func (l *networkLists) publicIPsOf(f firewall) []netip.Addr {
	var out []netip.Addr
	for _, a := range f.Properties.Addresses {
		public := l.publicIPs[strings.ToLower(a.Properties.Public.ID)]
		if addr, err := netip.ParseAddr(value(value(public.Properties).IPAddress)); err == nil && addr.Is4() {
			out = append(out, addr)
		}
	}
	return out
}

// isFirewall reports whether a firewall in the network or in a peer of it has
// the address, one whose rules were read.
func (p *topology) isFirewall(n *virtualNetwork, hop netip.Addr) bool {
	near := append(peersOf(n), strings.ToLower(n.ID))
	return slices.ContainsFunc(p.firewalls, func(f firewall) bool {
		_, network, private := f.location()
		return slices.Contains(private, hop) && slices.Contains(near, network) && p.wasRead(f.Properties.Policy.ID)
	})
}

// addFirewalls adds those before any address of the VM.
func (p *topology) addFirewalls(s *reach.Topology, vm jit.VM) {
	at := map[string]int{}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			for _, g := range p.firewallsAround(a) {
				if p.wasRead(g.Policy) { // else it is one of the appliances
					p.addFirewall(s, at, g, a.Addr)
				}
			}
		}
	}
}

// addFirewall adds a firewall before an address, whose place is kept in at.
func (p *topology) addFirewall(s *reach.Topology, at map[string]int, g guardpath.FirewallHop, to netip.Addr) {
	i, known := at[g.Firewall]
	if !known {
		i = len(s.Firewalls)
		at[g.Firewall] = i
		if _, read := p.firewallsByID[g.Firewall]; !read {
			p.firewallsByID[g.Firewall] = p.firewallOf(g)
		}
		s.Firewalls = append(s.Firewalls, p.firewallsByID[g.Firewall]) // hundreds of VMs share its rules
	}
	fw := &s.Firewalls[i]
	for _, r := range g.Routed {
		if !slices.Contains(fw.Routed, r) {
			fw.Routed = append(fw.Routed, r)
		}
	}
	if g.HidesSource {
		fw.Hides = append(fw.Hides, to)
	}
	if g.MayHide {
		fw.MayHide = append(fw.MayHide, to)
	}
}

// addHostRules adds the DNAT rules that lead to host names, of all firewalls in a
// network of the VM or in a peer of one.
func (p *topology) addHostRules(s *reach.Topology, vm jit.VM) {
	var near []string
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			network, _, _ := strings.Cut(strings.ToLower(a.Subnet), "/subnets/")
			if n := p.networks[network]; n != nil && !slices.Contains(near, network) {
				near = append(append(near, network), peersOf(n)...)
			}
		}
	}
	for _, f := range p.firewalls {
		if _, network, _ := f.location(); slices.Contains(near, network) {
			s.ToHosts = append(s.ToHosts, p.hostRulesOf(f)...)
		}
	}
}

// hostRulesOf are read once: hundreds of VMs share a firewall.
func (p *topology) hostRulesOf(f firewall) []reach.HostRule {
	if found, read := p.hostRules[f.ID]; read {
		return found
	}
	var out []reach.HostRule
	for _, r := range p.rulesOf(f) {
		if r.Host != "" {
			home, _, _ := f.location()
			out = append(out, reach.HostRule{Firewall: reach.Firewall{Name: f.Name, Subnets: p.subnetPrefixes(home)}, Rule: r})
		}
	}
	p.hostRules[f.ID] = out
	return out
}

func (p *topology) firewallOf(g guardpath.FirewallHop) reach.Firewall {
	var out reach.Firewall
	for _, f := range p.firewalls {
		if f.ID != g.Firewall {
			continue
		}
		home, _, _ := f.location()
		out.Name, out.Subnets = f.Name, p.subnetPrefixes(home)
		for _, r := range p.rulesOf(f) {
			if r.To.IsValid() {
				out.DNATRules = append(out.DNATRules, r)
			} else {
				out.NetworkRules = append(out.NetworkRules, r)
			}
		}
	}
	return out
}
