package admission

import (
	"context"
	"errors"
	"slices"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// Foresee plans the grant's rules against the guards as they are, so that a
// lock, a deny in the way, a full band or a stranger's rule is found before
// anybody is asked. It returns what is dangerous about the grant, the worst first: whom
// it lets in along, what is open without it, which VM is off; and what else is known
// of the ports.
func (c Checker) Foresee(ctx context.Context, g jit.Grant, targets []ResolvedTarget) (warnings, notes []string, err error) {
	g.Paths = PathsOf(targets)
	tables, err := c.checkGuards(ctx, g)
	if err != nil {
		return nil, nil, err
	}
	for _, guard := range g.Guards() {
		if note := tables[guard].DraftNote(); note != "" {
			notes = append(notes, note)
		}
	}
	var open, off []string
	for _, s := range targets {
		open = append(open, c.Owner.AlreadyOpen(s.VM, s.Paths, tables, g.Request)...)
		along, err := c.coAdmitted(ctx, s, tables, g.Request)
		if err != nil {
			return nil, nil, err
		}
		warnings = append(warnings, along...)
		if p := s.VM.Power; p != "" && p != "running" {
			off = append(off, s.VM.Name+" is "+p+": nothing answers there until somebody starts it.")
		}
		notes = append(notes, route.Doubts(c.Config.Installation, s.VM, s.Paths)...)
	}
	bare, err := c.unprotected(ctx, VMsOf(targets))
	return slices.Concat(warnings, open, off), slices.Concat(notes, bare, c.unknown(ctx, VMsOf(targets))), err
}

// checkGuards reads the guards of a grant, and refuses what could not be written there, or
// not removed, or would not let its holder in: with the VMs that this is about.
func (c Checker) checkGuards(ctx context.Context, g jit.Grant) (map[string]rules.Table, error) {
	tables := map[string]rules.Table{}
	var refused *jit.Refusal
	for _, guard := range g.Guards() {
		t, w, err := c.At(ctx, guard)
		if err != nil {
			return nil, err
		}
		tables[guard] = t
		err = c.CheckRemovable(ctx, []string{guard})
		vms := g.VMsAt(guard)
		if err == nil {
			vms, err = c.checkAllows(g, t, w)
		}
		no := (*jit.Refusal)(nil)
		switch {
		case err == nil:
		case !errors.As(err, &no):
			return nil, err
		case refused == nil:
			refused = no.At(vms...)
		default:
			refused = refused.With(no.At(vms...), maxRefused)
		}
	}
	if refused != nil {
		return nil, refused
	}
	return tables, nil
}

// checkAllows refuses allows of a grant that would not take effect in a guard, for the VMs
// of which that is so.
func (c Checker) checkAllows(g jit.Grant, t rules.Table, stored AtGuard) (vms []string, err error) {
	owner := c.Owner.Knowing(t.Guard, stored.Grants, stored.Protections)
	beside := slices.DeleteFunc(slices.Clone(stored.Grants), func(o jit.Grant) bool { return o.ID == g.ID }) // what it takes the place of
	others := rules.Desired(owner.Installation, stored.Guard, beside, stored.Protections, c.Clock.Now())
	allowed := func(g jit.Grant) error {
		return owner.CheckAllows(t, others, rules.ForGrant(owner.Installation, stored.Guard, g))
	}
	if err = allowed(g); err == nil {
		return nil, nil
	}
	for _, vm := range g.VMsAt(stored.Guard) {
		one := g
		one.Paths = slices.DeleteFunc(slices.Clone(g.Paths), func(p guardpath.Path) bool { return !resource.Same(p.VM, vm) })
		if allowed(one) != nil {
			vms = append(vms, vm)
		}
	}
	return vms, err
}
