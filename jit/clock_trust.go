package jit

import (
	"context"
	"log/slog"
	"time"
)

// due is what deadlines are compared with: while the clock is suspect after a
// start, the stored high-water mark counts too, so that nothing stays open
// longer.
func (s *Reconciler) due() time.Time {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suspect != "" && s.mark.After(now) {
		return s.mark
	}
	return now
}

// startClock compares the clock with the mark of the last run.
func (s *Reconciler) startClock(ctx context.Context) {
	now := s.clock.Now()
	mark, err := s.world.Store.Mark(ctx, time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.suspect = "the store cannot tell when the clock was last read"
		s.world.Log.ErrorContext(ctx, "reading the clock's mark", slog.Any("error", err))
		return
	}
	s.mark = mark
	if mark.Sub(now) > maxBack {
		s.suspect = "this machine's clock is behind when it was last read"
		s.world.Log.ErrorContext(ctx, "the clock went back while jitbot was down", slog.Time("mark", mark), slog.Time("now", now))
	}
}

// markClock stores the reading. A clock that was suspect is trusted again
// when it has caught up, or when Azure's clock agrees with it.
func (s *Reconciler) markClock(ctx context.Context) {
	now := s.clock.Now()
	mark, err := s.world.Store.Mark(ctx, now)
	if err != nil {
		s.world.Log.ErrorContext(ctx, "storing the clock's mark", slog.Any("error", err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mark.Sub(now) <= maxBack {
		s.suspect, s.agreesSince = "", time.Time{}
	} else if s.trusts(now) {
		s.world.Log.WarnContext(ctx, "azure's clock agrees with this machine's, so the mark of the last run was wrong", slog.Time("mark", mark), slog.Time("now", now))
		s.suspect = ""
	}
	s.mark = mark
}

// trusts reports whether Azure's clock has agreed with ours for long enough to
// say that the mark was wrong, such as after one bad step of the clock.
func (s *Reconciler) trusts(now time.Time) bool {
	if !s.heard || s.world.Vitals.Skew().Abs() > maxSkew {
		s.agreesSince = time.Time{}
		return false
	}
	if s.agreesSince.IsZero() {
		s.agreesSince = now
	}
	return now.Sub(s.agreesSince) >= trustAfter
}
