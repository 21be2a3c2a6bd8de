package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/inventory"
	"jitbot/jit/policies"
	"jitbot/jit/reach"
	"jitbot/jit/workqueue"
)

const (
	tick     = time.Second      // how often the schedule is looked at
	patience = 10 * time.Minute // what could not be read is tried again for this long
)

// Store keeps the digest.
type Store interface {
	// Digest gives the digest that was kept last; the zero Digest when there is
	// none.
	Digest(ctx context.Context) (reach.Digest, error)
	// KeepDigest keeps a digest in place of the last one, with its events and
	// their notices.
	KeepDigest(ctx context.Context, d reach.Digest, events ...jit.Event) error
	// Last is the last line of the record; the zero Event when there is none.
	Last(ctx context.Context) (jit.Event, error)
}

// Writer makes the digests that are due.
type Writer struct {
	checks admission.Checker
	config policies.Config
	store  Store
	log    *slog.Logger
	doubt  func() string // why the clock is not to be trusted; empty when it is
}

// NewWriter makes a writer; Run starts it. Nothing is told while doubt gives a
// reason.
func NewWriter(checks admission.Checker, store Store, doubt func() string) *Writer {
	return &Writer{checks: checks, config: checks.Config, store: store, log: checks.Adapters.Log, doubt: doubt}
}

// Run makes each digest and tells each anchor of the record that falls due until ctx
// ends, and waits for the one under way. One that fails is tried again, for ever.
func (w *Writer) Run(ctx context.Context) error {
	var done, anchored time.Time // the last time of the schedule, and the last day, known to be settled
	failures := 0
	for {
		now := w.checks.Clock.Now()
		pause := tick
		var anchorErr, digestErr error
		if day := dayOf(now); !day.Equal(anchored) {
			if anchorErr = w.anchor(ctx, day); anchorErr == nil {
				anchored = day
			}
		}
		if due := w.lastDue(now); due.After(done) {
			if digestErr = w.settle(ctx, due); digestErr == nil {
				done = due
			}
		}
		if err := errors.Join(anchorErr, digestErr); err == nil {
			failures = 0
		} else {
			failures++
			pause = workqueue.Backoff(failures, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// lastDue is the last time of the schedule; the zero time when there is none.
func (w *Writer) lastDue(now time.Time) time.Time {
	if w.config.Digest.Every == 0 {
		return time.Time{}
	}
	return w.config.Digest.Last(now)
}

// settle makes the digest that is due, and logs why it cannot.
func (w *Writer) settle(ctx context.Context, due time.Time) error {
	err := w.makeDue(ctx, due)
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "the digest is due and cannot be made yet", slog.Time("due", due), slog.Any("error", err))
	}
	return err
}

// makeDue makes the digest that is due, unless the store knows that it
// was. A schedule that was just set begins with its next time, and so does one
// that a clock far ahead of this one has settled.
func (w *Writer) makeDue(ctx context.Context, due time.Time) error {
	last, err := w.store.Digest(ctx)
	if err != nil {
		return fmt.Errorf("reading the last digest: %w", err)
	}
	now, schedule := w.checks.Clock.Now(), w.config.Digest.String()
	switch {
	case last.Schedule != schedule || last.Due.Sub(now) > w.config.Digest.Every:
	case !due.After(last.Due):
		return nil
	case now.Sub(due) <= reach.DigestKept:
		return w.keep(ctx, last, due)
	default:
		w.log.WarnContext(ctx, "a digest was due while jitbot was down, and is too old to be told", slog.Time("due", due))
	}
	last.Schedule, last.Due = schedule, due
	if err := w.store.KeepDigest(ctx, last); err != nil {
		return fmt.Errorf("keeping that no digest is due: %w", err)
	}
	return nil
}

func (w *Writer) keep(ctx context.Context, last reach.Digest, due time.Time) error {
	vms, hidden := w.checks.VMs.All(ctx, inventory.VMsMaxAge)
	if hidden != nil && len(vms) == 0 {
		return hidden
	}
	findings, gaps, err := w.checks.Classify(ctx, vms)
	if err != nil {
		return err
	}
	if hidden != nil {
		gaps = append(gaps, "Not all subscriptions could be listed, so some VMs are left out.")
	}
	now := w.checks.Clock.Now()
	if len(gaps) > 0 && now.Sub(due) < patience {
		return errors.New(strings.Join(gaps, " "))
	}
	if doubt := w.doubt(); doubt != "" { // Azure's clock was heard just now
		return errors.New(doubt)
	}
	d := reach.NewDigest(last, due, now, findings, gaps)
	if err := w.store.KeepDigest(ctx, d, d.Event()); err != nil {
		return fmt.Errorf("keeping the digest: %w", err)
	}
	return nil
}
