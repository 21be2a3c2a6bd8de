package admission

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// Classify finds how the VMs stand. What could not be read is said by each
// finding that it concerns, and by gaps for all of them.
func (c Checker) Classify(ctx context.Context, vms []jit.VM) (findings []reach.Finding, gaps []string, err error) {
	tables, err := c.tablesBefore(ctx, vms)
	if err != nil && len(tables) == 0 {
		return nil, nil, fmt.Errorf("reading the rules: %w", err)
	}
	if err != nil { // the findings say which were not read
		c.Adapters.Log.WarnContext(ctx, "not all rules could be read for a scan", slog.Any("error", err))
		gaps = append(gaps, "Not all rules could be read, so some VMs cannot be told.")
	}
	protections, err := c.Adapters.Protections.Protections(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing protections: %w", err)
	}
	around, note := c.Topology(ctx, vms)
	if note != "" {
		gaps = append(gaps, "What is around the VMs (networks, routes, load balancers) could not be read, so what hangs on that is not known.")
	}
	if text := AdminRulesUnread(vms, around); text != "" {
		gaps = append(gaps, text)
	}
	byGuard, byVM := map[string]rules.Table{}, map[string]protection.Protection{}
	for _, t := range tables {
		byGuard[strings.ToLower(t.Guard)] = t
	}
	for _, p := range protections {
		byVM[strings.ToLower(p.VM)] = p
	}
	powers, err := c.Adapters.Inventory.Powers(ctx)
	if err != nil { // no finding hangs on it
		c.Adapters.Log.WarnContext(ctx, "the power states could not be read for a scan", slog.Any("error", err))
	}
	out := make([]reach.Finding, 0, len(vms))
	for _, vm := range vms {
		vm.Power = powers[strings.ToLower(vm.ID)]
		policy, _ := c.Config.Policy(vm)
		posture := c.Posture(vm, reach.TablesOf(vm, byGuard), around(vm), policy, byVM[strings.ToLower(vm.ID)], note)
		out = append(out, reach.Finding{VM: vm, Posture: posture})
	}
	slices.SortStableFunc(out, func(a, b reach.Finding) int {
		return cmp.Or(
			a.Posture.Class.Rank()-b.Posture.Class.Rank(), b.Posture.Breadth.Rank-a.Posture.Breadth.Rank,
			cmp.Compare(strings.ToLower(a.VM.Name+" "+a.VM.Group), strings.ToLower(b.VM.Name+" "+b.VM.Group)))
	})
	return out, gaps, nil
}

// tablesBefore lists the guards of the VMs' subscriptions, side by side. With an
// error, what could be read is returned too.
func (c Checker) tablesBefore(ctx context.Context, vms []jit.VM) ([]rules.Table, error) {
	ids := make([]string, 0, len(vms))
	for _, vm := range vms {
		ids = append(ids, vm.ID)
	}
	subscriptions := resource.SubscriptionsOf(ids)
	tables, faults := make([][]rules.Table, len(subscriptions)), make([]error, len(subscriptions))
	var wg sync.WaitGroup
	for i, id := range subscriptions {
		wg.Go(func() { tables[i], faults[i] = c.Adapters.Network.Tables(ctx, id) })
	}
	wg.Wait()
	return slices.Concat(tables...), errors.Join(faults...)
}

// Posture classifies one VM; the zero Protection, or one that is going away,
// protects nothing. note is what could not be read of what is around it.
func (c Checker) Posture(
	vm jit.VM, tables []rules.Table, around reach.Topology, policy policies.Policy, p protection.Protection, note string,
) reach.Posture {
	f := reach.Facts{Ports: policy.Ports, Widest: policy.Widest, Owner: c.Owner}
	if p.VM != "" && p.State != protection.Unprotecting {
		f.Protected, f.Confirmed = true, p.State == protection.Protected
		if !p.Always {
			f.Ports = p.Ports
		}
	}
	posture := reach.Classify(vm, tables, around, f)
	posture.Notes = append(posture.Notes, around.Unknown()...)
	if policy.Always && !f.Protected {
		posture.Notes = append([]string{"The configuration says always, and it is not protected" + whyNotProtected(vm)}, posture.Notes...)
	}
	if note != "" {
		posture.Notes = append(posture.Notes, note)
	}
	return posture
}

// whyNotProtected is the end of a sentence: why a VM that is always to be shut is
// not, as far as it alone shows.
func whyNotProtected(vm jit.VM) string {
	if _, err := route.ProtectionPaths(vm); err != nil {
		return ": " + err.Error()
	}
	return "; the channel was told why, if that lasts longer than a minute."
}
