package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// ProtectionsAgree reports whether the protections are in force at the guard, as far
// as was told: no other allow than was seen last stands before their denies.
func (o Owner) ProtectionsAgree(t Table, locks []jit.Protection) bool {
	return !slices.ContainsFunc(locks, func(p jit.Protection) bool {
		_, changed, err := o.Exposed(t, p)
		return err != nil || changed || p.State != jit.Protected || len(p.Left) > 0
	})
}

// DenyMeets reports whether the deny names an address that the protection has
// behind the guard.
func DenyMeets(p jit.Protection, guard string, deny Rule) bool {
	for _, path := range slices.Concat(p.Paths, p.Left) {
		if !resource.Same(path.Guard, guard) {
			continue
		}
		for _, a := range path.Addresses {
			if slices.ContainsFunc(deny.Destinations, func(d string) bool {
				q, ok := ipset.ParsePrefix(d)
				return ok && q.IsSingleIP() && q.Addr() == a
			}) {
				return true
			}
		}
	}
	return false
}

// KeptShutBy reports whether the rule kept the VM's addresses shut as wanted, no
// matter which other VMs share it.
func KeptShutBy(p jit.Protection, guard string, old, want Rule) bool {
	for _, path := range p.Paths {
		for _, a := range path.Addresses {
			if resource.Same(path.Guard, guard) && slices.Contains(want.Destinations, a.String()) && !slices.Contains(normalWords(old.Destinations), netip.PrefixFrom(a, a.BitLen()).String()) {
				return false
			}
		}
	}
	old.Destinations = want.Destinations
	return old.Equal(want)
}

// AllowsBefore names the allows of other people before the denies of the
// protection for an address. A deny that is not there is not in force.
func (o Owner) AllowsBefore(t Table, p jit.Protection, path jit.Path, a netip.Addr) ([]string, error) {
	path.Addresses = []netip.Addr{a}
	p.Paths = []jit.Path{path}
	var out []string
	for _, deny := range ForProtections(o.Installation, t.Guard, []jit.Protection{p}) {
		there, found := t.Rule(deny.Name)
		if !found {
			return nil, ErrNotYet
		}
		deny.Priority = there.Priority
		for _, r := range t.Rules {
			if o.standsAbove(r, deny) {
				out = append(out, fmt.Sprintf("%s (priority %d) of %s", r.Name, r.Priority, t.Name))
			}
		}
	}
	return out, nil
}

// Exposed names the allows of other people in the group before the denies of the
// protection, and reports whether they are not those that were seen last.
func (o Owner) Exposed(t Table, p jit.Protection) (above []string, changed bool, err error) {
	for _, path := range p.Paths {
		if !resource.Same(path.Guard, t.Guard) {
			continue
		}
		for _, a := range path.Addresses {
			names, err := o.AllowsBefore(t, p, path, a)
			if err != nil {
				return nil, false, err
			}
			above = append(above, names...)
		}
	}
	slices.Sort(above)
	above = slices.Compact(above)
	return above, !slices.Equal(above, p.Above[strings.ToLower(t.Guard)]), nil
}

// The first words of a deny's suffix say in which band it belongs.
const (
	overSuffix  = "over-"
	underSuffix = "under-"
)

// ForProtections are the deny rules that the protections want in the guard, without
// priorities. VMs with the same ports share a rule, one for each family.
func ForProtections(installation, guard string, protections []jit.Protection) []Rule {
	shared := map[string]*Rule{}
	for _, p := range protections {
		if p.State == jit.Unprotecting {
			continue
		}
		for _, path := range p.Paths {
			if resource.Same(path.Guard, guard) {
				addDeny(p, installation, path, shared)
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

func addDeny(p jit.Protection, installation string, path jit.Path, shared map[string]*Rule) {
	for _, a := range path.Addresses {
		name := RuleName{Installation: installation, Suffix: denySuffix(p, a)}.String()
		r := shared[name]
		if r == nil {
			r = &Rule{
				Name: name, Inbound: true, Protocol: jit.AnyProtocol, Sources: []string{p.Source}, SourcePorts: []string{"*"},
				Ports: p.Spans(), Description: "jitbot " + installation + " keeps these ports shut until somebody is granted access",
			}
			shared[name] = r
		}
		r.Destinations = append(r.Destinations, a.String())
	}
}

// suffix is the same for all VMs that may share a deny.
func denySuffix(p jit.Protection, a netip.Addr) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %t", p.Spans(), strings.ToLower(p.Source), a.Is4()))
	side := overSuffix
	if p.Existing == jit.Respect {
		side = underSuffix
	}
	return side + hex.EncodeToString(sum[:4])
}

// bandOf is where a rule of the name belongs.
func (o Owner) bandOf(n RuleName) jit.Band {
	switch {
	case n.Grant != "":
		return o.Bands.Allow
	case strings.HasPrefix(n.Suffix, underSuffix):
		return o.Bands.DenyRespect
	default:
		return o.Bands.DenyOverride
	}
}

// StandsAbove finds a foreign allow that lets somebody through before the deny
// is asked.
func (o Owner) StandsAbove(t Table, deny Rule) (Rule, bool) {
	for _, r := range t.Rules {
		if o.standsAbove(r, deny) {
			return r, true
		}
	}
	return Rule{}, false
}

func (o Owner) standsAbove(r, deny Rule) bool {
	if !r.Inbound || !r.Allow || r.Priority >= deny.Priority {
		return false
	}
	_, ours := o.Ours(r)
	return !ours && r.mayAim(trafficOf(deny)) // whoever an allow lets through, the deny should have met
}
