package lookup

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
)

// verifyFlow asks Azure what becomes of a packet from one address to the VM: that of an
// open grant there, else the one that whoever asks used last. It is nil when there is
// none, and nothing is refused for it.
func (s *Service) verifyFlow(ctx context.Context, by jit.UserID, vm jit.VM) *FlowTestimony {
	from, port := s.flowFrom(ctx, by, vm)
	if !from.IsValid() {
		return nil
	}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if !a.Addr.Is4() {
				continue
			}
			t := FlowTestimony{From: from, To: a.Addr, Port: port}
			answer, err := s.checks.Adapters.Witness.VerifyIPFlow(ctx, admission.IPFlow{
				VM: vm.ID, Interface: nic.ID, Location: vm.Location, From: from, To: a.Addr, Port: port,
			})
			t.At, t.Allow, t.Rule, t.Missing = s.checks.Clock.Now(), answer.Allow, answer.Rule, whyNoFlow(vm, err)
			return &t
		}
	}
	return nil
}

// flowFrom is the address to ask about, and the port; an invalid address when there
// is none.
func (s *Service) flowFrom(ctx context.Context, by jit.UserID, vm jit.VM) (netip.Addr, jit.Ports) {
	if g, found := s.openGrant(ctx, by, vm); found {
		return oneAddress(g.Request), g.Request.Ports[0]
	}
	policy, ok, err := s.checks.Policy(ctx, vm)
	last, lastErr := s.history.Recent(ctx, by)
	if err != nil || lastErr != nil || !ok || len(policy.Ports) == 0 {
		return netip.Addr{}, jit.Ports{}
	}
	port := policy.Ports[0].Ports
	if i := slices.IndexFunc(last.Ports, func(p jit.Ports) bool {
		return slices.ContainsFunc(policy.Ports, func(o jit.PortPolicy) bool { return o.Ports == p })
	}); i >= 0 {
		port = last.Ports[i]
	}
	return oneAddress(last), port
}

// openGrant is an open grant of one IPv4 address at the VM: one of whoever asks, else,
// for an admin, of anybody.
func (s *Service) openGrant(ctx context.Context, by jit.UserID, vm jit.VM) (jit.Grant, bool) {
	admin, err := s.checks.IsListed(ctx, s.checks.Config.Admins, by)
	var others []jit.Grant
	for _, guard := range reach.NSGsOf(vm) {
		grants, readErr := s.checks.Adapters.Grants.AtGuard(ctx, guard)
		if readErr != nil {
			continue // what can be read will do
		}
		for _, g := range grants {
			at := slices.ContainsFunc(g.VMs(), func(id string) bool { return resource.Same(id, vm.ID) })
			switch {
			case !at || g.State != jit.Open || !oneAddress(g.Request).IsValid():
			case g.Request.By.ID == by:
				return g, true
			default:
				others = append(others, g)
			}
		}
	}
	if err != nil || !admin || len(others) == 0 {
		return jit.Grant{}, false
	}
	return others[0], true
}

// oneAddress is the IPv4 address that a request is from, if it is from one.
func oneAddress(r jit.Request) netip.Addr {
	if len(r.Sources) != 1 || !r.Sources[0].IsSingleIP() || !r.Sources[0].Addr().Is4() {
		return netip.Addr{}
	}
	return r.Sources[0].Addr()
}

// whyNoFlow is a clause on why Azure gave no answer; empty when it did.
func whyNoFlow(vm jit.VM, err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, admission.ErrNoWatcher):
		return "there is no Network Watcher in " + vm.Location
	case errors.Is(err, jit.ErrForbidden):
		return "jitbot lacks Microsoft.Network/networkWatchers/read or Microsoft.Network/networkWatchers/ipFlowVerify/action"
	default:
		return "Azure gave no answer (" + admission.Outline(err) + ")"
	}
}
