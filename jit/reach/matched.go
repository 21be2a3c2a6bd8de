package reach

import (
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// matched is what a rule decides: the packets that it surely and those that it
// perhaps means.
type matched struct {
	sure, maybe ipset.Packets // maybe holds sure too
	doubts      []string
}

// packetsOf are the packets to the address that the rule means.
func (ev evaluator) packetsOf(r rules.Rule, to jit.Address) matched {
	aimed, doubts := ev.targets(r, to)
	if !aimed && len(doubts) == 0 {
		return matched{}
	}
	from, ports, sourcePorts := ev.tags.Sources(r).Union(), r.PortRanges().Union(), r.SourcePortRanges().Union()
	var protocols ipset.Set[ipset.Index]
	for i, p := range ev.protocols {
		if r.CoversProtocol(p) {
			protocols = protocols.Union(ipset.One(ipset.Index(i)))
		}
	}
	m := matched{
		sure:   ipset.Packets{Sources: from.Sure, SourcePorts: sourcePorts.Sure, Ports: ports.Sure, Protocols: protocols},
		maybe:  ipset.Packets{Sources: from.Any(), SourcePorts: sourcePorts.Any(), Ports: ports.Any(), Protocols: protocols},
		doubts: slices.Concat(doubts, from.Doubts, ports.Doubts, sourcePorts.Doubts),
	}
	if !aimed {
		m.sure = ipset.Packets{}
	}
	return m
}

// targets tells whether the rule concerns the VM's address: surely, or perhaps
// and why.
func (ev evaluator) targets(r rules.Rule, to jit.Address) (sure bool, doubts []string) {
	targets := ev.tags.Targets(r, func(group string) rules.Members[netip.Addr] {
		if isMember(to, group) {
			return rules.Members[netip.Addr]{Sure: ipset.One(to.Addr)}
		}
		return rules.Members[netip.Addr]{}
	})
	address := ipset.One(to.Addr)
	if targets.Contains(address) {
		return true, nil
	}
	return false, targets.Union().Doubts
}

func isMember(a jit.Address, group string) bool {
	return slices.ContainsFunc(a.Groups, func(g string) bool { return resource.Same(g, group) })
}
