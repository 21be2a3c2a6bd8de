package outbox

import (
	"context"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
)

// Writer is what of a store writes notices: each method stores those of its
// events.
type Writer interface {
	Create(ctx context.Context, g jit.Grant, events ...jit.Event) error
	Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error)
	Append(ctx context.Context, events ...jit.Event) error
	KeepDigest(ctx context.Context, d reach.Digest, events ...jit.Event) error
	Protect(
		ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, bool, []jit.Event, error),
	) (protection.Protection, error)
}

// Waking is the writer with the dispatcher woken after each write, so that
// nobody waits for the next look.
func (d *Dispatcher) Waking(w Writer) Writer { return waking{w, d} }

type waking struct {
	writer     Writer
	dispatcher *Dispatcher
}

func (w waking) wake(err error) error {
	if err == nil {
		w.dispatcher.poke()
	}
	return err
}

// Create implements Writer.
func (w waking) Create(ctx context.Context, g jit.Grant, events ...jit.Event) error {
	return w.wake(w.writer.Create(ctx, g, events...))
}

// Update implements Writer.
func (w waking) Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	g, err := w.writer.Update(ctx, id, f)
	return g, w.wake(err)
}

// Append implements Writer.
func (w waking) Append(ctx context.Context, events ...jit.Event) error {
	return w.wake(w.writer.Append(ctx, events...))
}

// KeepDigest implements Writer.
func (w waking) KeepDigest(ctx context.Context, d reach.Digest, events ...jit.Event) error {
	return w.wake(w.writer.KeepDigest(ctx, d, events...))
}

// Protect implements Writer.
func (w waking) Protect(
	ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, bool, []jit.Event, error),
) (protection.Protection, error) {
	p, err := w.writer.Protect(ctx, vm, f)
	return p, w.wake(err)
}
