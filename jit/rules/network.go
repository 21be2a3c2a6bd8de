package rules

import (
	"context"
	"errors"
	"fmt"

	"jitbot/jit"
)

// ErrNotYet has a guard looked at again: something was sent and is not yet
// read back as it should be.
var ErrNotYet = errors.New("the guard does not agree yet")

// ErrElsewhere is an ErrBusy of what lies in another subscription than a guard and
// could not be read: all that is in the guard's own was read. It asks for no pause.
var ErrElsewhere = fmt.Errorf("in another subscription, which does not answer just now: %w", jit.ErrBusy)

// Network reads and writes guards: network security groups, firewalls and rule
// collection groups. Errors wrap the kinds of errors of package jit.
type Network interface {
	// Table reads what the guard holds now. ErrNotFound when it is gone.
	Table(ctx context.Context, guard string) (Table, error)
	// Subscriptions are those that are looked at, by GUID in lower case.
	Subscriptions() []string
	// Tables reads every guard of a subscription. With an error, what could
	// be read is returned too: with ErrElsewhere, all but the groups of policies in others.
	Tables(ctx context.Context, subscription string) ([]Table, error)
	// Apply makes the changes in order and waits until Azure has finished each.
	// It returns one entry a change, nil where Azure said Succeeded; removing
	// what is gone succeeds. What is in force is known by Table, not by this.
	Apply(ctx context.Context, guard string, changes []Change) []error
}
