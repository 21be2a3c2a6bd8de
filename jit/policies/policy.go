package policies

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
	"jitbot/jit/protection"
)

// Policy says what may be asked for.
type Policy struct {
	Match        Match
	Ports        []jit.PortPolicy
	Widest       jit.Widths // widest source that a PortPolicy with Any accepts
	RemindBefore time.Duration
	Always       bool                // every matching VM is protected, and the configuration decides
	Existing     protection.Existing // where denies stand; empty is Override
	DenySource   string              // whom denies shut out, * or Internet; empty is *
	Extend       jit.ExtendTerms
	EndOnDrift   bool // a grant whose rule somebody changed ends, instead of being repaired
}

// Find finds the port policy that a requested range lies in. A request
// without a protocol takes the policy's.
func (p Policy) Find(want jit.Ports) (jit.PortPolicy, jit.Ports, bool) {
	for _, pp := range p.Ports {
		asked := want
		asked.Protocol = cmp.Or(want.Protocol, pp.Ports.Protocol)
		if pp.Ports.Contains(asked) {
			return pp, asked, true
		}
	}
	return jit.PortPolicy{}, want, false
}

// AcceptsAll reports whether each of the sources might ask for each of the
// ports.
func (p Policy) AcceptsAll(sources []string, ports []jit.Ports) bool {
	return !slices.ContainsFunc(sources, func(word string) bool {
		source, ok := ipset.ParsePrefix(word)
		return !ok || slices.ContainsFunc(ports, func(port jit.Ports) bool {
			pp, _, offered := p.Find(port)
			return !offered || !pp.Accepts(source, p.Widest)
		})
	})
}

// Check refuses what the policy does not let be asked for at the VM, and returns
// the ports with the protocols filled in.
func (p Policy) Check(vm jit.VM, ports []jit.Ports, sources []netip.Prefix, d time.Duration) ([]jit.Ports, error) {
	if len(ports) == 0 {
		return nil, jit.Refuse(jit.ErrInput, "Say which port of %s you need: %s.", vm.Name, p.offered())
	}
	shortest, longest := time.Duration(0), jit.MaxDuration
	asked := make([]jit.Ports, 0, len(ports))
	for _, want := range ports {
		pp, port, ok := p.Find(want)
		if !ok {
			return nil, jit.Refuse(jit.ErrPolicy, "Port %s of %s is not on offer; you may ask for %s.", want, vm.Name, p.offered())
		}
		asked = append(asked, port)
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
		for _, s := range sources {
			if !pp.Accepts(s, p.Widest) {
				return nil, jit.Refuse(jit.ErrPolicy, "The policy of %s does not let port %s be opened to %s; it accepts %s.",
					vm.Name, port, s, pp.Accepted(p.Widest))
			}
		}
	}
	switch {
	case d > longest:
		return nil, jit.Refuse(jit.ErrPolicy, "%s is too long for %s; ask for at most %s.", d, vm.Name, longest)
	case d < shortest:
		return nil, jit.Refuse(jit.ErrPolicy, "%s is too short for %s; ask for at least %s.", d, vm.Name, shortest)
	}
	return jit.DistinctPorts(asked) // ssh,22 may mean one port twice
}

// offered lists what may be asked for, in words.
func (p Policy) offered() string {
	if len(p.Ports) == 0 {
		return "nothing"
	}
	var words []string
	for _, pp := range p.Ports {
		words = append(words, pp.Ports.String())
	}
	return strings.Join(words, ", ")
}

// Complete fills in the only port and the only single address, and narrows the
// limit to what the ports allow.
func (p Policy) Complete(a jit.Ask, limit time.Duration) (jit.Ask, time.Duration) {
	if len(a.Ports) == 0 && len(p.Ports) == 1 && p.Ports[0].Ports.From == p.Ports[0].Ports.To {
		a.Ports = []jit.Ports{p.Ports[0].Ports}
	}
	for _, want := range a.Ports {
		pp, _, ok := p.Find(want)
		if !ok {
			continue
		}
		limit = min(limit, pp.Longest)
		if len(a.Sources) == 0 && !pp.Any && len(pp.Sources) == 1 && pp.Sources[0].IsSingleIP() {
			a.Sources = pp.Sources
		}
	}
	return a, limit
}

func (p Policy) existing() protection.Existing {
	if p.Existing == "" {
		return protection.Override
	}
	return p.Existing
}

func (p Policy) denySource() string {
	if p.DenySource == "" {
		return "*"
	}
	return p.DenySource
}

// Protection is that of the VM as the policy has it, before it is stored.
func (p Policy) Protection(vm jit.VM, paths []guardpath.Path) protection.Protection {
	made := protection.New(vm, p.Ports, paths, p.existing(), p.denySource())
	made.Always = p.Always
	return made
}

// Agrees reports whether the protection is as the policy of its VM says now. The ports
// are the policy's only where that protects always.
func (p Policy) Agrees(with protection.Protection) bool {
	return with.Always == p.Always && with.Existing == p.existing() && with.Source == p.denySource() &&
		(!with.Always || jit.SamePortPolicies(with.Ports, p.Ports))
}
