package lookup

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/policies"
)

// Offer is what may be asked for at some VMs: what the policies of all of them
// have in common.
type Offer struct {
	VMs      []jit.VM
	Ports    []jit.PortPolicy // the first VM's, less what another does not offer
	Sources  []netip.Prefix   // ranges that every port of every VM names
	Any      bool             // any source within Widest is accepted everywhere
	Widest   jit.Widths
	Shortest time.Duration // of any port; a chosen port may need more
	Longest  time.Duration // of any port; a chosen port may allow less
}

// Offer tells what the policies offer at the VMs, which are named as in Ask.
// Refused for guests and for names that are unknown, may not be seen, or clash;
// where the policies offer nothing in common (jit.ErrPolicy) the VMs are told.
func (s *Service) Offer(ctx context.Context, by jit.UserID, words []string) (Offer, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return Offer{}, err
	}
	vms, err := s.FindVMs(ctx, by, words)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{VMs: vms, Any: true}
	for i, vm := range vms {
		policy, ok, err := s.checks.Policy(ctx, vm)
		if err != nil {
			return Offer{}, err
		}
		if !ok || len(policy.Ports) == 0 {
			return Offer{VMs: vms}, jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s; ask an admin for one under policies.", vm.Name)
		}
		o = o.narrow(policy, i == 0)
	}
	if len(o.Ports) == 0 {
		return Offer{VMs: vms}, jit.Refuse(jit.ErrPolicy, "The VMs have no port in common that may be asked for; ask for each alone.")
	}
	return o, nil
}

func (o Offer) narrow(p policies.Policy, first bool) Offer {
	if first {
		o.Ports, o.Widest = slices.Clone(p.Ports), p.Widest
		o.Sources = slices.Clone(p.Ports[0].Sources)
	}
	o.Widest.V4, o.Widest.V6 = max(o.Widest.V4, p.Widest.V4), max(o.Widest.V6, p.Widest.V6)
	o.Ports = slices.DeleteFunc(o.Ports, func(pp jit.PortPolicy) bool {
		_, _, offered := p.Find(pp.Ports)
		return !offered
	})
	o.Shortest, o.Longest = jit.MaxDuration, 0
	for i, pp := range o.Ports {
		other, _, _ := p.Find(pp.Ports)
		pp.Shortest, pp.Longest = max(pp.Shortest, other.Shortest), min(pp.Longest, other.Longest)
		o.Ports[i] = pp
		o.Shortest, o.Longest = min(o.Shortest, pp.Shortest), max(o.Longest, pp.Longest)
		o.Any = o.Any && pp.Any && other.Any
		o.Sources = slices.DeleteFunc(o.Sources, func(s netip.Prefix) bool {
			return !pp.Accepts(s, o.Widest) || !other.Accepts(s, p.Widest)
		})
	}
	return o
}

// Search lists the VMs whose name, group or tag contains the text and that the
// caller may see, those whose name begins with it first, at most limit of them.
func (s *Service) Search(ctx context.Context, by jit.UserID, text string, limit int) ([]jit.VM, error) {
	found, _, err := s.search(ctx, by, text, limit)
	return found, err
}

// search is Search; more says that there may be others.
func (s *Service) search(ctx context.Context, by jit.UserID, text string, limit int) (found []jit.VM, more bool, err error) {
	text = strings.ToLower(strings.TrimSpace(text))
	all, visible, err := s.allVMs(ctx, by, func(vm jit.VM) bool { return vm.Mentions(text) })
	if err != nil {
		return nil, false, err
	}
	begins := func(vm jit.VM) bool { return strings.HasPrefix(strings.ToLower(vm.Name), text) }
	slices.SortFunc(all, func(a, b jit.VM) int {
		if begins(a) != begins(b) {
			if begins(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(a.Name+" "+a.Group), strings.ToLower(b.Name+" "+b.Group))
	})
	for _, vm := range all {
		if len(found) == limit || visible.azureReads > maxVMReads || ctx.Err() != nil {
			return found, true, nil //nolint:nilerr // what was found in time is shown
		}
		if visible.seesVM(ctx, vm) {
			found = append(found, vm)
		}
	}
	return found, visible.doubted, nil
}

// Lookup lists the VMs that fit and that the caller may see: those that a menu
// named by something that only all VMs can tell.
func (s *Service) Lookup(ctx context.Context, by jit.UserID, fits func(jit.VM) bool) ([]jit.VM, error) {
	all, visible, err := s.allVMs(ctx, by, fits)
	return slices.DeleteFunc(all, func(vm jit.VM) bool { return !visible.seesVM(ctx, vm) }), err
}

// allVMs lists the VMs that fit, and tells what of them the caller may see.
func (s *Service) allVMs(ctx context.Context, by jit.UserID, fits func(jit.VM) bool) ([]jit.VM, *visibility, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, nil, err
	}
	vms, err := s.checks.VMs.ListOrStale(ctx, inventory.VMsMaxAge)
	if err != nil {
		return nil, nil, err
	}
	visible, err := s.visibleVMs(ctx, by)
	return slices.DeleteFunc(slices.Clone(vms), func(vm jit.VM) bool { return !fits(vm) }), visible, err
}

// Recent is the latest request of somebody, for a form to begin with; false
// when there is none.
func (s *Service) Recent(ctx context.Context, by jit.UserID) (jit.Request, bool, error) {
	r, err := s.history.Recent(ctx, by)
	if err != nil {
		return jit.Request{}, false, fmt.Errorf("reading the latest request of %s: %w", by, err)
	}
	return r, len(r.Targets) > 0, nil
}
