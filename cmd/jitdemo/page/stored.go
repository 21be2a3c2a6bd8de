package page

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// stored is what the bot's store holds: the grants that have not ended, and the
// VMs that are protected.
type stored struct {
	known       bool // it was read: the bot runs, and its store is in order
	grants      []jit.Grant
	protections []jit.Protection
}

func (h *handler) stored(ctx context.Context) (stored, error) {
	var s stored
	var err error
	if h.opt.Grants != nil {
		if s.grants, err = h.opt.Grants(ctx); err != nil {
			return stored{}, fmt.Errorf("reading the grants: %w", err)
		}
	}
	if h.opt.Protections != nil {
		if s.protections, err = h.opt.Protections(ctx); err != nil {
			return stored{}, fmt.Errorf("reading the protections: %w", err)
		}
	}
	s.known = h.opt.Running()
	return s, nil
}

// protection says in a word or two whether the bot protects a VM; empty: it does not.
func (s stored) protection(vm string) string {
	for _, p := range s.protections {
		if !resource.Same(p.VM, vm) {
			continue
		}
		switch p.State {
		case jit.Protecting:
			return "being protected"
		case jit.Unprotecting:
			return "being unprotected"
		default:
			return "protected"
		}
	}
	return ""
}

// wants reports whether a grant or a protection needs the rule in the guard.
func (s stored) wants(installation, guard, rule string) bool {
	want := rules.ForProtections(installation, guard, s.protections)
	for _, g := range s.grants {
		if g.State == jit.Opening || g.State == jit.Open {
			want = append(want, rules.ForGrant(installation, guard, g)...)
		}
	}
	return slices.ContainsFunc(want, func(r rules.Rule) bool { return strings.EqualFold(r.Name, rule) })
}
