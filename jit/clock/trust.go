package clock

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

const (
	// MaxSkew is how far this machine's clock and Azure's may differ before neither
	// is believed.
	MaxSkew = 30 * time.Second
	// MaxBack is how far the wall clock may go back, or be behind the stored mark.
	MaxBack = 5 * time.Second

	agreesFor = 5 * time.Minute // Azure's clock must agree for this long to overrule the mark
)

// Marks keeps the highest clock reading. Mark stores a reading that is higher than
// what is stored, and gives what is stored then.
type Marks interface {
	Mark(ctx context.Context, now time.Time) (time.Time, error)
}

// Trust tells by which instant deadlines are judged, and why this machine's clock
// alone is not to be believed. Safe for concurrent use; its lock is not held while
// the store writes.
type Trust struct {
	clock *Clock
	marks Marks
	skew  func() Skew // of Azure's clock
	log   *slog.Logger

	mu          sync.Mutex
	mark        time.Time // as it was stored when jitbot started
	started     time.Time // when it was read, with its monotonic reading
	idle        time.Duration
	suspect     string    // why the clock is not to be trusted since the start
	agreesSince time.Time // since when Azure's clock agrees, while the mark does not
}

// NewTrust is the trust in a clock, by the marks that were stored of it and by what
// Azure's answers say. Nothing is believed before Compare.
func NewTrust(clock *Clock, marks Marks, skew func() Skew, log *slog.Logger) *Trust {
	return &Trust{clock: clock, marks: marks, skew: skew, log: log}
}

// Due is what deadlines are compared with: the latest of the clock, of the mark that
// was stored before the start with the time since, while the clock is behind it, and
// of Azure's clock where every answer for a minute says that it is minutes ahead. So
// nothing stands longer because one clock is slow; one that is fast ends it earlier.
func (t *Trust) Due() time.Time {
	latest := t.clock.Now()
	if lasting := t.skew().Lasting; lasting > 0 {
		latest = later(latest, time.Now().Round(0).UTC().Add(lasting))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.suspect != "" {
		latest = later(latest, t.markNow())
	}
	return latest
}

// Doubt says why this machine's clock is not to be trusted; empty when it is. It is
// the same sentence for as long as it is the same reason.
func (t *Trust) Doubt() string {
	skew := t.skew()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case skew.Widest.Abs() > MaxSkew:
		return "this machine's clock and Azure's differ by more than " + MaxSkew.String()
	case t.clock.Behind() > MaxBack:
		return "this machine's clock was set back"
	default:
		return t.suspect
	}
}

// Idle is for how long nothing had stored a mark when jitbot started: how old what
// it found in the store may be. Zero when there was none, and for ever when the store
// cannot tell.
func (t *Trust) Idle() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.idle
}

// Compare compares the clock with the mark of the last run.
func (t *Trust) Compare(ctx context.Context) {
	now := t.clock.Now()
	mark, err := t.marks.Mark(ctx, time.Time{})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mark, t.started = mark, time.Now()
	if err != nil {
		t.suspect, t.idle = "the store cannot tell when the clock was last read", math.MaxInt64
		t.log.ErrorContext(ctx, "reading the clock's mark", slog.Any("error", err))
		return
	}
	if !mark.IsZero() {
		t.idle = max(now.Sub(mark), 0)
	}
	if mark.Sub(now) > MaxBack {
		t.suspect = "this machine's clock is behind when it was last read"
		t.log.ErrorContext(ctx, "the clock went back while jitbot was down", slog.Time("mark", mark), slog.Time("now", now))
	}
}

// Keep stores the reading. A clock that was suspect is trusted again when it has
// caught up, or when Azure's clock agrees with it.
func (t *Trust) Keep(ctx context.Context) {
	now := t.clock.Now()
	if _, err := t.marks.Mark(ctx, t.toKeep(now)); err != nil {
		t.log.ErrorContext(ctx, "storing the clock's mark", slog.Any("error", err))
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.markNow().Sub(now) <= MaxBack {
		t.suspect, t.agreesSince = "", time.Time{}
	} else if t.azureAgrees(now) {
		t.log.WarnContext(ctx, "azure's clock agrees with this machine's, so the mark of the last run was wrong",
			slog.Time("mark", t.mark), slog.Time("now", now))
		t.suspect = ""
	}
}

// toKeep is the reading to store: while the clock is behind the mark, the mark goes on.
func (t *Trust) toKeep(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.suspect != "" {
		return later(now, t.markNow())
	}
	return now
}

// markNow is the mark of the start with the time that has passed since; mu is held.
func (t *Trust) markNow() time.Time {
	if t.mark.IsZero() {
		return t.mark
	}
	return t.mark.Add(time.Since(t.started))
}

// azureAgrees reports whether Azure's clock has agreed with ours for long enough
// to say that the mark was wrong, such as after one bad step of the clock. mu
// is held.
func (t *Trust) azureAgrees(now time.Time) bool {
	if skew := t.skew(); !skew.Heard || skew.Widest.Abs() > MaxSkew {
		t.agreesSince = time.Time{}
		return false
	}
	if t.agreesSince.IsZero() {
		t.agreesSince = now
	}
	return now.Sub(t.agreesSince) >= agreesFor
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
