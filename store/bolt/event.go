package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/record"
)

// perEvent is how many notices an event may have.
const perEvent = 16

// Append implements jit.Record.
func (b *Store) Append(ctx context.Context, events ...jit.Event) error {
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) { return b.recorded(tx, events) })
}

// recorded links the events after the last one of the record and lists the puts
// of them, their notices and the tally.
func (b *Store) recorded(tx *bbolt.Tx, events []jit.Event) ([]put, error) {
	if len(events) == 0 {
		return nil, nil
	}
	sum, err := b.end.tallied(tx)
	if err != nil {
		return nil, err
	}
	prev, err := b.end.newest(tx, sum)
	if err != nil {
		return nil, err
	}
	var out []put
	for _, e := range events {
		tell := e.Tell()
		if e, err = asRead(e); err != nil {
			return nil, err
		}
		if e, err = record.Link(e, prev); err != nil {
			return nil, err
		}
		prev = e
		raw, err := seal(bucketEvents, sequence(e.Seq), e)
		if err != nil {
			return nil, fmt.Errorf("encoding event %d: %w", e.Seq, err)
		}
		b.end.line(e, raw)
		out = append(out, put{bucket: bucketEvents, key: sequence(e.Seq), value: raw})
		out = append(out, foundBy(e)...)
		notices, err := notified(e, tell)
		if err != nil {
			return nil, err
		}
		out = append(out, notices...)
		sum.Notices += len(notices)
	}
	sum.Hash = prev.Hash
	last, err := b.end.put(sum)
	return append(out, last), err
}

// end is the end of the record as the committer, whose alone it is, read it or
// meant to write it last. What is stored is looked at every time; when its bytes
// are those that are known, checksum and all, they need no decoding.
type end struct {
	last  jit.Event // Seq and Hash
	event []byte    // the stored form of last
	sum   tally
	tally []byte // the stored form of sum
}

func (n *end) line(e jit.Event, raw []byte) {
	n.last, n.event = jit.Event{Seq: e.Seq, Hash: e.Hash}, raw
}

func (n *end) tallied(tx *bbolt.Tx) (tally, error) {
	raw := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyTally))
	if raw != nil && bytes.Equal(raw, n.tally) {
		return n.sum, nil
	}
	sum, err := tallied(tx)
	if err == nil {
		n.sum, n.tally = sum, bytes.Clone(raw)
	}
	return sum, err
}

func (n *end) put(sum tally) (put, error) {
	raw, err := seal(bucketMeta, []byte(keyTally), sum)
	n.sum, n.tally = sum, raw
	return put{bucket: bucketMeta, key: []byte(keyTally), value: raw}, err
}

// newest gives of the last event what the next one is linked to.
func (n *end) newest(tx *bbolt.Tx, sum tally) (jit.Event, error) {
	k, v := tx.Bucket([]byte(bucketEvents)).Cursor().Last()
	if k != nil && n.last.Hash == sum.Hash && bytes.Equal(k, sequence(n.last.Seq)) && bytes.Equal(v, n.event) {
		return n.last, nil
	}
	e, err := newest(tx, sum)
	if err == nil {
		n.line(e, bytes.Clone(v))
	}
	return e, err
}

// tally is what tells whether the record and the notices are all there. Without
// it an end that is lost would show nowhere.
type tally struct {
	Hash    string `json:"hash"`    // of the last event
	Notices int    `json:"notices"` // not told yet
}

func tallied(tx *bbolt.Tx) (sum tally, err error) {
	if raw := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyTally)); raw != nil {
		err = unseal(bucketMeta, []byte(keyTally), raw, &sum)
	}
	return sum, err
}

// asRead is the event as it will be read back, because its hash must be of that.
// Link allows for bytes that are no UTF-8; but a zone that the text of a time
// cannot tell comes back as another one.
func asRead(e jit.Event) (out jit.Event, err error) {
	if e.At.Location() == time.UTC && e.Until.Location() == time.UTC {
		return e, nil
	}
	raw, err := json.Marshal(e)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out, fmt.Errorf("encoding an event of kind %s: %w", e.Kind, err)
	}
	return out, nil
}

// notified lists the puts of an event's notices. Their sequence follows from
// the event's, so that it needs no counter and is never given twice.
func notified(e jit.Event, tell []jit.Audience) ([]put, error) {
	if len(tell) > perEvent {
		return nil, fmt.Errorf("event %d is to be told to %d audiences, %d at most", e.Seq, len(tell), perEvent)
	}
	var out []put
	for i, to := range tell {
		n := jit.Notice{Seq: e.Seq*perEvent + uint64(i), Event: e, To: to}
		raw, err := seal(bucketNotices, sequence(n.Seq), n)
		if err != nil {
			return nil, fmt.Errorf("encoding notice %d: %w", n.Seq, err)
		}
		out = append(out, put{bucket: bucketNotices, key: sequence(n.Seq), value: raw})
	}
	return out, nil
}

// newest is the last event of the record, the zero Event when there is none.
// When it is not the one of the tally the end is lost, and nothing may be
// linked to what is left.
func newest(tx *bbolt.Tx, sum tally) (e jit.Event, err error) {
	k, v := tx.Bucket([]byte(bucketEvents)).Cursor().Last()
	if k != nil {
		err = unseal(bucketEvents, k, v, &e)
	}
	if err == nil && e.Hash != sum.Hash {
		err = damaged(bucketEvents, k, "it is not the last line that was written")
	}
	return e, err
}

// Events reads what the store has of the record in order, from after the sequence number
// and after what is sealed, at most limit of them. It stops before a line that cannot be
// read and returns those before it with the error.
func (b *Store) Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
	var out []jit.Event
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		sealed, err := sealedEnd(tx)
		if err != nil {
			return err
		}
		after := max(after, sealed.Seq)
		c := tx.Bucket([]byte(bucketEvents)).Cursor()
		k, v := c.Seek(sequence(after))
		if k != nil && string(k) == string(sequence(after)) {
			k, v = c.Next()
		}
		for ; k != nil && len(out) < limit; k, v = c.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			var e jit.Event
			if err := unseal(bucketEvents, k, v, &e); err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// Last is the last line of the record, the zero Event where there is none. ErrCorrupt
// when the end was lost.
func (b *Store) Last(ctx context.Context) (e jit.Event, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		sum, err := tallied(tx)
		if err == nil {
			e, err = newest(tx, sum)
		}
		return err
	})
	return e, err
}
