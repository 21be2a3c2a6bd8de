package jit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// loopholes say what the denies of a protection leave open: addresses that
// nothing filters, what comes from inside, where they are for the Internet only,
// and whom allows of other people let in that are asked before them. Empty when
// they keep everybody out.
func (s *Reconciler) loopholes(ctx context.Context, v pass, p Protection) (string, error) {
	var words []string
	for _, a := range p.Bare {
		words = append(words, "the address "+a.String()+", before which there is no network security group")
	}
	if p.Source != "*" {
		words = append(words, "what does not come from the "+p.Source)
	}
	allows, err := s.allowsAbove(ctx, v, p)
	if len(allows) > 0 {
		words = append(words, "whom these allows of other people let in, which are asked first: "+strings.Join(allows, ", "))
	}
	return strings.Join(words, "; and "), err
}

// allowsAbove names the allows before the denies of the protection, at
// addresses where every group has one: packets must pass both.
func (s *Reconciler) allowsAbove(ctx context.Context, v pass, p Protection) ([]string, error) {
	above := map[netip.Addr][]string{}
	shut := map[netip.Addr]bool{}
	for _, path := range p.Paths {
		table := v.after
		if !resource.Same(path.Guard, v.guard) {
			var err error
			if table, err = s.checks.Table(ctx, path.Guard); err != nil {
				return nil, err
			}
		}
		for _, a := range path.Addresses {
			names, err := s.owner.allowsBefore(table, p, path, a)
			if err != nil {
				return nil, err
			}
			above[a], shut[a] = append(above[a], names...), shut[a] || len(names) == 0
		}
	}
	var out []string
	for a, names := range above {
		if !shut[a] {
			out = append(out, names...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// allowsBefore names the allows of other people before the denies of the
// protection for an address. A deny that is not there is not in force.
func (o Owner) allowsBefore(t Table, p Protection, path Path, a netip.Addr) ([]string, error) {
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

// exposed names the allows of other people in the group before the denies of the
// protection, and reports whether they are not those that were seen last.
func (o Owner) exposed(t Table, p Protection) (above []string, changed bool, err error) {
	for _, path := range p.Paths {
		if !resource.Same(path.Guard, t.Guard) {
			continue
		}
		for _, a := range path.Addresses {
			names, err := o.allowsBefore(t, p, path, a)
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
