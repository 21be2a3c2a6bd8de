package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

const (
	maxConnectVMs  = 3 // VMs of which it is said how to connect
	maxConnectEnds = 3 // addresses of one that are named
)

// connection says how the holder connects: for each VM the line or the host to type.
func connection(g jit.Grant) string {
	var lines []string
	for i, t := range g.Request.Targets {
		if i == maxConnectVMs {
			lines = append(lines, text.Count(len(g.Request.Targets)-i, "more VM", "more VMs")+" by their own addresses")
			break
		}
		how := connectTo(g, t.VM)
		if how != "" && len(g.Request.Targets) > 1 {
			how = Code(t.Name) + ": " + how
		}
		if how != "" {
			lines = append(lines, how)
		}
	}
	return strings.Join(lines, "\n")
}

// connectTo is how to connect to one VM: by the firewall where one translates, else
// by its public address for whoever comes from the internet, else by its own.
func connectTo(g jit.Grant, vm string) string {
	var ways []string
	ends := slices.DeleteFunc(g.PublicEnds(), func(e guardpath.PublicEnd) bool { return !resource.Same(e.VM, vm) })
	for i, e := range ends {
		if i == maxConnectEnds {
			ways = append(ways, fmt.Sprintf("%d more, see the rules of the firewall", len(ends)-i))
			break
		}
		port := jit.Ports{From: e.To.Port(), To: e.To.Port(), Protocol: jit.Protocol(e.Protocol)}
		ways = append(ways, typed(e.Public.Addr(), e.Public.Port(), port))
	}
	if len(ends) > 0 {
		return strings.Join(ways, " or ") + " (through the firewall)"
	}
	addresses := addressesOf(g, vm)
	for _, p := range g.Request.Ports {
		var alike []string
		for _, a := range addresses[:min(len(addresses), maxConnectEnds)] {
			alike = append(alike, typed(a, p.From, p))
		}
		if len(alike) > 0 && !slices.Contains(ways, strings.Join(alike, " or ")) {
			ways = append(ways, strings.Join(alike, " or "))
		}
	}
	if more := len(ways) - maxConnectEnds; more > 0 {
		ways = append(ways[:maxConnectEnds], text.Count(more, "more port", "more ports"))
	}
	return strings.Join(ways, ", ")
}

// addressesOf are where the VM answers those who may come: its public addresses where
// somebody comes from the internet, else its own.
func addressesOf(g jit.Grant, vm string) []netip.Addr {
	var inner, outer []netip.Addr
	for _, p := range g.Paths {
		if resource.Same(p.VM, vm) && (p.Kind == guardpath.Direct || p.Kind == guardpath.ByNetworkRule) {
			inner, outer = append(inner, p.Addresses...), append(outer, p.Outer...)
		}
	}
	from := func(v4, public bool) bool {
		return slices.ContainsFunc(g.Request.Sources, func(s netip.Prefix) bool {
			return s.Addr().Is4() == v4 && public != s.Addr().IsPrivate()
		})
	}
	var out []netip.Addr
	for _, v4 := range []bool{true, false} {
		other := func(a netip.Addr) bool { return a.Is4() != v4 }
		mine, theirs := slices.DeleteFunc(slices.Clone(inner), other), slices.DeleteFunc(slices.Clone(outer), other)
		if from(v4, true) && len(theirs) > 0 {
			out = append(out, theirs...)
		} else if from(v4, true) || from(v4, false) {
			out = append(out, mine...)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// typed is what to type to connect to a port that is reached at the address: the
// line for SSH, the host for RDP, the address and port for the rest.
func typed(to netip.Addr, at uint16, port jit.Ports) string {
	host := netip.AddrPortFrom(to, at).String()
	switch {
	case portUse(port) == "SSH" && at == port.From:
		return Code("ssh <user>@" + to.String())
	case portUse(port) == "SSH":
		return Code(fmt.Sprintf("ssh -p %d <user>@%s", at, to))
	case portUse(port) == "RDP" && at == port.From:
		return "Remote Desktop to " + Code(to.String())
	case portUse(port) == "RDP":
		return "Remote Desktop to " + Code(host)
	case port.From != port.To:
		return Code(to.String()) + " port " + portName(port)
	case port.Protocol == jit.UDP:
		return Code(host) + " by UDP"
	default:
		return Code(host)
	}
}
