package jit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// AllowsBefore names the allows of other people before the denies of the
// protection for an address. A deny that is not there is not in force.
func (o Owner) AllowsBefore(t Table, p Protection, path Path, a netip.Addr) ([]string, error) {
	path.Addresses = []netip.Addr{a}
	p.Paths = []Path{path}
	var out []string
	for _, deny := range Denies(o.Installation, t.Guard, []Protection{p}) {
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
func (o Owner) Exposed(t Table, p Protection) (above []string, changed bool, err error) {
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
