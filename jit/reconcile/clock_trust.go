package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/clock"
)

const (
	maxSkew    = 30 * time.Second // Azure's clock may differ by this much
	trustAfter = 5 * time.Minute  // Azure's clock must agree for this long to overrule the mark
	maxBack    = 5 * time.Second  // the wall clock may go back by this much
)

// clockTrust decides whether deadlines may be measured by this machine's clock
// alone: it knows how far the clock had come when jitbot ran last, whether it
// was set back, and whether Azure's agrees with it. mu guards what was noted so
// far (highest, suspect, answered, agreesSince), and is not held while the store writes.
type clockTrust struct {
	clock     *clock.Clock
	store     markStore
	readiness admission.Readiness
	log       *slog.Logger

	mu          sync.Mutex
	highest     time.Time // highest clock reading stored
	suspect     string    // why the clock is not to be trusted
	answered    bool      // Azure has answered since the start
	agreesSince time.Time // since when Azure's clock agrees, while the mark does not
}

// markStore keeps the highest clock reading. Mark stores a reading that is
// higher than what is stored, and gives what is stored then.
type markStore interface {
	Mark(ctx context.Context, now time.Time) (time.Time, error)
}

func newClockTrust(clock *clock.Clock, store markStore, w admission.Adapters) *clockTrust {
	return &clockTrust{clock: clock, store: store, readiness: w.Readiness, log: w.Log}
}

// due is what deadlines are compared with: while the clock is suspect after a
// start, the stored high-water mark counts too, so that nothing stays open
// longer.
func (t *clockTrust) due() time.Time {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.suspect != "" && t.highest.After(now) {
		return t.highest
	}
	return now
}

// doubt says why this machine's clock is not to be trusted; empty when it is.
func (t *clockTrust) doubt() string {
	skew := t.readiness.Skew()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case skew > maxSkew || skew < -maxSkew:
		return fmt.Sprintf("this machine's clock and Azure's differ by %s", jit.ShortDuration(skew.Abs()))
	case t.clock.Behind() > maxBack:
		return "this machine's clock was set back"
	default:
		return t.suspect
	}
}

// noteAnswer notes that Azure has answered, so that what is known of its clock is of
// now.
func (t *clockTrust) noteAnswer() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered = true
}

// compareMark compares the clock with the mark of the last run.
func (t *clockTrust) compareMark(ctx context.Context) {
	now := t.clock.Now()
	mark, err := t.store.Mark(ctx, time.Time{})
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.suspect = "the store cannot tell when the clock was last read"
		t.log.ErrorContext(ctx, "reading the clock's mark", slog.Any("error", err))
		return
	}
	t.highest = mark
	if mark.Sub(now) > maxBack {
		t.suspect = "this machine's clock is behind when it was last read"
		t.log.ErrorContext(ctx, "the clock went back while jitbot was down", slog.Time("mark", mark), slog.Time("now", now))
	}
}

// storeMark stores the reading. A clock that was suspect is trusted again when it
// has caught up, or when Azure's clock agrees with it.
func (t *clockTrust) storeMark(ctx context.Context) {
	now := t.clock.Now()
	mark, err := t.store.Mark(ctx, now)
	if err != nil {
		t.log.ErrorContext(ctx, "storing the clock's mark", slog.Any("error", err))
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if mark.Sub(now) <= maxBack {
		t.suspect, t.agreesSince = "", time.Time{}
	} else if t.azureAgrees(now) {
		t.log.WarnContext(ctx, "azure's clock agrees with this machine's, so the mark of the last run was wrong",
			slog.Time("mark", mark), slog.Time("now", now))
		t.suspect = ""
	}
	t.highest = mark
}

// azureAgrees reports whether Azure's clock has agreed with ours for long enough
// to say that the mark was wrong, such as after one bad step of the clock. mu
// is held.
func (t *clockTrust) azureAgrees(now time.Time) bool {
	if !t.answered || t.readiness.Skew().Abs() > maxSkew {
		t.agreesSince = time.Time{}
		return false
	}
	if t.agreesSince.IsZero() {
		t.agreesSince = now
	}
	return now.Sub(t.agreesSince) >= trustAfter
}
