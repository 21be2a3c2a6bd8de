package rules

import (
	"net/netip"

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
	return traffic{r.Protocol, Union(PortsOf(r.Ports)).Any(), Union(t.Sources(r)).Any(), Union(t.Targets(r, anyVM)).Any()}
}

// anyVM is who is in an application security group that is a destination, where
// nothing is known of it.
func anyVM(string) Members[netip.Addr] { return Members[netip.Addr]{Maybe: ipset.AllAddresses()} }

// mayMeet reports whether the rule may mean some of the traffic. What cannot be
// known, such as who is in a service tag, counts as met.
func (r Rule) mayMeet(t traffic) bool { return r.mayAim(t) && r.mayBeFrom(t) }

// mayAim is mayMeet whoever it is from.
func (r Rule) mayAim(t traffic) bool {
	return protocolsMeet(r.Protocol, t.protocol) && anyMayMeet(PortsOf(r.Ports), t.ports) &&
		anyMayMeet(unknownTags().Targets(r, anyVM), t.targets)
}

// mayBeFrom is mayMeet wherever it goes.
func (r Rule) mayBeFrom(t traffic) bool { return anyMayMeet(unknownTags().Sources(r), t.sources) }

// contains reports whether the rule surely means all of the traffic. Only a
// single word that holds all of it counts, and none about source ports.
func (r Rule) contains(t traffic) bool {
	tags := unknownTags()
	return ProtocolCovers(r.Protocol, t.protocol) && AnyContains(PortsOf(r.Ports), t.ports) && AnyContains(SourcePortsOf(r), ipset.AllPorts()) &&
		AnyContains(tags.Sources(r), t.sources) && AnyContains(tags.Targets(r, anyVM), t.targets)
}
