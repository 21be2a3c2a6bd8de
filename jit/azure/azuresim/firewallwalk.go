package azuresim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Path says whether a packet from source gets to a port of any address of the
// VM by any way that the network gives it now, and what decides on each way.
// port is the machine's own, also where a NAT rule has another in front;
// protocol is Tcp, Udp or Icmp.
//
// Without a firewall in front this is Reachable. A firewall is in front when
// the route of the machine's subnet back to source goes by it, or when one of
// its NAT rules leads to the machine. Then a packet comes in by a NAT rule,
// and the groups see the firewall's subnet; by a network rule, and they see
// the client, or the firewall's subnet where it translates senders; or past
// the firewall, if no route leads back through it: from inside, or through a
// public address or a load balancer of the machine. How a client gets to the
// firewall is not looked at, nor is the VM's power.
func (s *Sim) Path(vmID string, source netip.Addr, port int, protocol string) (allowed bool, why []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	vm, found := s.vms[key(vmID)]
	if !found {
		return false, []string{"no such virtual machine"}
	}
	for _, id := range vm.NICs {
		nic := s.nics[key(id)]
		for _, ip := range nic.IPs {
			for _, to := range s.destinations(ip, source) {
				w := walk{sim: s, nic: nic, ip: ip, packet: packet{source: source.Unmap(), destination: to, port: port, protocol: protocol}}
				yes := w.any()
				for _, reason := range w.why {
					why = append(why, fmt.Sprintf("%s %s: %s", nameOf(nic.ID), to, reason))
				}
				allowed = allowed || yes
			}
		}
	}
	if why == nil {
		why = []string{"no address of that family"}
	}
	return allowed, why
}

// walk tries the ways to one address.
type walk struct {
	sim    *Sim
	nic    NIC
	ip     IPConfig
	packet packet
	why    []string
}

func (w *walk) any() bool {
	hops, route, lost := w.sim.routeBack(w.ip.Subnet, w.packet.source)
	allowed, doors := w.translated()
	switch {
	case lost != "":
		w.say(false, lost)
	case len(hops) > 0:
		for _, firewall := range hops {
			allowed = w.forwarded(firewall, route) || allowed
		}
	case doors && !w.pastFirewall():
		w.say(false, "no way past the firewall: from outside, and no public address or load balancer")
	default:
		yes, reason := w.sim.passes(w.nic, w.ip, w.packet)
		w.say(yes, reason)
		return yes || allowed
	}
	return allowed
}

func (w *walk) say(allowed bool, reason string) {
	word := "denied"
	if allowed {
		word = "allowed"
	}
	w.why = append(w.why, word+" by "+reason)
}

// translated tries the NAT rules of every firewall. doors says that there is
// one for the address, whether or not it lets this source in.
func (w *walk) translated() (allowed, doors bool) {
	for _, k := range sortedKeys(w.sim.edge.firewalls) {
		d := w.sim.edge.firewalls[k]
		m := d.inForce(w.sim.clock)
		if m == nil || len(m.configs) == 0 { // a deallocated one has no address
			continue
		}
		f := w.sim.filters(m)
		doors = doors || f.leadsTo(w.packet.destination)
		for _, door := range f.doors(w.packet) {
			reason := nameOf(d.id) + " " + door
			if w.sim.tunnelled(m.subnet) {
				w.say(false, reason+", whose answers its own subnet routes elsewhere")
				continue
			}
			// A NAT rule implies the network rule, unless one denies it.
			if c, r, met := first(f.network, w.packet); met && strings.EqualFold(c.Action, "Deny") {
				w.say(false, fmt.Sprintf("%s, network %s/%s deny", reason, c.Name, r.Name))
				continue
			}
			yes, filtered := w.fromFirewall(m)
			w.say(yes, reason+", "+filtered)
			allowed = allowed || yes
		}
	}
	return allowed, doors
}

// tunnelled says that the subnet of a firewall has a default route of its own which
// does not lead to the internet: then no NAT rule works
// (https://learn.microsoft.com/azure/firewall/forced-tunneling).
func (s *Sim) tunnelled(subnetID string) bool {
	_, subnet, _ := s.subnet(subnetID)
	return slices.ContainsFunc(s.edge.routeTables[key(subnet.RouteTable)].Routes, func(r Route) bool {
		return r.Prefix == "0.0.0.0/0" && !strings.EqualFold(r.NextHopType, "Internet")
	})
}

// leadsTo says whether any NAT rule leads to an address.
func (f filterSet) leadsTo(to netip.Addr) bool {
	return slices.ContainsFunc(f.nat, func(c RuleCollection) bool {
		return slices.ContainsFunc(c.Rules, func(r FirewallRule) bool { return r.TranslatedAddress == to.String() })
	})
}

// forwarded tries the network rules of the firewall on the route.
func (w *walk) forwarded(d *document[firewallMeaning], route string) bool {
	m := d.inForce(w.sim.clock)
	if m == nil {
		w.say(false, route+", a firewall that does nothing yet")
		return false
	}
	f := w.sim.filters(m)
	yes, reason := f.forwards(w.packet)
	reason = route + ", " + nameOf(d.id) + " " + reason
	if !yes {
		w.say(false, reason)
		return false
	}
	var filtered string
	if f.translatesSender(w.packet.destination) {
		yes, filtered = w.fromFirewall(m)
	} else {
		yes, filtered = w.sim.passes(w.nic, w.ip, w.packet)
	}
	w.say(yes, reason+", "+filtered)
	return yes
}

// fromFirewall asks the groups about a packet that an instance of the
// firewall sends. Which instance it is nobody knows, so all of the subnet
// must be allowed: its first, a middle and its last address stand for it.
func (w *walk) fromFirewall(m *firewallMeaning) (bool, string) {
	_, subnet, found := w.sim.subnet(m.subnet)
	if !found || len(subnet.Prefixes) == 0 {
		return false, "the firewall has no subnet"
	}
	reason := "the firewall's subnet has no prefix of the family"
	allowed := false
	for _, text := range subnet.Prefixes {
		prefix, ok := addressRange(text)
		if !ok || prefix.Addr().Is4() != w.packet.destination.Is4() {
			continue
		}
		low := prefix.Addr()
		for range 4 { // Azure keeps these
			low = low.Next()
		}
		for _, from := range []netip.Addr{low, low.Next(), lastOf(prefix).Prev()} {
			p := w.packet
			p.source = from
			allowed, reason = w.sim.passes(w.nic, w.ip, p)
			reason = fmt.Sprintf("seen as %s: %s", from, reason)
			if !allowed {
				return false, reason
			}
		}
	}
	return allowed, reason
}

// pastFirewall says whether the packet can come without the firewall: from
// inside, or because the machine has a public way of its own.
func (w *walk) pastFirewall() bool {
	vnet, _, _ := w.sim.subnet(w.ip.Subnet)
	p := w.packet
	p.inside = w.sim.insideOf(vnet)
	if p.tag("VirtualNetwork") || w.ip.PublicIP != "" {
		return true
	}
	x, config := w.sim.indexed(), key(w.nic.ID+"/ipConfigurations/"+w.ip.Name)
	return len(x.pools[config])+len(x.natRules[config]) > 0 || w.sim.pooled(vnet, w.packet.destination)
}

// routeBack follows the routes of a subnet to an address: through a firewall,
// or, with several next hops, through one of some, into the void (lost says
// why), or, with neither, straight. The longest prefix wins, and of equal ones
// the route that people made.
func (s *Sim) routeBack(subnetID string, to netip.Addr) (firewalls []*document[firewallMeaning], route, lost string) {
	vnet, subnet, _ := s.subnet(subnetID)
	best, length := Route{}, -1
	for _, r := range s.edge.routeTables[key(subnet.RouteTable)].Routes {
		if prefix, ok := addressRange(r.Prefix); ok && prefix.Contains(to) && prefix.Bits() > length {
			best, length = r, prefix.Bits()
		}
	}
	for _, prefix := range s.insideOf(vnet) {
		if prefix.Contains(to) && prefix.Bits() > length {
			return nil, "", ""
		}
	}
	route = "route " + best.Name
	switch {
	case length < 0:
		return nil, "", ""
	case strings.EqualFold(best.NextHopType, "None"):
		return nil, "", route + ", which drops"
	case len(best.hops()) == 0:
		return nil, "", ""
	}
	for _, k := range sortedKeys(s.edge.firewalls) {
		d := s.edge.firewalls[k]
		if d.written.private != "" && (slices.Contains(best.hops(), d.written.private) || slices.Contains(best.hops(), d.written.private6)) {
			firewalls = append(firewalls, d)
		}
	}
	if firewalls == nil {
		lost = route + ", to an appliance that is not known: " + strings.Join(best.hops(), ", ")
	}
	return firewalls, route, lost
}

// hops are the appliances that a route leads to.
func (r Route) hops() []string {
	switch strings.ToLower(r.NextHopType) {
	case "virtualappliance":
		return []string{r.NextHop}
	case "virtualapplianceecmp":
		return r.NextHops
	}
	return nil
}
