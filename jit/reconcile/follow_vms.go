package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/inventory"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// followVMs compares the VMs of a subscription as they are with what grants and
// protections were made for: policies that say always, addresses and guards that
// changed, VMs that are gone. An older list will not do: an address in it may be
// somebody else's by now. What other subscriptions answer plays no part: a group
// is in that of the VMs behind it. VMs of no configured one are not listed.
func (r *Reconciler) followVMs(ctx context.Context, subscription string) error {
	began, listed := r.checks.Clock.Now(), time.Now()
	var vms []jit.VM
	var err error
	if subscription != "" {
		vms, err = r.checks.VMs.List(ctx, subscription, 0)
	}
	if err != nil {
		if ctx.Err() == nil {
			r.adapters.Log.WarnContext(ctx, "nothing follows the VMs while they cannot be listed", slog.Any("error", err))
		}
		return err
	}
	byID := make(map[string]jit.VM, len(vms))
	for _, vm := range vms {
		byID[strings.ToLower(vm.ID)] = vm
	}
	now := currentVMs{r.subscriptionOf, subscription, byID, admission.ByAddress(vms), map[string]rules.Table{}, listed}
	faults := r.followProtections(ctx, now, began)
	grants, err := r.adapters.Grants.Unfinished(ctx)
	if err = r.tolerateDamage(ctx, err); err != nil {
		return errors.Join(append(faults, fmt.Errorf("listing grants: %w", err))...)
	}
	for _, g := range grants {
		if g.BegunBefore(began) && slices.ContainsFunc(g.VMs(), now.concerns) { // else it knows better than the list
			faults = append(faults, r.followGrant(ctx, g, now))
		}
	}
	return errors.Join(faults...)
}

// currentVMs is what grants are compared with: the VMs of a subscription, and what
// is read of firewalls on the way to them.
type currentVMs struct {
	subscriptionOf func(vm string) string
	subscription   string
	byID           map[string]jit.VM
	byAddress      admission.VMsByAddress
	tables         map[string]rules.Table
	listed         time.Time // when the list was begun
}

// concerns reports whether the VM would be among them.
func (c currentVMs) concerns(vm string) bool { return c.subscriptionOf(vm) == c.subscription }

// subscriptionOf is the configured subscription that a resource is in, empty when
// there is none.
func (r *Reconciler) subscriptionOf(id string) string {
	of := resource.Subscription(id)
	if slices.Contains(r.adapters.Network.Subscriptions(), of) {
		return of
	}
	return ""
}

// tolerateDamage lets a list pass from which records that cannot be read are
// missing: they do not keep the others from being followed.
func (r *Reconciler) tolerateDamage(ctx context.Context, err error) error {
	if !errors.Is(err, jit.ErrDamaged) {
		return err
	}
	r.adapters.Log.ErrorContext(ctx, "what cannot be read does not follow its VMs", slog.Any("error", err))
	return nil
}

// readWhole is the VM as it was listed. One that a list left out, or of which it
// left something out, is asked for. ErrNotFound when it is gone: when a list lacks it
// that was begun after another answer did, and so does an answer now; ErrAbsent until then.
func (r *Reconciler) readWhole(ctx context.Context, id string, c currentVMs) (jit.VM, error) {
	vm, there := c.byID[strings.ToLower(id)]
	if there && !vm.Partial {
		r.absences.Seen(id)
		return vm, nil
	}
	vm, err := r.adapters.Inventory.VM(ctx, id)
	switch {
	case err == nil:
		r.absences.Seen(id)
		return vm, nil
	case errors.Is(err, jit.ErrNotFound) && !errors.Is(err, inventory.ErrUnwatched) && (there || !c.listed.After(r.absences.Missed(id))):
		err = admission.ErrAbsent
	}
	return vm, fmt.Errorf("reading %s: %w", id, err)
}
