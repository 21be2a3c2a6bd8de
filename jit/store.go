package jit

import (
	"context"
	"time"
)

// Each method of Grants and Record is one atomic, durable
// transaction: when it returns nil, a power failure loses nothing. What stores
// an event stores the notices of it too.

// Grants keeps the grants.
type Grants interface {
	// Create stores a new grant and its events. ErrExists when the id is taken.
	Create(ctx context.Context, g Grant, events ...Event) error
	// Update gives the stored grant to f and stores what f returns and its
	// events; f may run more than once and must not have effects. An error of f
	// is returned as it is and nothing is stored. A grant returned with no
	// events and the same revision is not written.
	Update(ctx context.Context, id ID, f func(Grant) (Grant, []Event, error)) (Grant, error)
	// Grant reads one. ErrNotFound.
	Grant(ctx context.Context, id ID) (Grant, error)
	// Unfinished lists every grant whose state is not final, oldest first.
	Unfinished(ctx context.Context) ([]Grant, error)
	// Due lists the grants whose Wake is at or before now, earliest first.
	Due(ctx context.Context, now time.Time) ([]ID, error)
	// AtGuard lists the grants that are opening, open or closing and name the
	// guard, which is compared without regard to case.
	AtGuard(ctx context.Context, guard string) ([]Grant, error)
}

// Record keeps the events, each chained to the one before it.
type Record interface {
	// Append records events that change no grant.
	Append(ctx context.Context, events ...Event) error
}

// Card is where a grant's message is.
type Card struct {
	Channel string `json:"channel,omitempty"`
	Message string `json:"message,omitempty"` // Slack's ts
}

// Notice is one thing to be told to one audience. It is stored in the
// transaction of its event and removed when it was delivered.
type Notice struct {
	Seq   uint64   `json:"seq"` // in the order of its event
	Event Event    `json:"event"`
	To    Audience `json:"to"`
}
