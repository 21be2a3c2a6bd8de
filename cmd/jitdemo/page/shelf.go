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

// shelf is what the bot's store holds: the grants that have not ended, and the
// VMs that are protected.
type shelf struct {
	known  bool // it was read: the bot runs, and its store is in order
	grants []jit.Grant
	locks  []jit.Protection
}

func (h *handler) shelf(ctx context.Context) (shelf, error) {
	var s shelf
	var err error
	if h.opt.Grants != nil {
		if s.grants, err = h.opt.Grants(ctx); err != nil {
			return shelf{}, fmt.Errorf("reading the grants: %w", err)
		}
	}
	if h.opt.Protections != nil {
		if s.locks, err = h.opt.Protections(ctx); err != nil {
			return shelf{}, fmt.Errorf("reading the protections: %w", err)
		}
	}
	s.known = h.opt.Running()
	return s, nil
}

// locked says in a word or two whether the bot protects a VM; empty: it does not.
func (s shelf) locked(vm string) string {
	for _, p := range s.locks {
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
func (s shelf) wants(installation, guard, rule string) bool {
	want := rules.ForProtections(installation, guard, s.locks)
	for _, g := range s.grants {
		if g.State == jit.Opening || g.State == jit.Open {
			want = append(want, rules.ForGrant(installation, guard, g)...)
		}
	}
	return slices.ContainsFunc(want, func(r rules.Rule) bool { return strings.EqualFold(r.Name, rule) })
}
