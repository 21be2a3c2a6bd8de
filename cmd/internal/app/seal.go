package app

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"jitbot/jit"
	"jitbot/jit/clock"
	"jitbot/jit/record"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

const (
	sealEvery  = time.Hour
	trimAtOnce = 200 // lines a write: closings share the disk
	trimPause  = 50 * time.Millisecond
)

// sealer moves what is older than keep from the record in the store to segments beside it,
// month by month: a month is sealed once all of it is older, and all of it was told. It may
// be killed anywhere: what is not noted in the store is done again.
type sealer struct {
	store    *bolt.Store
	dir      string
	keep     time.Duration
	streamed bool // a stream reads the record: nothing is sealed before it was there
}

// run seals now and then until ctx ends. What cannot be sealed stays in the store, and is
// tried again for ever.
func (s sealer) run(ctx context.Context, log *slog.Logger) {
	for {
		err := s.seal(ctx, time.Now(), func(made record.Segment) {
			log.InfoContext(ctx, "old lines of the record were sealed",
				slog.String("segment", made.Name), slog.Uint64("first", made.First), slog.Uint64("last", made.Last))
		})
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "old lines of the record cannot be sealed, so they stay in the store", slog.Any("error", err))
		}
		if !clock.Sleep(ctx, sealEvery) {
			return
		}
	}
}

// seal seals every month that is due, tells of each, and removes what is sealed from the
// store.
func (s sealer) seal(ctx context.Context, now time.Time, tell func(record.Segment)) error {
	for {
		if err := s.trim(ctx); err != nil {
			return err
		}
		due, err := s.due(ctx, now)
		if err != nil || due.through == 0 {
			return err
		}
		made, err := segment.Write(s.dir, due.month, due.before, s.lines(ctx, due))
		if err != nil {
			return err //nolint:wrapcheck // says what was being done
		}
		if err := s.store.Seal(ctx, made); err != nil {
			return fmt.Errorf("noting a segment of the record: %w", err)
		}
		tell(made)
	}
}

// month is one that is to be sealed.
type month struct {
	month   string // such as 2026-11
	before  record.Anchor
	through uint64 // the last line of it; 0: nothing is due
}

// due is the first month in the store, if all of it is older than keep.
func (s sealer) due(ctx context.Context, now time.Time) (month, error) {
	most, err := s.most(ctx)
	if err != nil {
		return month{}, err
	}
	var out month
	var ends time.Time
	for e, err := range record.Read(ctx, 0, s.store.Events) {
		if err != nil {
			return month{}, err
		}
		if out.month == "" {
			at := e.At.UTC()
			ends = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			out.month, out.before = at.Format("2006-01"), record.Anchor{Seq: e.Seq - 1, Hash: e.Prev}
		}
		switch {
		case ends.Add(s.keep).After(now):
			return month{}, nil
		case !e.At.Before(ends):
			return out, nil // through is 0 where no line of it may go
		case e.Seq > most:
			return month{}, nil // some of it is still to be told
		}
		out.through = e.Seq
	}
	return month{}, nil // the last line of all stays
}

// most is the last line that may be sealed.
func (s sealer) most(ctx context.Context) (uint64, error) {
	most, err := s.store.Sealable(ctx)
	if err != nil || !s.streamed {
		return most, err
	}
	at, err := s.store.StreamCursor(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading how far the stream is: %w", err)
	}
	return min(most, at.Sent), nil
}

// lines are those of the month.
func (s sealer) lines(ctx context.Context, m month) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		for e, err := range record.Read(ctx, m.before.Seq, s.store.Events) {
			if err == nil && e.Seq > m.through || !yield(e, err) {
				return
			}
		}
	}
}

// trim removes from the store what is sealed, little by little.
func (s sealer) trim(ctx context.Context) error {
	for {
		more, err := s.store.Trim(ctx, trimAtOnce)
		if err != nil {
			return fmt.Errorf("removing sealed lines from the store: %w", err)
		}
		if !more {
			return nil
		}
		if !clock.Sleep(ctx, trimPause) {
			return context.Cause(ctx) //nolint:wrapcheck // the bot ends
		}
	}
}

// wholeRecord are the lines of the segments in dir and those of the store behind them, also
// while the store's are being sealed. Lines that are missing are left out: whoever checks
// the chain finds them.
func wholeRecord(
	ctx context.Context, dir string, sealed func(context.Context) ([]record.Segment, error),
	events func(ctx context.Context, after uint64, limit int) ([]jit.Event, error),
) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		w := walk{yield: yield}
		for begun, first := uint64(0), true; first || begun != w.last; first = false {
			begun = w.last
			segments, err := sealed(ctx)
			if err != nil {
				yield(jit.Event{}, fmt.Errorf("reading which segments there are: %w", err))
				return
			}
			if !w.segments(dir, segments) || !w.pass(untilGap(record.Read(ctx, w.last, events), w.last)) {
				return
			}
		}
		w.pass(record.Read(ctx, w.last, events)) // behind what is missing
	}
}

// walk gives lines on, each once.
type walk struct {
	yield func(jit.Event, error) bool
	last  uint64 // the last line that was given
}

// pass gives those that were not given yet, and reports whether more are wanted.
func (w *walk) pass(lines iter.Seq2[jit.Event, error]) bool {
	for e, err := range lines {
		if err == nil && e.Seq <= w.last {
			continue
		}
		if !w.yield(e, err) || err != nil {
			return false
		}
		w.last = e.Seq
	}
	return true
}

func (w *walk) segments(dir string, all []record.Segment) bool {
	for _, s := range all {
		if s.Last > w.last && !w.pass(segment.Lines(dir, s)) {
			return false
		}
	}
	return true
}

// untilGap are the lines up to one that does not come next: those between may have been
// sealed meanwhile.
func untilGap(lines iter.Seq2[jit.Event, error], last uint64) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		for e, err := range lines {
			if err == nil && e.Seq != last+1 {
				return
			}
			if last = e.Seq; !yield(e, err) {
				return
			}
		}
	}
}
