package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/reach"
)

const (
	digestPatience = 10 * time.Minute // what could not be read is tried again for this long
)

// queueDigest begins with the digest when a time of its schedule has come that
// is not known to be settled.
func (r *Reconciler) queueDigest(ctx context.Context) {
	if !r.digestDone.covers(r.config.Digest.Last(r.checks.Clock.Now())) {
		r.work.digests.Add(ctx, "", false)
	}
}

// runDigest settles what is due. The key is not used: there is only one.
func (r *Reconciler) runDigest(ctx context.Context, _ string) error {
	due := r.config.Digest.Last(r.checks.Clock.Now())
	err := r.makeDueDigest(ctx, due)
	if err != nil {
		if ctx.Err() == nil {
			r.adapters.Log.WarnContext(ctx, "the digest is due and cannot be made yet", slog.Time("due", due), slog.Any("error", err))
		}
		return err
	}
	r.digestDone.note(due)
	return nil
}

// makeDueDigest makes the digest that is due, unless the store knows that it
// was. A schedule that was just set begins with its next time, and so does one
// that a clock far ahead of this one has settled.
func (r *Reconciler) makeDueDigest(ctx context.Context, due time.Time) error {
	last, err := r.state.Digest(ctx)
	if err != nil {
		return fmt.Errorf("reading the last digest: %w", err)
	}
	now, schedule := r.checks.Clock.Now(), r.config.Digest.String()
	switch {
	case last.Schedule != schedule || last.Due.Sub(now) > r.config.Digest.Every:
	case !due.After(last.Due):
		return nil
	case now.Sub(due) <= jit.DigestKept:
		return r.storeDigest(ctx, last, due)
	default:
		r.adapters.Log.WarnContext(ctx, "a digest was due while jitbot was down, and is too old to be told", slog.Time("due", due))
	}
	last.Schedule, last.Due = schedule, due
	if err := r.state.KeepDigest(ctx, last); err != nil {
		return fmt.Errorf("keeping that no digest is due: %w", err)
	}
	return nil
}

func (r *Reconciler) storeDigest(ctx context.Context, last jit.Digest, due time.Time) error {
	vms, err := r.checks.VMs.List(ctx, admission.VMsMaxAge)
	if err != nil {
		return err
	}
	findings, gaps, err := r.checks.Classify(ctx, vms)
	if err != nil {
		return err
	}
	now := r.checks.Clock.Now()
	if len(gaps) > 0 && now.Sub(due) < digestPatience {
		return errors.New(strings.Join(gaps, " "))
	}
	if doubt := r.trust.doubt(); doubt != "" { // Azure's clock was heard just now
		return errors.New(doubt)
	}
	d := reach.NewDigest(last, due, now, findings, gaps)
	if err := r.state.KeepDigest(ctx, d, d.Event()); err != nil {
		return fmt.Errorf("keeping the digest: %w", err)
	}
	return nil
}

// doneDigest is the last time of the digest's schedule that is known to be
// settled. mu guards it.
type doneDigest struct {
	mu  sync.Mutex
	due time.Time
}

// covers reports whether that time of the schedule is settled.
func (s *doneDigest) covers(due time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !due.After(s.due)
}

func (s *doneDigest) note(due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = due
}
