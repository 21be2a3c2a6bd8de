package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// IsFor reports whether the deny names an address that the protection has behind
// the guard.
func (r Rule) IsFor(p protection.Protection, guard string) bool {
	for _, path := range slices.Concat(p.Paths, p.Left) {
		if !resource.Same(path.Guard, guard) {
			continue
		}
		for _, a := range path.Addresses {
			if slices.ContainsFunc(r.Destinations, func(d string) bool {
				q, ok := ipset.ParsePrefix(d)
				return ok && q.IsSingleIP() && q.Addr() == a
			}) {
				return true
			}
		}
	}
	return false
}

// StillDenies reports whether the rule denies what the wanted one does for the
// addresses of the protection behind the guard, no matter which other VMs share
// it.
func (r Rule) StillDenies(p protection.Protection, guard string, want Rule) bool {
	destinations := normalWords(r.Destinations)
	for _, path := range p.Paths {
		if !resource.Same(path.Guard, guard) {
			continue
		}
		for _, a := range path.Addresses {
			address := netip.PrefixFrom(a, a.BitLen()).String()
			if slices.Contains(want.Destinations, a.String()) && !slices.Contains(destinations, address) {
				return false
			}
		}
	}
	r.Destinations = want.Destinations
	return r.Equal(want)
}

// The first words of a deny's suffix say in which band it belongs.
const (
	overSuffix  = "over-"
	underSuffix = "under-"
)

// ForProtections are the deny rules that the protections want in the guard,
// without priorities. VMs with the same ports share a rule, one for each family.
func ForProtections(installation, guard string, protections []protection.Protection) []Rule {
	shared := map[string]*Rule{}
	for _, p := range protections {
		if p.State == protection.Unprotecting {
			continue
		}
		for _, path := range p.Paths {
			if resource.Same(path.Guard, guard) {
				addDenies(shared, installation, path, p)
			}
		}
	}
	out := make([]Rule, 0, len(shared))
	for _, r := range shared {
		slices.Sort(r.Destinations)
		r.Destinations = slices.Compact(r.Destinations)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// addDenies adds those for the addresses of a path, by name.
func addDenies(shared map[string]*Rule, installation string, path guardpath.Path, p protection.Protection) {
	for _, a := range path.Addresses {
		name := RuleName{Installation: installation, Suffix: denySuffix(p, a)}.String()
		r := shared[name]
		if r == nil {
			r = &Rule{
				Name: name, Inbound: true, Protocol: jit.AnyProtocol,
				Sources: []string{p.Source}, SourcePorts: []string{"*"}, Ports: p.Spans(),
				Description: "jitbot " + installation + " keeps these ports shut until somebody is granted access",
			}
			shared[name] = r
		}
		r.Destinations = append(r.Destinations, a.String())
	}
}

// denySuffix is the same for all VMs that may share a deny.
func denySuffix(p protection.Protection, a netip.Addr) string {
	if p.Existing == protection.Respect {
		return underSuffix + denyHash(p.Spans(), p.Source, a.Is4())
	}
	return overSuffix + denyHash(p.Spans(), p.Source, a.Is4())
}

func denyHash(ports []string, source string, v4 bool) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %t", ports, strings.ToLower(source), v4))
	return hex.EncodeToString(sum[:4])
}

// namedByContent reports whether the deny has the name that jitbot gives to one for
// these ports, this source and addresses of this family: nobody else names rules so.
func (r Rule) namedByContent() bool {
	if len(r.Destinations) == 0 || len(r.Sources) != 1 {
		return false
	}
	q, _ := ipset.ParsePrefix(r.Destinations[0])
	n, parsed := ParseRuleName(r.Name)
	side := strings.TrimSuffix(n.Suffix, denyHash(r.Ports, r.Sources[0], q.Addr().Is4()))
	return parsed && (side == overSuffix || side == underSuffix)
}

// ExplainedBy reports whether every address that the deny keeps shut is that of
// one of the protections behind the guard.
func (r Rule) ExplainedBy(guard string, protections []protection.Protection) bool {
	return !slices.ContainsFunc(r.Destinations, func(d string) bool {
		one := Rule{Destinations: []string{d}}
		return !slices.ContainsFunc(protections, func(p protection.Protection) bool { return one.IsFor(p, guard) })
	})
}
