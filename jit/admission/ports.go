package admission

import (
	"context"
	"errors"
	"time"

	"jitbot/jit/clock"
	"jitbot/jit/rbac"
	"jitbot/jit/rules"
)

// Readiness tells whether it is safe to open something now. Closings do not ask.
type Readiness interface {
	// Skew is how far the network's clock is ahead of ours.
	Skew() clock.Skew
	// Spare reports whether more than half of the write budget of the guard's
	// subscription is left; the rest is kept for closings.
	Spare(guard string) bool
	// Fault says in a few words why Azure cannot be worked with in a subscription
	// just now; empty when nothing is known to be wrong.
	Fault(subscription string) string
}

// Meter measures what the promises are about.
type Meter interface {
	// Opened tells how long it took from the last approval to the confirmation.
	Opened(took time.Duration)
	// Closed tells how long after it was due a closing was confirmed.
	Closed(late time.Duration)
}

// Locks knows what in Azure keeps jitbot from removing a rule that it may write:
// management locks, and what its own identity holds.
type Locks interface {
	// OwnHoldings reads what the identity that signs in holds at a resource, as it
	// was at most a minute ago. Any doubt is an error.
	OwnHoldings(ctx context.Context, scope string) (rbac.Holdings, error)
	// LocksOver lists the locks at or above each of the resources, each once.
	// With ErrForbidden some may not be read; what could be is returned too.
	LocksOver(ctx context.Context, ids []string) ([]ManagementLock, error)
}

// Witness is Azure's own reading of the rules.
type Witness interface {
	// EffectiveRules are the rules that Azure says are in effect before a network
	// interface now, by network security group. ErrNotRunning, and ErrForbidden
	// without the action for it.
	EffectiveRules(ctx context.Context, nic string) ([]rules.Table, error)
	// VerifyIPFlow is what Azure says becomes of a packet. ErrNoWatcher, and
	// ErrForbidden without the actions for it.
	VerifyIPFlow(ctx context.Context, f IPFlow) (IPFlowAnswer, error)
}

// ErrNotRunning means that Azure tells something of a running machine only.
var ErrNotRunning = errors.New("the machine is not running")

// Directory is Entra, and Azure's roles of its users.
type Directory interface {
	// User finds the one Entra user that name means: an object id, a user
	// principal name or, with mail, an e-mail address. ErrNotFound,
	// ErrAmbiguous.
	User(ctx context.Context, name string, mail bool) (Account, error)
	// Holdings reads what the user holds at or above the scope. Any doubt is
	// an error.
	Holdings(ctx context.Context, user, scope string) (rbac.Holdings, error)
}

// Names keeps whom the names of the configuration mean.
type Names interface {
	// Bind keeps the object id that a name of the configuration meant when it
	// was first resolved, and returns the one kept.
	Bind(ctx context.Context, name, object string) (string, error)
}

// ErrAmbiguous means that a name is that of more than one Entra user.
var ErrAmbiguous = errors.New("more than one match")

// Account is an Entra user.
type Account struct {
	ID      string // object id
	Name    string // user principal name
	Enabled bool
}
