package access

import (
	"context"
	"errors"

	"jitbot/jit"
)

// ProtectEffect is what protecting a VM would do to others than those who ask.
type ProtectEffect struct {
	VM        jit.VM
	Overruled []RuleRef // allows of other people that let nobody in any more
	Kept      []RuleRef // those that stand before the denies, and keep a port open
	Inside    bool      // what comes from inside the network is shut out too
	Refusal   *jit.Refusal
}

// RuleRef names a rule of a network security group.
type RuleRef struct{ Rule, Group string }

const maxForeseen = 10 // VMs whose rules are read for a form

// ProtectEffects says what Protect would do, of ten VMs at most, for an admin. It is read
// afresh and changes nothing.
func (s *Service) ProtectEffects(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]ProtectEffect, error) {
	if err := s.Admin(ctx, by); err != nil {
		return nil, err
	}
	vms, err := s.vmsNamed(ctx, words)
	if err != nil {
		return nil, err
	}
	out := make([]ProtectEffect, 0, len(vms))
	for n, vm := range vms {
		policy, _ := s.config.Policy(vm)
		e := ProtectEffect{VM: vm, Inside: policy.DenySource != "Internet"}
		if n < maxForeseen {
			if err := s.foresee(ctx, by, &e, ports); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func (s *Service) foresee(ctx context.Context, by jit.UserID, e *ProtectEffect, ports []jit.PortPolicy) error {
	if policy, _ := s.config.Policy(e.VM); policy.Always {
		e.Refusal = refuseAlways(e.VM)
		return nil
	}
	err := s.checks.AllowsBeside(ctx, jit.Person{ID: by}, e.VM, ports, func(group, rule string, overruled bool) {
		if overruled {
			e.Overruled = append(e.Overruled, RuleRef{rule, group})
		} else {
			e.Kept = append(e.Kept, RuleRef{rule, group})
		}
	})
	if errors.As(err, &e.Refusal) {
		return nil
	}
	return err
}

func refuseAlways(vm jit.VM) *jit.Refusal {
	return jit.Refuse(jit.ErrPolicy,
		"The configuration protects %s always, and says how; change its policy there and restart jitbot.", vm.Name)
}
