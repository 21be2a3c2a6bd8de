package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/clock"
	"jitbot/jit/guardpath"
	"jitbot/jit/inventory"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

// VMsOf are the VMs of the targets.
func VMsOf(targets []ResolvedTarget) []jit.VM {
	vms := make([]jit.VM, 0, len(targets))
	for _, target := range targets {
		vms = append(vms, target.VM)
	}
	return vms
}

// Adapters is everything the domain needs from outside, in one value that main
// wires once.
type Adapters struct {
	Grants      jit.Grants
	Protections protection.Store
	Record      jit.Record
	Names       Names // nil: whom a name of the configuration meant before is not known
	Network     rules.Network
	Inventory   Inventory
	Directory   Directory
	People      People
	Readiness   Readiness
	Meter       Meter
	Topology    reach.TopologyReader // nil: what is around VMs is not known
	Locks       Locks                // nil: management locks are not known
	Witness     Witness              // nil: Azure cannot be asked what it sees
	Log         *slog.Logger
}

// Checker answers who somebody is and what they may do. Each answer is read
// afresh; a doubt is a no.
type Checker struct {
	Config      policies.Config
	Adapters    Adapters
	Owner       rules.Owner
	Clock       *clock.Clock
	VMs         *inventory.VMCache
	locksUnread *sync.Once // says once that management locks may not be read
	missing     *missing   // people and groups of the configuration of whom the channel was warned
}

// NewChecker makes the one that all who share its clock and its list of VMs are
// given.
func NewChecker(c policies.Config, w Adapters) Checker {
	return Checker{
		Config: c, Adapters: w, Owner: rules.Owner{Installation: c.Installation, Bands: c.Bands},
		Clock: &clock.Clock{}, VMs: inventory.NewVMCache(w.Inventory), locksUnread: &sync.Once{}, missing: &missing{},
	}
}

// Policy is the first matching policy, with the ports that the protect form
// stored for the VM in place of its own.
func (c Checker) Policy(ctx context.Context, vm jit.VM) (policies.Policy, bool, error) {
	policy, ok := c.Config.Policy(vm)
	p, err := c.Protection(ctx, vm.ID, vm.Name)
	switch {
	case err != nil:
		return policies.Policy{}, false, err
	case p.VM == "" || p.Always || p.State == protection.Unprotecting:
		return policy, ok, nil
	}
	policy.Ports = p.Ports
	return policy, true, nil
}

// WithinPolicy refuses what the VM's policy does not offer, and fills the protocols of
// the ports in.
func (c Checker) WithinPolicy(
	ctx context.Context, vm jit.VM, ports []jit.Ports, sources []netip.Prefix, d time.Duration,
) ([]jit.Ports, error) {
	policy, ok, err := c.Policy(ctx, vm)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, jit.Refuse(jit.ErrPolicy, "No policy covers %s, so nothing may be asked for there; "+
			"ask an admin for one under policies.", vm.Name)
	}
	return policy.Check(vm, ports, sources, d)
}

// ResolvedTarget is a VM of a grant as it is now, with the guards in front of it.
type ResolvedTarget struct {
	VM    jit.VM
	Paths []guardpath.Path
}

// AsWritten is the target as the grant's rules were written for it.
func AsWritten(g jit.Grant, t jit.Target) ResolvedTarget {
	paths := slices.DeleteFunc(slices.Clone(g.Paths), func(p guardpath.Path) bool { return !resource.Same(p.VM, t.VM) })
	return ResolvedTarget{VM: jit.VM{ID: t.VM, Name: t.Name, Group: t.Group}, Paths: paths}
}

// CheckRequest checks all that must hold for a grant to open now: account, Azure
// rights and policy at every VM, read afresh.
func (c Checker) CheckRequest(ctx context.Context, g jit.Grant) (jit.Person, []ResolvedTarget, error) {
	who, err := c.Identify(ctx, g.Request.By.ID)
	if err != nil {
		return jit.Person{}, nil, err
	}
	if err := SameEntra(g, who); err != nil {
		return jit.Person{}, nil, err
	}
	targets, err := c.resolveAll(ctx, who, g.Request)
	if err != nil {
		return who, nil, err
	}
	if err := c.AdminDenied(ctx, targets, g.Request); errors.As(err, new(*jit.Refusal)) {
		return who, nil, err
	}
	var beside []jit.VM
	for _, id := range resource.SubscriptionsOf(g.VMs()) { // a group, its subnets and interfaces are in one
		vms, err := c.VMs.List(ctx, id, inventory.VMsMaxAge)
		if err != nil {
			return who, nil, err
		}
		beside = append(beside, vms...)
	}
	return who, targets, c.OpensNoMore(ctx, targets, ByAddress(beside), map[string]rules.Table{}, g.Request)
}

// OpensNoMore refuses a grant that would open more than it is for, or to more people.
func (c Checker) OpensNoMore(
	ctx context.Context, targets []ResolvedTarget, d VMsByAddress, tables map[string]rules.Table, r jit.Request,
) error {
	if err := c.sharedAddress(ctx, d, r, PathsOf(targets)); err != nil {
		return err
	}
	_, err := c.sharedRule(ctx, targets, tables, r)
	return err
}

// PathsOf are the paths of the targets.
func PathsOf(targets []ResolvedTarget) []guardpath.Path {
	var paths []guardpath.Path
	for _, s := range targets {
		paths = append(paths, s.Paths...)
	}
	return paths
}

const maxRefused = 3 // VMs of a request of which it is said why they are refused

// resolveAll resolves the targets of a request. The refusals of several are one, which
// names their VMs.
func (c Checker) resolveAll(ctx context.Context, who jit.Person, r jit.Request) ([]ResolvedTarget, error) {
	targets := make([]ResolvedTarget, 0, len(r.Targets))
	var refused *jit.Refusal
	for _, target := range r.Targets {
		s, err := c.resolve(ctx, who, target, r)
		no := (*jit.Refusal)(nil)
		switch {
		case errors.As(err, &no) && refused == nil:
			refused = no.At(target.VM)
		case errors.As(err, &no):
			refused = refused.With(no.At(target.VM), maxRefused)
		case err != nil:
			return nil, err
		}
		targets = append(targets, s)
	}
	if refused == nil {
		return targets, nil
	}
	if more := len(refused.VMs) - maxRefused; more > 0 {
		refused = refused.And(jit.Refuse(refused.Kind, "%s cannot be asked for either.", jit.Whole(text.Count(more, "more VM", "more VMs"))))
	}
	return nil, refused
}

func (c Checker) resolve(ctx context.Context, who jit.Person, target jit.Target, r jit.Request) (ResolvedTarget, error) {
	vm, err := c.readVM(ctx, target.VM)
	if errors.Is(err, jit.ErrNotFound) {
		return ResolvedTarget{}, jit.Refuse(jit.ErrPolicy, "%s"+Missing(err)+"; check the name and ask again.", target.Name)
	}
	if err != nil {
		return ResolvedTarget{}, fmt.Errorf("reading %s: %w", target.Name, err)
	}
	if target.Replaced(vm) {
		return ResolvedTarget{}, jit.Refuse(jit.ErrPolicy, "%s"+Recreated+"; ask again.", target.Name)
	}
	if err := c.CheckRights(ctx, who, vm, c.Config.RequiredActions); err != nil {
		return ResolvedTarget{}, err
	}
	if _, err := c.WithinPolicy(ctx, vm, r.Ports, r.Sources, r.Duration); err != nil {
		return ResolvedTarget{}, err
	}
	paths, err := route.Paths(c.Config.Installation, vm, r.Ports, r.Sources)
	return ResolvedTarget{vm, paths}, err
}

// ApprovalRule is the approval rule for a grant as it holds for it now; its VMs and ports
// share one. It is that of what was asked for, also where approvers allowed less.
func (c Checker) ApprovalRule(vms []jit.VM, g jit.Grant) (policies.ApprovalRule, error) {
	r, found := g.Request.AsAsked(), -1
	for _, vm := range vms {
		for _, port := range r.Ports {
			i, ok := c.Config.Approval(vm, []jit.Ports{port}, r.Sources, r.Duration)
			if !ok {
				return policies.ApprovalRule{}, jit.Refuse(jit.ErrPolicy, "Nobody is named to approve access to %s; "+
					"ask an admin for an entry under approvals.", vm.Name)
			}
			if found >= 0 && i != found {
				return policies.ApprovalRule{}, jit.Refuse(jit.ErrPolicy, "The VMs or ports of this request now have different approvers; "+
					"ask for each alone.")
			}
			found = i
		}
	}
	if found < 0 {
		return policies.ApprovalRule{}, jit.Refuse(jit.ErrInput, "No VM is named.")
	}
	return c.Config.Approvals[found].For(g), nil
}
