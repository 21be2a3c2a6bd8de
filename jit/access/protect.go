package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/text"
)

// ProtectActions are what an admin must hold at a VM to protect or unprotect it, the
// rights that configuring Defender's just-in-time access asks for.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage
func ProtectActions() []string {
	return []string{
		"Microsoft.Security/locations/jitNetworkAccessPolicies/write",
		"Microsoft.Compute/virtualMachines/write",
	}
}

// VMResult is what became of one VM of several.
type VMResult struct {
	VM     jit.VM
	Err    error // a Refusal, or a fault; nil when it was done
	Inside bool  // the denies that it is given also shut out what comes from inside the network
}

// Protect has denies keep ports of the VMs shut, which are named as in Ask: what the form
// chose, or with no ports what each VM's policy offers. Each VM has its own
// outcome. It answers when the protections are stored; that they are in force
// is told once the denies were read back.
func (s *Service) Protect(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]VMResult, error) {
	return s.ProtectAsOf(ctx, by, words, ports, time.Time{})
}

// ProtectAsOf is Protect for what was asked for at an earlier time.
func (s *Service) ProtectAsOf(
	ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy, asked time.Time,
) ([]VMResult, error) {
	results, err := s.eachVM(ctx, by, "protect", words, s.vmsNamed, func(ctx context.Context, who jit.Person, vm jit.VM) error {
		if policy, _ := s.config.Policy(vm); policy.Always {
			return refuseAlways(vm)
		}
		p, err := s.checks.Protect(ctx, who, vm, ports, asked)
		s.loop.Touch(p.Guards())
		return err
	})
	for i, r := range results {
		policy, _ := s.config.Policy(r.VM)
		results[i].Inside = r.Err == nil && policy.DenySource != "Internet"
	}
	return results, err
}

// Unprotect ends the protection of the VMs: exactly our denies are removed. Each
// VM has its own outcome. One that is gone is found while it is protected.
func (s *Service) Unprotect(ctx context.Context, by jit.UserID, words []string) ([]VMResult, error) {
	return s.UnprotectAsOf(ctx, by, words, time.Time{})
}

// UnprotectAsOf is Unprotect for what may have been done before: a VM whose protection
// was asked for after it stays protected. The zero time is now.
func (s *Service) UnprotectAsOf(ctx context.Context, by jit.UserID, words []string, asked time.Time) ([]VMResult, error) {
	return s.eachVM(ctx, by, "unprotect", words, s.checks.FindProtected, func(ctx context.Context, who jit.Person, vm jit.VM) error {
		return s.unprotectAsOf(ctx, who, vm, asked)
	})
}

// unprotectable is the protection of a VM that Unprotect would end, or why it would not.
func (s *Service) unprotectable(ctx context.Context, vm jit.VM) (protection.Protection, error) {
	p, err := s.checks.Protection(ctx, vm.ID, vm.Name)
	switch {
	case err != nil:
		return p, err
	case p.VM == "":
		return p, jit.Refuse(jit.ErrStale, "%s is not protected, so there is nothing to remove.", vm.Name)
	case p.Always:
		return p, jit.Refuse(jit.ErrPolicy,
			"The configuration protects %s always; change protect under its policy and restart jitbot.", vm.Name)
	default:
		return p, nil
	}
}

func (s *Service) unprotectAsOf(ctx context.Context, who jit.Person, vm jit.VM, asked time.Time) error {
	p, err := s.unprotectable(ctx, vm)
	if err != nil {
		return err
	}
	later := false // the loop may run it again
	err = s.loop.Protect(ctx, vm.ID, func(p protection.Protection) (protection.Protection, []jit.Event) {
		if later = !asked.IsZero() && p.AskedAt().After(asked); later {
			return p, nil
		}
		return p.End(who, "", s.checks.Clock.Now())
	})
	s.loop.Touch(p.Guards())
	if err == nil && later {
		return jit.Refuse(jit.ErrStale,
			"%s was protected again after that, so it stays protected; unprotect it again if you still want to.", vm.Name)
	}
	return err
}

func (s *Service) vmsNamed(ctx context.Context, words []string) ([]jit.VM, error) {
	return s.checks.VMs.Find(ctx, words, nil)
}

// eachVM runs f on each VM that find finds, for an admin who holds the rights there.
func (s *Service) eachVM(ctx context.Context, by jit.UserID, what string, words []string,
	find func(context.Context, []string) ([]jit.VM, error), f func(context.Context, jit.Person, jit.VM) error,
) ([]VMResult, error) {
	said := what + " " + text.Clean(strings.Join(words, ", "))
	who, err := s.checks.Identify(ctx, by)
	if err != nil {
		return nil, s.rejectProtection(ctx, by, said, nil, err)
	}
	admin, err := s.checks.IsListed(ctx, s.config.Admins, by)
	if err != nil {
		return nil, err
	}
	if !admin {
		return nil, s.rejectProtection(ctx, by, said, nil, refuseNonAdmin())
	}
	vms, err := find(ctx, words)
	if err != nil {
		return nil, err
	}
	out := make([]VMResult, 0, len(vms))
	for _, vm := range vms {
		err := s.checks.CheckRights(ctx, who, vm, ProtectActions())
		if err == nil {
			err = f(ctx, who, vm)
		} else {
			err = s.rejectProtection(ctx, by, what, []string{vm.ID}, err)
		}
		if err != nil && !errors.As(err, new(*jit.Refusal)) {
			s.adapters.Log.ErrorContext(ctx, "protecting or unprotecting a VM", slog.String("vm", vm.ID), slog.Any("error", err))
		}
		out = append(out, VMResult{VM: vm, Err: err})
	}
	return out, nil
}

// rejectProtection records an attempt without authority and returns the refusal.
func (s *Service) rejectProtection(ctx context.Context, by jit.UserID, what string, vms []string, no error) error {
	if !errors.Is(no, jit.ErrAuthority) {
		return no
	}
	if err := s.adapters.Record.Append(ctx, jit.Rejected(by, what, vms, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}
