package admission

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/text"
	"jitbot/jit/workqueue"
)

// patience is how long an answer may wait for a busy Azure.
const patience = 30 * time.Second

// Patiently tries again while Azure is busy, for as long as a person would
// wait.
func Patiently(ctx context.Context, f func() error) error {
	end := time.Now().Add(patience)
	for failures := 1; ; failures++ {
		err := f()
		wait := workqueue.Backoff(failures, err)
		if !errors.Is(err, jit.ErrBusy) && !errors.Is(err, jit.ErrConflict) || time.Now().Add(wait).After(end) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// ErrVersion means that Azure does not serve the version of its API that was asked
// for, as in a cloud that is behind. While that may pass it is an ErrBusy too.
var ErrVersion = errors.New("the version of the API is not served")

// ErrKept means that a change was not sent, because what Azure still takes is kept for
// closings.
var ErrKept = errors.New("kept for closings")

// BudgetSpent says why an opening waits for Azure's budget.
const BudgetSpent = "Azure's budget for changes is nearly spent, and what is left is kept for closing"

// notServed says of a version of the API that it is not to be had.
const notServed = "Azure does not serve the version of its API that jitbot speaks"

// Outline says in a few words what kind of fault it is; the log has the rest.
func Outline(err error) string {
	switch {
	case errors.Is(err, ErrVersion):
		return notServed
	case errors.Is(err, jit.ErrForbidden):
		return "Azure does not let jitbot read them"
	case errors.Is(err, jit.ErrBusy):
		return "Azure is busy"
	case errors.Is(err, jit.ErrNotFound):
		return "something of it is gone from Azure"
	default:
		return "a service did not answer"
	}
}

// Sick says which of the VMs is in a subscription that Azure cannot be worked with
// just now, and why; empty when nothing is known to be wrong with any.
func (c Checker) Sick(vms []string) string {
	for _, vm := range vms {
		if why := c.Adapters.Readiness.Fault(resource.Subscription(vm)); why != "" {
			return fmt.Sprintf("%s is in subscription %s, and %s", resource.Name(vm), resource.Subscription(vm), why)
		}
	}
	return ""
}

// BesideSick says what works while one subscription does not, as a sentence after
// another; empty when it is the only one.
func (c Checker) BesideSick() string {
	if len(c.VMs.Subscriptions()) < 2 {
		return ""
	}
	return " VMs of other subscriptions can be asked for."
}

// Missing says, after its name, why a VM is not to be had.
func Missing(err error) string {
	if errors.Is(err, inventory.ErrUnwatched) {
		return " is in a subscription that jitbot's configuration does not name any more"
	}
	return " does not exist any more"
}

// Recreated says, after its name, that a VM is another one than was asked for.
const Recreated = " was deleted and created again since it was asked for, so it is another VM"

// Lasting reports whether trying again cannot help: Azure forbids or refuses
// it, or somebody's rule is in the way.
func Lasting(err error) bool {
	return errors.As(err, new(*jit.Refusal)) || errors.Is(err, jit.ErrForbidden) ||
		errors.Is(err, jit.ErrLocked) || errors.Is(err, jit.ErrInvalid)
}

// ErrDenied is an ErrForbidden that no role mends: a deny assignment is in the way.
var ErrDenied = fmt.Errorf("denied by a deny assignment: %w", jit.ErrForbidden)

// TurnedToDeny says why a rule of ours that should be gone is a deny: cause is what
// its removal met. What is passing is given back as it is.
func TurnedToDeny(rule string, cause error) error {
	const done = ", so it was turned into a deny and lets nobody in; "
	switch {
	case errors.Is(cause, jit.ErrLocked):
		return jit.Refuse(jit.ErrLocked, "a lock keeps the rule %s from being removed"+done+"remove the lock", rule)
	case errors.Is(cause, ErrDenied):
		return jit.Refuse(jit.ErrForbidden, "a deny assignment keeps the rule %s from being removed"+done+
			"have the owner of the deny assignment exclude jitbot's identity", rule)
	case errors.Is(cause, jit.ErrDisallowed):
		return jit.Refuse(jit.ErrForbidden, "Azure Policy keeps the rule %s from being removed"+done+
			"ask whoever manages the policy for an exemption", rule)
	case errors.Is(cause, jit.ErrForbidden):
		return jit.Refuse(jit.ErrForbidden, "the role of jitbot's identity lets it write the rule %s and not remove it"+done+
			"give it the role that jitbot role prints", rule)
	default:
		return cause
	}
}

// ReasonFor puts an error into words for a reader; only refusals and Azure's own
// reasons are shown.
func ReasonFor(err error) string {
	no := (*jit.Refusal)(nil)
	switch {
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, rules.ErrNotYet):
		return "Azure has not put the change into force yet"
	case errors.Is(err, ErrVersion) && errors.Is(err, jit.ErrBusy):
		return notServed + " just now; jitbot keeps trying"
	case errors.Is(err, ErrVersion):
		return notServed + "; have whoever runs jitbot write one that jitbot check names: " + text.Clean(err.Error())
	case errors.Is(err, ErrKept):
		return BudgetSpent
	case errors.Is(err, jit.ErrDisallowed):
		return "Azure Policy does not allow the change; ask whoever manages the policy for an exemption: " + text.Clean(err.Error())
	case errors.Is(err, ErrDenied):
		return "a deny assignment keeps jitbot from changing it; have its owner exclude jitbot's identity: " + text.Clean(err.Error())
	case errors.Is(err, ErrDisabled):
		return "its subscription is disabled, so nothing can be changed in it; ask whoever pays for it to enable it"
	case errors.Is(err, jit.ErrForbidden):
		return "Azure forbids jitbot to change it; give it the role that jitbot role prints"
	case errors.Is(err, jit.ErrLocked):
		return "a lock on it or above it is in the way; remove the lock"
	case errors.Is(err, jit.ErrInvalid):
		return "Azure refuses the rule: " + text.Clean(err.Error())
	case errors.Is(err, jit.ErrBusy), errors.Is(err, jit.ErrConflict):
		return "Azure is busy; jitbot keeps trying"
	default:
		return "Azure did not answer; jitbot keeps trying"
	}
}
