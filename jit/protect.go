package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// protectActions are what an admin must hold at a VM to lock or unlock it, the
// rights that configuring Defender's just-in-time access asks for.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage
func protectActions() []string {
	return []string{
		"Microsoft.Security/locations/jitNetworkAccessPolicies/write",
		"Microsoft.Compute/virtualMachines/write",
	}
}

// Result is what became of one VM of several.
type Result struct {
	VM  VM
	Err error // a Refusal, or a fault; nil when it was done
}

// Protect locks ports of the VMs, which are named as in Ask: what the form
// chose, or with no ports what each VM's policy offers. Each VM has its own
// outcome. It answers when the protections are stored; that they are in force
// is told once the denies were read back.
func (s *Service) Protect(ctx context.Context, by UserID, words []string, ports []PortPolicy) ([]Result, error) {
	return s.eachVM(ctx, by, "protect", words, func(ctx context.Context, who Person, vm VM) error {
		if policy, _ := s.config.Policy(vm); policy.Always {
			return Refuse(ErrPolicy, "The configuration protects %s always, and says how; change its policy there and restart jitbot.", vm.Name)
		}
		p, err := s.checks.Protect(ctx, who, vm, ports)
		s.loop.Touch(p.Guards())
		return err
	})
}

// Unprotect unlocks the VMs: exactly our denies are removed.
func (s *Service) Unprotect(ctx context.Context, by UserID, words []string) ([]Result, error) {
	return s.eachVM(ctx, by, "unprotect", words, func(ctx context.Context, who Person, vm VM) error {
		p, err := s.checks.protection(ctx, vm.ID, vm.Name)
		if err != nil {
			return err
		}
		if p.VM == "" {
			return Refuse(ErrStale, "%s is not protected, so there is nothing to remove.", vm.Name)
		}
		if p.Always {
			return Refuse(ErrPolicy, "The configuration protects %s always; change protect under its policy and restart jitbot.", vm.Name)
		}
		err = s.loop.Protect(ctx, vm.ID, func(p Protection) (Protection, []Event) { return p.End(who, "", s.checks.Clock.Now()) })
		s.loop.Touch(p.Guards())
		return err
	})
}

// eachVM runs f on each VM for an admin who holds the rights there.
func (s *Service) eachVM(ctx context.Context, by UserID, what string, words []string, f func(context.Context, Person, VM) error) ([]Result, error) {
	said := what + " " + CleanText(strings.Join(words, ", "))
	who, err := s.checks.Identify(ctx, by)
	if err != nil {
		return nil, s.rejectProtection(ctx, by, said, nil, err)
	}
	admin, err := s.checks.IsListed(ctx, s.config.Admins, by)
	if err != nil {
		return nil, err
	}
	if !admin {
		return nil, s.rejectProtection(ctx, by, said, nil, Refuse(ErrAuthority, "Only admins may protect and unprotect; ask one of those under admins in the configuration."))
	}
	vms, err := s.checks.VMs.Find(ctx, words)
	if err != nil {
		return nil, err
	}
	out := make([]Result, 0, len(vms))
	for _, vm := range vms {
		err := s.checks.CheckRights(ctx, who, vm, protectActions())
		if err == nil {
			err = f(ctx, who, vm)
		} else {
			err = s.rejectProtection(ctx, by, what, []string{vm.ID}, err)
		}
		if err != nil && !errors.As(err, new(*Refusal)) {
			s.adapters.Log.ErrorContext(ctx, "protecting or unprotecting a VM", slog.String("vm", vm.ID), slog.Any("error", err))
		}
		out = append(out, Result{vm, err})
	}
	return out, nil
}

// rejectProtection records an attempt without authority and returns the refusal.
func (s *Service) rejectProtection(ctx context.Context, by UserID, what string, vms []string, no error) error {
	if !errors.Is(no, ErrAuthority) {
		return no
	}
	if err := s.adapters.Store.Append(ctx, Rejected(by, what, vms, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}

// Protect stores a protection.
func (j Checker) Protect(ctx context.Context, who Person, vm VM, ports []PortPolicy) (Protection, error) {
	fresh, err := j.Adapters.Inventory.VM(ctx, vm.ID)
	if errors.Is(err, ErrNotFound) {
		return Protection{}, Refuse(ErrPolicy, "%s does not exist any more; check the name.", vm.Name)
	}
	if err != nil {
		return Protection{}, fmt.Errorf("reading %s: %w", vm.Name, err)
	}
	p, err := j.DraftProtection(ctx, who, fresh, ports, false)
	if err != nil {
		return Protection{}, err
	}
	return p, j.StoreProtection(ctx, p)
}

// DraftProtection makes a protection of a VM as it is now, after the guards were looked
// at: what cannot hold is refused before anything is written.
func (j Checker) DraftProtection(ctx context.Context, who Person, vm VM, ports []PortPolicy, always bool) (Protection, error) {
	policy, ok := j.Config.Policy(vm)
	if len(ports) == 0 {
		ports = policy.Ports
	}
	if !ok || len(ports) == 0 {
		return Protection{}, Refuse(ErrPolicy, "No policy offers a port of %s, so there is nothing to protect; ask an admin for one under policies.", vm.Name)
	}
	if err := checkProtectedPorts(ports); err != nil {
		return Protection{}, err
	}
	paths, err := FullProtectionPaths(vm)
	if err != nil {
		return Protection{}, err
	}
	p := policy.Protection(vm, paths)
	p.By, p.Always, p.Ports = who, always, ports
	return p, j.protectable(ctx, p)
}

// checkProtectedPorts refuses what no protection may say.
func checkProtectedPorts(ports []PortPolicy) error {
	asked := make([]Ports, 0, len(ports))
	for _, pp := range ports {
		if pp.Longest > MaxDuration || pp.Longest < DefaultShortest {
			return Refuse(ErrInput, "Access of %s is no longest time for port %s; choose from 5m to 24h.", pp.Longest, pp.Ports)
		}
		if !pp.Any && len(pp.Sources) == 0 {
			return Refuse(ErrInput, "Say from where port %s may be asked for: any single address per request, or ranges.", pp.Ports)
		}
		asked = append(asked, pp.Ports)
	}
	_, err := dedupePorts(asked)
	return err
}

// protectable refuses a protection whose denies could not be written or removed,
// or would be idle because somebody's allow stands above them.
func (j Checker) protectable(ctx context.Context, p Protection) error {
	if err := j.CheckLocks(ctx, p.Guards()); err != nil {
		return err
	}
	owner := j.Owner
	for _, guard := range p.Guards() {
		t, w, err := j.At(ctx, guard)
		if err != nil {
			return err
		}
		locks := slices.DeleteFunc(w.Protections, func(o Protection) bool { return resource.Same(o.VM, p.VM) })
		plan := owner.MakePlan(t, owner.Desired(guard, w.Grants, append(locks, p)))
		if err := owner.FitsProtections(t, plan, p); err != nil {
			return err
		}
	}
	return nil
}

// FitsProtections refuses denies of the protection that the plan cannot place, or that
// an allow of somebody else stands above.
func (o Owner) FitsProtections(t Table, plan Plan, p Protection) error {
	for _, b := range plan.Blocked {
		if n, _ := ParseRuleName(b.Name); n.Grant == "" {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if r.Allow || p.Existing == Respect || !denyMeets(p, t.Guard, r) {
			continue
		}
		if allow, above := o.StandsAbove(t, r); above {
			return Refuse(ErrPolicy, "The rule %s (priority %s) in %s lets people in before any deny of ours is asked; move it behind %s, or set existing: respect.",
				allow.Name, fmt.Sprint(allow.Priority), t.Name, fmt.Sprint(r.Priority))
		}
	}
	return nil
}

// StoreProtection stores the protection anew or over the one that is there; one that
// says the same is left alone.
func (j Checker) StoreProtection(ctx context.Context, p Protection) error {
	now := j.Clock.Now()
	_, err := j.Adapters.Store.Protect(ctx, p.VM, func(old Protection) (Protection, bool, []Event, error) {
		if old.VM != "" && old.State != Unprotecting && old.Same(p) {
			return old, true, nil, nil
		}
		next, events := old.ReplacedBy(p, now)
		return next, true, events, nil
	})
	if err != nil {
		return fmt.Errorf("storing the protection of %s: %w", p.Name, err)
	}
	return nil
}
