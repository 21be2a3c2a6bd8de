package rules

import (
	"errors"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// Stored is what the store says of a guard.
type Stored struct {
	Grants      []jit.Grant
	Protections []protection.Protection
	Unsure      bool // a protection here cannot be read
}

// PlanGuard is what to do to a guard now, by what the store says of it: the desired
// rules, and no other of ours, but denies that nobody explains; nothing that a deny
// above it would make idle; and, of what the store has not read back as it should
// be, what makes sure of it. The owner knows what the store says.
func (o Owner) PlanGuard(t Table, s Stored, now time.Time) Plan {
	plan := o.MakePlan(t, Desired(o.Installation, t.Guard, s.Grants, s.Protections, now))
	plan = o.keepUnexplained(t, plan, s)
	plan.Changes = append(plan.Changes, o.ensure(t, plan, s)...)
	plan.Changes = slices.DeleteFunc(plan.Changes, func(c Change) bool {
		if c.Put == nil || !c.Put.Allow {
			return false
		}
		err := t.RefuseShadowed(*c.Put) // what cannot be in force is not written
		if err != nil {
			plan.Shadowed = append(plan.Shadowed, Blocked{c.Put.Name, err})
		}
		return err != nil
	})
	return plan
}

// keepUnexplained keeps shut what a deny keeps shut and no protection known here
// explains: the store may be lost, an older copy, or not be readable. Such a deny is
// not removed, and one that is written again keeps those addresses. What is no single
// address somebody put there, so that it goes with a deny which the store knows.
func (o Owner) keepUnexplained(t Table, plan Plan, s Stored) Plan {
	changes := plan.Changes
	plan.Changes = nil
	for _, c := range changes {
		old, found := t.Rule(c.Name())
		if n, _ := o.named(old); !found || n.Grant != "" || old.Allow {
			plan.Changes = append(plan.Changes, c)
			continue
		}
		addresses, other := o.unexplained(old, s)
		if c.Put != nil {
			c = plan.alsoShutting(*c.Put, addresses)
			if c.Put.Equal(old) && !old.Failed {
				continue
			}
		} else if len(addresses) > 0 || other {
			continue
		}
		plan.Changes = append(plan.Changes, c)
	}
	return plan
}

// unexplained are the addresses of a deny that no protection known here has; other
// says that it shuts something else too, and that the store does not know it.
func (o Owner) unexplained(deny Rule, s Stored) (addresses []string, other bool) {
	for _, d := range deny.Destinations {
		switch p, ok := ipset.ParsePrefix(d); {
		case !ok || !p.IsSingleIP():
			other = other || s.Unsure || !o.stored.has(o.Installation, deny.Name)
		case s.Unsure || !Rule{Destinations: []string{d}}.ExplainedBy(o.stored.guard, s.Protections):
			addresses = append(addresses, d)
		}
	}
	return addresses, other
}

// alsoShutting has the plan write the deny with the addresses, too.
func (p Plan) alsoShutting(deny Rule, addresses []string) Change {
	addresses = slices.DeleteFunc(addresses, func(d string) bool { return slices.Contains(deny.Destinations, d) })
	deny.Destinations = slices.Concat(deny.Destinations, addresses)
	if at := slices.IndexFunc(p.Final, func(r Rule) bool { return strings.EqualFold(r.Name, deny.Name) }); at >= 0 {
		p.Final[at] = deny
	}
	return Change{Put: &deny}
}

// ensure are the changes beside the plan that make sure of what one reading shows.
// What should be gone and is not shown is removed once more from a network security
// group, whose reader may be behind. Where the last change failed, what is shown may
// not be in force and what is not shown may be: it is written again, or written as
// a deny and removed.
func (o Owner) ensure(t Table, p Plan, s Stored) []Change {
	wanted, unwanted := o.unconfirmed(t, s)
	var out []Change
	for _, r := range wanted {
		final, placed := findRule(p.Final, r.Name)
		if there, _ := t.Rule(r.Name); placed && t.Failed && there.Equal(final) && !there.Failed {
			out = append(out, Change{Put: &final})
		}
	}
	group := !resource.IsFirewall(t.Guard)
	p.Final = slices.Clone(p.Final)
	for _, r := range unwanted {
		if t.Has(r.Name) || named(p.Final, r.Name) || !group && !t.Failed {
			continue
		}
		deny, free := o.lastFree(t, p, r)
		if free && group && t.Failed {
			out = append(out, Change{Put: &deny})
		}
		out = append(out, Change{Remove: r.Name})
		p.Final = append(p.Final, deny) // neither its name nor its place comes twice
	}
	return out
}

// unconfirmed are the rules of what has not been read back in the guard as it should
// be: those that should be in force, and those that should be gone. Where the last
// change failed, what was read back before is not known any more.
func (o Owner) unconfirmed(t Table, s Stored) (wanted, unwanted []Rule) {
	guard := t.Guard
	for _, g := range s.Grants {
		switch left := g.HasLeft(guard); {
		case left:
			g.Paths = g.Left // what it had there
			unwanted = append(unwanted, EveryForm(o.Installation, guard, g)...)
		case g.ConfirmedAt(guard) && !t.Failed:
		case g.State == jit.Closing:
			unwanted = append(unwanted, EveryForm(o.Installation, guard, g)...)
		case g.State == jit.Opening:
			wanted = append(wanted, ForGrant(o.Installation, guard, g)...)
		}
	}
	for _, p := range s.Protections {
		rules := func() []Rule { return ForProtections(o.Installation, guard, []protection.Protection{p}) }
		switch p.State {
		case protection.Protecting:
			wanted = append(wanted, rules()...)
		case protection.Unprotecting:
			p.State = protection.Protected
			unwanted = append(unwanted, rules()...)
		default:
		}
	}
	return wanted, unwanted
}

// lastFree is the rule as a deny with the last free priority of its band, where it
// stands before as little as can be.
func (o Owner) lastFree(t Table, p Plan, r Rule) (Rule, bool) {
	n, _ := o.named(r)
	r.Allow = false
	taken := func(o Rule) bool { return o.Inbound && o.Priority == r.Priority }
	band := o.bandOf(n)
	for r.Priority = band.To; r.Priority >= band.From; r.Priority-- {
		if !slices.ContainsFunc(t.Rules, taken) && !slices.ContainsFunc(p.Final, taken) {
			return r, true
		}
	}
	return r, false
}

// DenyRefused turns allows of ours whose removal Azure refused into denies: a
// management lock, a deny assignment or a role may let a rule be changed and not
// be deleted, and then nobody is let in.
func (t Table) DenyRefused(changes []Change, failed map[string]error) []Change {
	var out []Change
	for _, c := range changes {
		old, found := t.Rule(c.Remove)
		err := failed[c.Remove]
		refused := errors.Is(err, jit.ErrLocked) || errors.Is(err, jit.ErrForbidden)
		if c.Put == nil && found && old.Allow && refused && !resource.IsFirewall(t.Guard) {
			old.Allow = false
			out = append(out, Change{Put: &old})
		}
	}
	return out
}

// OtherOf finds a rule of the grant in the guard that it does not want there.
func (o Owner) OtherOf(t Table, g jit.Grant) (Rule, bool) {
	wanted := ForGrant(o.Installation, t.Guard, g)
	t.Rules = slices.DeleteFunc(slices.Clone(t.Rules), func(r Rule) bool { return named(wanted, r.Name) })
	return o.RuleOf(t, g.ID)
}

// RuleOf finds a rule of the grant, wherever in the guard it stands.
func (o Owner) RuleOf(t Table, grant jit.ID) (Rule, bool) {
	i := slices.IndexFunc(t.Rules, func(r Rule) bool {
		n, named := o.named(r)
		return named && n.Grant == grant
	})
	if i < 0 {
		return Rule{}, false
	}
	return t.Rules[i], true
}
