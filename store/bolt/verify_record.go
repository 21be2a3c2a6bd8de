package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"jitbot/jit"
	"jitbot/jit/record"
)

func (v *verifier) events(ctx context.Context) error {
	sum, err := tallied(v.tx)
	if err != nil {
		return err
	}
	if _, err := newest(v.tx, sum); err != nil {
		v.faults = append(v.faults, err)
	}
	sealed, err := v.sealed(ctx)
	if err != nil {
		return err
	}
	var prev jit.Event
	err = v.each(ctx, bucketEvents, func(key, raw []byte) error {
		var e jit.Event
		if err := unseal(bucketEvents, key, raw, &e); err != nil {
			return err
		}
		if !bytes.Equal(key, sequence(e.Seq)) {
			return damaged(bucketEvents, key, fmt.Sprintf("it is line %d", e.Seq))
		}
		if prev.Seq == 0 {
			prev = before(e, sealed)
		}
		err := record.Follows(e, prev)
		prev = e
		if e.Seq == sealed.Seq && e.Hash != sealed.Hash {
			err = errors.Join(err, damaged(bucketEvents, key, "it is not the one that was sealed"))
		}
		for _, p := range foundBy(e) {
			err = errors.Join(err, v.has(p.bucket, p.key))
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.counted(ctx, bucketFound, "lines")
}

// before is what the store's first line must follow: the last one that is sealed, unless
// it is sealed itself, since those leave one by one.
func before(first jit.Event, sealed record.Anchor) jit.Event {
	if first.Seq <= sealed.Seq {
		return jit.Event{Seq: first.Seq - 1, Hash: first.Prev}
	}
	return jit.Event{Seq: sealed.Seq, Hash: sealed.Hash}
}

// sealed checks that the segments follow each other, and gives the end of the last.
func (v *verifier) sealed(ctx context.Context) (record.Anchor, error) {
	var end record.Anchor
	err := v.each(ctx, bucketSealed, func(key, raw []byte) error {
		var s record.Segment
		if err := unseal(bucketSealed, key, raw, &s); err != nil {
			return err
		}
		if !bytes.Equal(key, sequence(s.First)) || s.Before() != end || s.Last < s.First {
			return damaged(bucketSealed, key, "it does not follow the one before it")
		}
		end = s.End()
		return nil
	})
	return end, err
}

func (v *verifier) notices(ctx context.Context) error {
	sum, err := tallied(v.tx)
	if err != nil {
		return err
	}
	left := sum.Notices
	err = v.each(ctx, bucketNotices, func(key, raw []byte) error {
		left--
		var n jit.Notice
		if err := unseal(bucketNotices, key, raw, &n); err != nil {
			return err
		}
		var e jit.Event
		line := v.tx.Bucket([]byte(bucketEvents)).Get(sequence(n.Event.Seq))
		if line == nil {
			return damaged(bucketNotices, key, "its event is missing")
		}
		if err := unseal(bucketEvents, sequence(n.Event.Seq), line, &e); err != nil {
			return err
		}
		if !bytes.Equal(key, sequence(n.Seq)) || e.Hash != n.Event.Hash {
			return damaged(bucketNotices, key, "it is not of its event")
		}
		return nil
	})
	if left != 0 {
		v.faults = append(v.faults, damaged(bucketNotices, nil, fmt.Sprintf("%d too few", left)))
	}
	return err
}
