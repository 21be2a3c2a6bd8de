package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"jitbot/jit"
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
	kind, name := l.place()
	return jit.Refuse(jit.ErrPolicy, "The lock %s (%s) on the "+kind+" %s "+why+
		", so jitbot writes none there; have an owner remove the lock first.",
		l.Name, l.Level, name, resource.GuardName(guard))
}

// place is what people call that which is locked.
func (l ManagementLock) place() (kind, name string) {
	parts := strings.Split(strings.ToLower(strings.Trim(l.Scope, "/")), "/")
	switch {
	case len(parts) == 2 && parts[0] == "subscriptions":
		return "subscription", resource.Name(l.Scope)
	case len(parts) == 4 && parts[2] == "resourcegroups":
		return "resource group", resource.Name(l.Scope)
	case resource.IsFirewall(l.Scope) || parts[max(len(parts)-2, 0)] == "networksecuritygroups":
		return resource.KindOf(l.Scope).Noun(), resource.GuardName(l.Scope)
	default:
		return "resource", resource.Name(l.Scope)
	}
}

// CheckLocks refuses guards that a management lock is over: what cannot be
// closed is not opened, and what cannot be changed is not promised. Where locks
// may not be read, as under the role of an older version, they are not known.
func (c Checker) CheckLocks(ctx context.Context, guards []string) error {
	if c.Adapters.Locks == nil || len(guards) == 0 {
		return nil
	}
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
