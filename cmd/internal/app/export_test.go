package app

import (
	"context"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

// Seal is one round of what seals the record, as of now.
func Seal(ctx context.Context, store *bolt.Store, dir string, keep time.Duration, streamed bool, now time.Time) error {
	return sealer{store: store, dir: dir, keep: keep, streamed: streamed}.seal(ctx, now, func(record.Segment) {})
}

// RecordOf is all of a record whose segments are in dir, read from the store few lines at a time.
func RecordOf(ctx context.Context, store *bolt.Store, dir string) Record {
	h := Host{Session: fewLines{hostSession{store: store}}, segments: dir}
	return h.Record(ctx)
}

type fewLines struct{ hostSession }

func (f fewLines) Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
	return f.hostSession.Events(ctx, after, min(limit, 7))
}

// WholeRecord is all of a record whose segments are in dir.
func WholeRecord(ctx context.Context, store *bolt.Store, dir string) Record {
	h := Host{Session: hostSession{store: store}, segments: dir}
	return h.Record(ctx)
}
