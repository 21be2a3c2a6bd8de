package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// ProtectionsInForce reports whether the protections are in force at the guard,
// as far as was told: no other allow than was seen last stands before their
// denies, and nothing is said to be wrong with these.
func (o Owner) ProtectionsInForce(t Table, protections []protection.Protection) bool {
	return !slices.ContainsFunc(protections, func(p protection.Protection) bool {
		_, changed, err := o.ExposedBy(t, p)
		return err != nil || changed || p.State != protection.Protected || len(p.Left) > 0 || Faulted(p, t.Guard)
	})
}

// Faulted reports whether something is said to be wrong with the denies of the
// protection in the guard.
func Faulted(p protection.Protection, guard string) bool {
	return slices.ContainsFunc(p.Paths, func(path guardpath.Path) bool { return path.Fault != "" && resource.Same(path.Guard, guard) })
}

// Denies reports whether the guard holds the deny of the protection for an address of
// the path.
func (o Owner) Denies(t Table, p protection.Protection, path guardpath.Path, a netip.Addr) bool {
	path.Addresses = []netip.Addr{a}
	p.Paths = []guardpath.Path{path}
	return !slices.ContainsFunc(ForProtections(o.Installation, t.Guard, []protection.Protection{p}), func(deny Rule) bool {
		there, _ := t.Rule(deny.Name)
		deny.Priority, deny.Name = there.Priority, there.Name
		return !there.StillDenies(p, t.Guard, deny)
	})
}

// AllowsBefore names the allows of other people before the denies of the
// protection for an address. A deny that is not there is not in force: the error
// is then ErrNotYet.
func (o Owner) AllowsBefore(t Table, p protection.Protection, path guardpath.Path, a netip.Addr) ([]string, error) {
	path.Addresses = []netip.Addr{a}
	p.Paths = []guardpath.Path{path}
	var out []string
	for _, deny := range ForProtections(o.Installation, t.Guard, []protection.Protection{p}) {
		there, found := t.Rule(deny.Name)
		if !found {
			return nil, ErrNotYet
		}
		deny.Priority = there.Priority
		for _, r := range t.Rules {
			if o.isAllowBefore(r, deny) {
				out = append(out, fmt.Sprintf("%s (priority %d) of %s", r.Name, r.Priority, t.Name))
			}
		}
	}
	return out, nil
}

// ExposedBy names the allows of other people in the guard before the denies of
// the protection, and reports whether they are not those that were seen last. The
// error is that of AllowsBefore.
func (o Owner) ExposedBy(t Table, p protection.Protection) (above []string, changed bool, err error) {
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

// Allows are the allows of other people that meet the denies of the protection: those
// that the denies overrule once they are there, and those that stand before them.
func (o Owner) Allows(t Table, plan Plan, p protection.Protection) (overruled, kept []string) {
	for _, r := range t.Rules {
		if _, ours := o.Ours(r); ours || !r.Inbound || !r.Allow {
			continue
		}
		for _, deny := range plan.Final {
			if deny.Allow || !deny.IsFor(p, t.Guard) || !r.mayAim(trafficOf(deny)) {
				continue
			}
			if r.Priority < deny.Priority {
				kept = append(kept, r.Name)
			} else {
				overruled = append(overruled, r.Name)
			}
			break
		}
	}
	return overruled, kept
}

// allowBefore finds a foreign allow that lets somebody through before the deny
// is asked.
func (o Owner) allowBefore(t Table, deny Rule) (Rule, bool) {
	for _, r := range t.Rules {
		if o.isAllowBefore(r, deny) {
			return r, true
		}
	}
	return Rule{}, false
}

// isAllowBefore reports whether the rule is such an allow.
func (o Owner) isAllowBefore(r, deny Rule) bool {
	if !r.Inbound || !r.Allow || r.Priority >= deny.Priority {
		return false
	}
	_, ours := o.Ours(r)
	return !ours && r.mayAim(trafficOf(deny)) // whoever an allow lets through, the deny should have met
}

// ShutsFor reports whether the deny keeps an address shut that the protection has
// behind the guard, and that none of the others has there.
func (r Rule) ShutsFor(p protection.Protection, guard string, others []protection.Protection) bool {
	for _, path := range p.Paths {
		path.Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool {
			return slices.ContainsFunc(others, func(o protection.Protection) bool {
				return o.State != protection.Unprotecting && !resource.Same(o.VM, p.VM) && o.HasAt(guard, a)
			})
		})
		if r.IsFor(protection.Protection{Paths: []guardpath.Path{path}}, guard) {
			return true
		}
	}
	return false
}
