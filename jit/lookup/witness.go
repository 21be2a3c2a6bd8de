package lookup

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// Testimony is Azure's own answer about the rules in effect before a VM, beside what
// jitbot read of them. Nothing is decided by it.
type Testimony struct {
	VM          jit.VM
	At          time.Time // when Azure answered
	Groups      []string  // names of the network security groups that were compared
	Differences []string  // sentences; empty when Azure sees what jitbot read
	Flow        *FlowTestimony
}

// FlowTestimony is Azure's answer to IP flow verify for one address.
type FlowTestimony struct {
	From, To netip.Addr
	Port     jit.Ports
	At       time.Time // when Azure answered
	Allow    bool
	Rule     string // which decides; empty when Azure names none
	Missing  string // why Azure could not be asked; then there is no answer
}

// Witness asks Azure what it sees before the VM, which takes it some seconds. A
// machine that is off, or a right that is missing, is a *jit.Refusal.
func (s *Service) Witness(ctx context.Context, by jit.UserID, word string) (Testimony, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return Testimony{}, err
	}
	vm, err := s.oneVM(ctx, by, word)
	if err != nil {
		return Testimony{}, err
	}
	t := Testimony{VM: vm}
	for _, nic := range vm.Interfaces {
		if err := s.compare(ctx, nic, &t); err != nil {
			return t, s.whyNoWitness(vm, err)
		}
	}
	t.At = s.checks.Clock.Now()
	slices.Sort(t.Groups)
	t.Groups = slices.Compact(t.Groups)
	slices.Sort(t.Differences)
	t.Differences = slices.Compact(t.Differences)
	t.Flow = s.verifyFlow(ctx, by, vm)
	return t, nil
}

func (s *Service) compare(ctx context.Context, nic jit.Interface, t *Testimony) error {
	effective, err := s.checks.Adapters.Witness.EffectiveRules(ctx, nic.ID)
	if err != nil {
		return err
	}
	guards := []string{nic.Guard}
	for _, a := range nic.Addresses {
		guards = append(guards, a.SubnetGuard)
	}
	slices.Sort(guards)
	for _, guard := range slices.Compact(guards) {
		if guard == "" {
			continue
		}
		t.Groups = append(t.Groups, resource.GuardName(guard))
		at := slices.IndexFunc(effective, func(e rules.Table) bool { return resource.Same(e.Guard, guard) })
		if at < 0 {
			t.Differences = append(t.Differences, fmt.Sprintf("The network security group %s is before %s, and Azure does not name it.",
				resource.GuardName(guard), resource.Name(nic.ID)))
			continue
		}
		read, err := s.checks.Table(ctx, guard)
		if err != nil {
			return err
		}
		t.Differences = append(t.Differences, read.Differences(effective[at])...)
	}
	return nil
}

func (s *Service) whyNoWitness(vm jit.VM, err error) error {
	switch {
	case errors.Is(err, admission.ErrNotRunning):
		return jit.Refuse(jit.ErrStale, "Azure tells what is in effect of a running machine only, and %s is not running.", vm.Name)
	case errors.Is(err, jit.ErrForbidden):
		return jit.Refuse(jit.ErrForbidden, "jitbot may not ask Azure for effective rules: the action "+
			"Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action is missing at %s; have an admin give it the role "+
			"that jitbot role prints.", vm.Name)
	default:
		return fmt.Errorf("asking Azure what is in effect before %s: %w", vm.Name, err)
	}
}
