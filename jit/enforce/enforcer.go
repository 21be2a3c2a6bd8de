package enforce

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
	"jitbot/jit/protection"
	"jitbot/jit/route"
)

// Enforcer protects VMs as the configuration has it. Safe for concurrent use.
type Enforcer struct {
	checks  admission.Checker
	refused *unprotectable
	touch   func(guards []string)
}

// New makes one; touch has guards reconciled at once, whose ids are in lower case.
func New(checks admission.Checker, touch func(guards []string)) *Enforcer {
	return &Enforcer{checks: checks, refused: newUnprotectable(), touch: touch}
}

// Due reports whether the VM, which is not protected as the configuration has it, is to
// be tried now.
func (e *Enforcer) Due(vm jit.VM) bool { return e.refused.isDue(vm) }

// Enforce protects a VM as the configuration has it: one that it says to protect
// always, and one that was protected under another policy. What cannot hold is
// told once, leaves what is there, and is due again after a while.
func (e *Enforcer) Enforce(ctx context.Context, id string) error {
	vm, err := e.checks.Adapters.Inventory.VM(ctx, id)
	if errors.Is(err, jit.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", id, err)
	}
	old, err := e.checks.Protection(ctx, vm.ID, id)
	if err != nil {
		return err
	}
	policy, ok := e.checks.Config.Policy(vm)
	if !ok || old.State == protection.Unprotecting || old.VM == "" && !policy.Always || old.VM != "" && policy.Agrees(old) {
		return nil
	}
	ports := old.Ports
	if policy.Always {
		ports = nil // the policy's
	}
	next, err := e.checks.DraftProtection(ctx, old.By, vm, ports, policy.Always)
	if no := (*jit.Refusal)(nil); errors.As(err, &no) {
		e.refused.refuse(id)
		return e.tellOpen(ctx, vm, policy.Protection(vm, nil), "all of it, as it was: "+no.Error())
	}
	if err != nil {
		return err
	}
	e.refused.forget(id)
	now := e.checks.Clock.Now()
	store := e.checks.Adapters.Protections
	_, err = store.Protect(ctx, vm.ID, func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		if p.Revision != old.Revision {
			return p, p.VM != "", nil, nil // somebody was quicker, and it is followed again
		}
		after, events := p.ReplacedBy(next, now)
		return after, true, events, nil
	})
	e.touch(slices.Concat(old.Guards(), next.Guards()))
	if err != nil {
		return fmt.Errorf("storing the protection of %s: %w", id, err)
	}
	return nil
}

// TellUnread tells of addresses of a protected VM that its denies cannot name.
func (e *Enforcer) TellUnread(ctx context.Context, vm jit.VM, p protection.Protection) error {
	unread := route.Unread(vm)
	if len(unread) == 0 {
		return nil
	}
	return e.tellOpen(ctx, vm, p, "what stands as its address and no rule of jitbot can name, "+strings.Join(unread, ", ")+
		"; have whoever manages its interface in Azure give it single addresses, or blocks of /28 at most, in its place")
}

// tellOpen tells the channel what is open of a VM that should be shut as wanted says
// and cannot be: once for each cause, also over restarts.
func (e *Enforcer) tellOpen(ctx context.Context, vm jit.VM, wanted protection.Protection, open string) error {
	now := e.checks.Clock.Now()
	mine := now.Format(time.RFC3339Nano)
	first, err := e.checks.Adapters.Names.Bind(ctx, "open "+strings.ToLower(vm.ID)+" "+open, mine)
	if err != nil {
		return fmt.Errorf("keeping that it is told what stays open of %s: %w", vm.Name, err)
	}
	if first != mine {
		return nil
	}
	e.checks.Adapters.Log.WarnContext(ctx, "a VM cannot be protected as the configuration has it",
		slog.String("vm", vm.ID), slog.String("open", open))
	wanted.State, wanted.Open = protection.Protected, "" // of which it is told where it changed
	_, events := wanted.Expose("", nil, open, now)
	if err := e.checks.Adapters.Record.Append(ctx, events...); err != nil {
		return fmt.Errorf("recording what stays open of %s: %w", vm.Name, err)
	}
	return nil
}
