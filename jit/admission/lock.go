package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"jitbot/jit"
	"jitbot/jit/rbac"
	"jitbot/jit/resource"
)

// ManagementLock is a lock of Azure. It holds for what it is on and for all
// below that, whatever roles somebody has.
// https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
type ManagementLock struct {
	Name  string
	Scope string // resource id of what it is on
	Level string // CanNotDelete or ReadOnly, as Azure writes it
}

// cannotDelete is the level that lets rules be written and never removed; every
// other one is taken for ReadOnly, which lets nothing be changed.
const cannotDelete = "CanNotDelete"

// Over reports whether the lock holds for the resource.
func (l ManagementLock) Over(id string) bool { return resource.Within(id, l.Scope) }

// Bars reports whether the lock is in the way of what jitbot does at the guard:
// a rule of a network security group, or a group of ours in a firewall policy,
// is deleted in the end, while a firewall with rules of its own is only written.
func (l ManagementLock) Bars(guard string) bool {
	return l.Over(guard) && (!l.cannotDelete() || resource.KindOf(guard) != resource.ClassicFirewall)
}

func (l ManagementLock) cannotDelete() bool { return strings.EqualFold(l.Level, cannotDelete) }

// Refuse says why no rule is written in a guard that the lock bars.
func (l ManagementLock) Refuse(guard string) *jit.Refusal {
	why := "lets no rule of the " + resource.KindOf(guard).Noun() + " %s be changed"
	if l.cannotDelete() {
		why = "would let a rule be written in the " + resource.KindOf(guard).Noun() + " %s and never be removed"
	}
	kind, name := placeOf(l.Scope)
	return jit.Refuse(jit.ErrPolicy, "The lock %s (%s) on the "+kind+" %s "+why+
		", so jitbot writes none there; have an owner remove the lock first.",
		l.Name, l.Level, name, resource.GuardName(guard))
}

// placeOf is what people call a scope.
func placeOf(scope string) (kind, name string) {
	parts := strings.Split(strings.ToLower(strings.Trim(scope, "/")), "/")
	switch {
	case len(parts) == 2 && parts[0] == "subscriptions":
		return "subscription", resource.Name(scope)
	case len(parts) == 4 && parts[2] == "resourcegroups":
		return "resource group", resource.Name(scope)
	case resource.IsFirewall(scope) || parts[max(len(parts)-2, 0)] == "networksecuritygroups":
		return resource.KindOf(scope).Noun(), resource.GuardName(scope)
	default:
		return "resource", resource.Name(scope)
	}
}

// removeRule is the Azure action that removes what was written in a network security
// group. In a firewall writing removes too.
const removeRule = "Microsoft.Network/networkSecurityGroups/securityRules/delete"

// CheckRemovable refuses guards in which a rule could be written and not be removed,
// or nothing be changed: a management lock is over them, or jitbot's own identity may
// not remove rules there. What cannot be closed is not opened, and what cannot be
// changed is not promised. Where locks may not be read, as under the role of an older
// version, they are not known.
func (c Checker) CheckRemovable(ctx context.Context, guards []string) error {
	if c.Adapters.Locks == nil || len(guards) == 0 {
		return nil
	}
	if err := c.checkLocks(ctx, guards); err != nil {
		return err
	}
	for _, guard := range guards {
		if resource.IsFirewall(guard) {
			continue
		}
		own, err := c.Adapters.Locks.OwnHoldings(ctx, guard)
		if err != nil {
			return fmt.Errorf("reading whether jitbot may remove rules of %s: %w", guard, err)
		}
		if no := RefuseUnremovable(own, guard); no != nil {
			return no
		}
	}
	return nil
}

// RefuseUnremovable says why no rule is written in a network security group where
// jitbot's own identity holds what it was found to hold; nil when it may remove rules
// there.
func RefuseUnremovable(own rbac.Holdings, guard string) *jit.Refusal {
	if d, denied := own.DeniedBy(removeRule); denied {
		kind, name := placeOf(d.Scope)
		return jit.Refuse(jit.ErrPolicy, "The deny assignment %s on the "+kind+" %s would let a rule be written in the network security "+
			"group %s and never be removed, so jitbot writes none there; have its owner exclude jitbot's identity first.",
			d.Name, name, resource.GuardName(guard))
	}
	if len(own.Missing([]string{removeRule})) > 0 {
		return jit.Refuse(jit.ErrPolicy, "jitbot's identity lacks the Azure action %s at the network security group %s, so a rule could be "+
			"written there and never be removed, and jitbot writes none; have an owner give it the role that jitbot role prints.",
			jit.Whole(removeRule), resource.GuardName(guard))
	}
	return nil
}

func (c Checker) checkLocks(ctx context.Context, guards []string) error {
	found, err := c.Adapters.Locks.LocksOver(ctx, guards)
	if errors.Is(err, jit.ErrForbidden) {
		c.locksUnread.Do(func() {
			c.Adapters.Log.WarnContext(ctx, "management locks may not be read, so a rule may be written that cannot be removed; "+
				"give jitbot the role that jitbot role prints",
				slog.Any("error", err))
		})
		err = nil
	}
	if err != nil {
		return fmt.Errorf("reading the locks over %s: %w", strings.Join(guards, ", "), err)
	}
	for _, guard := range guards {
		for _, l := range found {
			if l.Bars(guard) {
				return l.Refuse(guard)
			}
		}
	}
	return nil
}
