package page

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// stored is what the bot's store holds: the grants that have not ended, and the
// VMs that are protected.
type stored struct {
	known       bool // it was read: the bot runs, and its store is in order
	grants      []jit.Grant
	protections []protection.Protection
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

// protection says in a word or two whether the bot protects a VM; empty: it does
// not. missing: a rule that keeps it shut is not in its guard.
func (h *handler) protection(s stored, vm string) (words string, missing bool) {
	for _, p := range s.protections {
		if !resource.Same(p.VM, vm) {
			continue
		}
		switch p.State {
		case protection.Protecting:
			return "being protected", false
		case protection.Unprotecting:
			return "being unprotected", false
		default:
			return "protected", h.lacks(p)
		}
	}
	return "", false
}

// lacks reports whether a rule of the protection is missing in Azure.
func (h *handler) lacks(p protection.Protection) bool {
	for _, guard := range h.guards() {
		there := h.opt.Azure.Rules(guard)
		for _, want := range rules.ForProtections(h.opt.Installation, guard, []protection.Protection{p}) {
			if !slices.ContainsFunc(there, func(r azuresim.Rule) bool { return strings.EqualFold(r.Name, want.Name) }) {
				return true
			}
		}
	}
	return false
}

// wants reports whether a grant or a protection needs the rule in the guard.
func (s stored) wants(installation, guard, rule string) bool {
	want := rules.ForProtections(installation, guard, s.protections)
	for _, g := range s.grants {
		if g.State == jit.Opening || g.State == jit.Open {
			want = append(want, rules.EveryForm(installation, guard, g)...)
		}
	}
	return slices.ContainsFunc(want, func(r rules.Rule) bool { return strings.EqualFold(r.Name, rule) })
}
