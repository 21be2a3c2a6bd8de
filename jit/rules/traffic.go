package rules

import (
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// traffic is what a rule is asked about: who comes to which ports of which
// addresses of VMs. Clients choose any source port.
type traffic struct {
	protocol         jit.Protocol
	ports            ipset.Set[ipset.Port]
	sources, targets ipset.Addresses
}

// trafficTo is what comes to the port of the address.
func trafficTo(to netip.Addr, port jit.Ports) traffic {
	return traffic{protocol: port.Protocol, ports: ipset.Span(ipset.Port(port.From), ipset.Port(port.To)), targets: ipset.One(to)}
}

// from is the part of the traffic that the source sends.
func (t traffic) from(source netip.Prefix) traffic {
	t.sources = ipset.AddressesOf(source)
	return t
}

// trafficOf is all that the rule may mean.
func trafficOf(r Rule) traffic {
	t := unknownTags()
	return traffic{r.Protocol, r.PortRanges().Union().Any(), t.Sources(r).Union().Any(), t.Targets(r, anyVM).Union().Any()}
}

// anyVM is who is in an application security group that is a destination, where
// nothing is known of it.
func anyVM(string) Members[netip.Addr] { return Members[netip.Addr]{Maybe: ipset.AllAddresses()} }

// mayMeet reports whether the rule may mean some of the traffic. What cannot be
// known, such as who is in a service tag, counts as met.
func (r Rule) mayMeet(t traffic) bool { return r.mayAim(t) && r.mayBeFrom(t) }

// mayAim is mayMeet whoever it is from.
func (r Rule) mayAim(t traffic) bool {
	return protocolsMeet(r.Protocol, t.protocol) && r.PortRanges().MayMeet(t.ports) &&
		unknownTags().Targets(r, anyVM).MayMeet(t.targets)
}

// mayBeFrom is mayMeet wherever it goes.
func (r Rule) mayBeFrom(t traffic) bool { return unknownTags().Sources(r).MayMeet(t.sources) }

// contains reports whether the rule surely means all of the traffic. Only a
// single word that holds all of it counts, and none about source ports.
func (r Rule) contains(t traffic) bool {
	tags := unknownTags()
	return r.CoversProtocol(t.protocol) && r.PortRanges().Contains(t.ports) && r.SourcePortRanges().Contains(ipset.AllPorts()) &&
		tags.Sources(r).Contains(t.sources) && tags.Targets(r, anyVM).Contains(t.targets)
}

// AllowsTo reports whether it is a network rule that lets somebody to one of
// the ports.
func (r Rule) AllowsTo(addresses []netip.Addr, ports []jit.Ports) bool {
	return r.Allow && !r.To.IsValid() && slices.ContainsFunc(ports, func(p jit.Ports) bool {
		return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return r.mayAim(trafficTo(a, p)) })
	})
}

// TranslatesTo reports whether it is a DNAT rule to one of the ports, or may be: a
// host name may be that of any address, and a port that is not known any.
func (r Rule) TranslatesTo(addresses []netip.Addr, ports []jit.Ports) bool {
	return r.To.IsValid() && (r.Host != "" || slices.Contains(addresses, r.To.Addr())) && slices.ContainsFunc(ports, func(p jit.Ports) bool {
		return r.To.Port() == 0 || p.From <= r.To.Port() && r.To.Port() <= p.To
	})
}
