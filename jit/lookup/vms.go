package lookup

import (
	"context"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// ListedVM is a VM as a list shows it.
type ListedVM struct {
	VM        jit.VM
	Protected protection.State // empty when nothing of ours keeps it shut
	Always    bool             // protected because the configuration says so
	Fault     string           // what goes wrong with its protection
	Open      []jit.Grant      // grants that are open
	Last      jit.Request      // that of who was last let in, and when in At; zero when nobody is known to have been
	Offer     Offer            // what may be asked for; without ports nothing may
}

// maxVMReads bounds how many VMs one list asks Azure about for somebody who may
// not see them all.
const maxVMReads = 60

// VMs lists the VMs whose name, group or tag contains the text and that the caller
// may see, at most limit of them, in the order of Search. more says that there may
// be others.
func (s *Service) VMs(ctx context.Context, by jit.UserID, text string, limit int) (lines []ListedVM, more bool, err error) {
	found, more, err := s.search(ctx, by, text, limit)
	if err != nil {
		return nil, false, err
	}
	protections, err := s.checks.Adapters.Protections.Protections(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("listing protections: %w", err)
	}
	live, err := s.checks.Adapters.Grants.Unfinished(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("listing who is in: %w", err)
	}
	for _, vm := range found {
		l, err := s.vmLine(ctx, vm, protections)
		if err != nil {
			return nil, false, err
		}
		l.Open = slices.DeleteFunc(slices.Clone(live), func(g jit.Grant) bool { return g.State != jit.Open || !g.Request.Names(vm.ID) })
		if l.Last, err = s.history.Opened(ctx, vm.ID); err != nil {
			return nil, false, fmt.Errorf("reading who was last let in to %s: %w", vm.Name, err)
		}
		lines = append(lines, l)
	}
	return lines, more, nil
}

func (s *Service) vmLine(ctx context.Context, vm jit.VM, protections []protection.Protection) (ListedVM, error) {
	l := ListedVM{VM: vm}
	for _, p := range protections {
		if !resource.Same(p.VM, vm.ID) {
			continue
		}
		l.Protected, l.Always = p.State, p.Always
		for _, path := range slices.Concat(p.Paths, p.Left) {
			if path.Fault != "" {
				l.Fault = path.Fault
			}
		}
		if len(p.Bare) > 0 {
			l.Fault = "Nothing keeps its address " + p.Bare[0].String() + " shut: it has no network security group; attach one."
		}
	}
	policy, ok, err := s.checks.Policy(ctx, vm)
	if err != nil {
		return l, err
	}
	if ok && len(policy.Ports) > 0 {
		l.Offer = Offer{VMs: []jit.VM{vm}, Any: true}.narrow(policy, true)
	}
	return l, nil
}
