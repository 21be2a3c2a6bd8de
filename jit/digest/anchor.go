package digest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// anchor has the anchor of the record be told, once a day and over restarts too, where
// anything was recorded since the one before. A store begins with its second day.
func (w *Writer) anchor(ctx context.Context, day time.Time) error {
	if w.doubt() != "" {
		return errors.New(w.doubt())
	}
	err := w.tellAnchor(ctx, day)
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "the anchor of the record cannot be told yet", slog.Any("error", err))
	}
	return err
}

func (w *Writer) tellAnchor(ctx context.Context, day time.Time) error {
	d, err := w.store.Digest(ctx)
	if err != nil {
		return fmt.Errorf("reading when the record was anchored: %w", err)
	}
	ahead := d.Anchored.Sub(day) > 24*time.Hour // by a clock that was wrong
	if !day.After(d.Anchored) && !ahead {
		return nil
	}
	last, err := w.store.Last(ctx)
	if err != nil {
		return fmt.Errorf("reading the last line of the record: %w", err)
	}
	var events []jit.Event
	if first := d.Anchored.IsZero(); !first && last.Seq > 0 && last.Kind != jit.EventAnchor {
		events = append(events, jit.Line(jit.EventAnchor, record.At(last).String(), w.checks.Clock.Now()))
	}
	d.Anchored = day
	if err := w.store.KeepDigest(ctx, d, events...); err != nil {
		return fmt.Errorf("keeping that the record was anchored: %w", err)
	}
	return nil
}
