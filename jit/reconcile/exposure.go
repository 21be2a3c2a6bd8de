package reconcile

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

// whatStaysOpen say what the denies of a protection leave open: addresses that
// nothing filters, what comes from inside, where they are for the Internet only,
// and whom allows of other people let in that Azure evaluates before them. Empty when
// they keep everybody out.
func (r *Reconciler) whatStaysOpen(ctx context.Context, pass guardPass, p protection.Protection) (string, error) {
	var words []string
	for _, a := range p.Bare {
		words = append(words, "the address "+a.String()+", before which there is no network security group")
	}
	if p.Source != "*" {
		words = append(words, "what does not come from the "+p.Source)
	}
	if always := r.checks.AlwaysAllowed(ctx, p); len(always) > 0 {
		words = append(words, "whom these admin rules of Virtual Network Manager let in, after which no group is asked: "+
			strings.Join(always, ", "))
	}
	allows, err := r.allowsAbove(ctx, pass, p)
	if len(allows) > 0 {
		words = append(words, "whom these allows of other people let in, which are asked first: "+strings.Join(allows, ", "))
	}
	return strings.Join(words, "; and "), err
}

// allowsAbove names the allows before the denies of the protection, at
// addresses where every group has one: packets must pass both.
func (r *Reconciler) allowsAbove(ctx context.Context, pass guardPass, p protection.Protection) ([]string, error) {
	if err := r.readBeside(ctx, pass, guardpath.Guards(p.Paths)); err != nil {
		return nil, err
	}
	above := map[netip.Addr][]string{}
	shut := map[netip.Addr]bool{}
	for _, path := range p.Paths {
		table := pass.after
		if other, read := pass.others[strings.ToLower(path.Guard)]; read {
			table = other.after
		}
		for _, a := range path.Addresses {
			names, err := r.owner.AllowsBefore(table, p, path, a)
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

// followAlwaysAllowed tells of the admin rules that let somebody in past the denies of a
// protected VM, when they are others than were seen last.
func (r *Reconciler) followAlwaysAllowed(ctx context.Context, vm jit.VM, p protection.Protection) error {
	always, changed := r.checks.AlwaysAllowedNow(ctx, vm, p, r.absences)
	if !changed {
		return nil
	}
	open, err := r.whatStaysOpen(ctx, guardPass{others: map[string]guardPass{}}, p)
	if err != nil {
		return nil //nolint:nilerr // its guards are looked at anyway, and this soon again
	}
	now := r.checks.Clock.Now()
	return r.Protect(ctx, p.VM, func(p protection.Protection) (protection.Protection, []jit.Event) {
		return p.Expose(admission.ByAdminRules, always, open, now)
	})
}
