package jit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit/ipset"
)

// AcceptsAll reports whether each of the sources might ask for each of the
// ports.
func (p Policy) AcceptsAll(sources []string, ports []Ports) bool {
	return !slices.ContainsFunc(sources, func(word string) bool {
		source, ok := ipset.ParsePrefix(word)
		return !ok || slices.ContainsFunc(ports, func(port Ports) bool {
			pp, _, offered := p.Find(port)
			return !offered || !pp.Accepts(source, p.Widest)
		})
	})
}

// Check refuses what the policy does not let be asked for at the VM, and returns
// the ports with the protocols filled in.
func (p Policy) Check(vm VM, ports []Ports, sources []netip.Prefix, d time.Duration) ([]Ports, error) {
	if len(ports) == 0 {
		return nil, Refuse(ErrInput, "Say which port of %s you need: %s.", vm.Name, p.offered())
	}
	shortest, longest := time.Duration(0), MaxDuration
	asked := make([]Ports, 0, len(ports))
	for _, want := range ports {
		pp, port, ok := p.Find(want)
		if !ok {
			return nil, Refuse(ErrPolicy, "Port %s of %s is not on offer; you may ask for %s.", want, vm.Name, p.offered())
		}
		asked = append(asked, port)
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
		for _, s := range sources {
			if !pp.Accepts(s, p.Widest) {
				return nil, Refuse(ErrPolicy, "The policy of %s does not let port %s be opened to %s; it accepts %s.",
					vm.Name, port, s, pp.accepted(p.Widest))
			}
		}
	}
	switch {
	case d > longest:
		return nil, Refuse(ErrPolicy, "%s is too long for %s; ask for at most %s.", d, vm.Name, longest)
	case d < shortest:
		return nil, Refuse(ErrPolicy, "%s is too short for %s; ask for at least %s.", d, vm.Name, shortest)
	}
	return DistinctPorts(asked) // ssh,22 may mean one port twice
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

func (pp PortPolicy) accepted(widest Widths) string {
	var words []string
	for _, s := range pp.Sources {
		words = append(words, s.String())
	}
	if pp.Any {
		if widest.V4 == 32 && widest.V6 == 128 {
			words = append(words, "any single address")
		} else {
			words = append(words, fmt.Sprintf("any IPv4 range of /%d or smaller, any IPv6 range of /%d or smaller", widest.V4, widest.V6))
		}
	}
	if len(words) == 0 {
		return "no address at all"
	}
	return strings.Join(words, ", ")
}

// Ask is what a person wants, as the command line or the form understood it,
// before anything was looked up.
type Ask struct {
	VMs      []string // name, group/name or tag:key=value
	Ports    []Ports  // no protocol means the policy's
	Duration time.Duration
	Sources  []netip.Prefix
	Reason   string
	Here     bool // whoever asks is answered where they ask: no direct message says the same
}

// Complete fills in the only port and the only single address, and narrows the
// limit to what the ports allow.
func (p Policy) Complete(a Ask, limit time.Duration) (Ask, time.Duration) {
	if len(a.Ports) == 0 && len(p.Ports) == 1 && p.Ports[0].Ports.From == p.Ports[0].Ports.To {
		a.Ports = []Ports{p.Ports[0].Ports}
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

// DistinctPorts sorts the ports and names each once; ports that overlap are refused.
func DistinctPorts(ports []Ports) ([]Ports, error) {
	slices.SortFunc(ports, func(a, b Ports) int {
		return cmp.Or(strings.Compare(string(a.Protocol), string(b.Protocol)), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	ports = slices.Compact(ports)
	for i := 1; i < len(ports); i++ {
		a, b := ports[i-1], ports[i]
		if a.Protocol == b.Protocol && b.From <= a.To {
			return nil, Refuse(ErrInput, "The ports %s and %s overlap; name each port once.", a, b)
		}
	}
	return ports, nil
}
