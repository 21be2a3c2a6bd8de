package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"jitbot/jit"
)

// perEvent is how many notices an event may have.
const perEvent = 16

// Append implements jit.Store.
func (b *Bolt) Append(ctx context.Context, events ...jit.Event) error {
	return b.write(ctx, func(tx *bolt.Tx) ([]put, error) { return recorded(tx, events) })
}

// recorded links the events after the last one of the record and lists the puts
// of them and their notices.
func recorded(tx *bolt.Tx, events []jit.Event) ([]put, error) {
	if len(events) == 0 {
		return nil, nil
	}
	prev, err := newest(tx)
	if err != nil {
		return nil, err
	}
	var out []put
	for _, e := range events {
		tell := e.Tell()
		if e, err = asRead(e); err != nil {
			return nil, err
		}
		if e, err = e.Link(prev); err != nil {
			return nil, err
		}
		prev = e
		raw, err := seal(bucketEvents, sequence(e.Seq), e)
		if err != nil {
			return nil, fmt.Errorf("encoding event %d: %w", e.Seq, err)
		}
		out = append(out, put{bucket: bucketEvents, key: sequence(e.Seq), value: raw})
		notices, err := notified(e, tell)
		if err != nil {
			return nil, err
		}
		out = append(out, notices...)
	}
	return out, nil
}

// asRead is the event as it will be read back. Its hash must be of that: bytes
// that are no UTF-8 come back as others than they went in.
func asRead(e jit.Event) (out jit.Event, err error) {
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
func newest(tx *bolt.Tx) (e jit.Event, err error) {
	k, v := tx.Bucket([]byte(bucketEvents)).Cursor().Last()
	if k == nil {
		return e, nil
	}
	err = unseal(bucketEvents, k, v, &e)
	return e, err
}

// Events implements jit.Store. It stops before a line that cannot be read and
// returns those before it with the error.
func (b *Bolt) Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
	var out []jit.Event
	err := b.read(ctx, func(tx *bolt.Tx) error {
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

// Notices implements jit.Store. With an error, the notices that could be read
// are returned too.
func (b *Bolt) Notices(ctx context.Context, limit int) ([]jit.Notice, error) {
	var out []jit.Notice
	var faults []error
	err := b.read(ctx, func(tx *bolt.Tx) error {
		c := tx.Bucket([]byte(bucketNotices)).Cursor()
		for k, v := c.First(); k != nil && len(out) < limit; k, v = c.Next() {
			var n jit.Notice
			if err := unseal(bucketNotices, k, v, &n); err != nil {
				faults = append(faults, err)
				continue
			}
			out = append(out, n)
		}
		return nil
	})
	return out, errors.Join(append(faults, err)...)
}

// Told implements jit.Store. A notice that is gone already is no error.
func (b *Bolt) Told(ctx context.Context, n jit.Notice, card jit.Card) error {
	return b.write(ctx, func(tx *bolt.Tx) ([]put, error) {
		var out []put
		if tx.Bucket([]byte(bucketNotices)).Get(sequence(n.Seq)) != nil {
			out = append(out, put{bucket: bucketNotices, key: sequence(n.Seq)})
		}
		if card == (jit.Card{}) || n.Event.Grant == "" {
			return out, nil
		}
		g, err := grant(tx, n.Event.Grant)
		if err != nil {
			return nil, err
		}
		if g.Card == card {
			return out, nil
		}
		g.Card = card // no index depends on it
		raw, err := seal(bucketGrants, []byte(g.ID), g)
		if err != nil {
			return nil, fmt.Errorf("encoding grant %s: %w", g.ID, err)
		}
		return append(out, put{bucket: bucketGrants, key: []byte(g.ID), value: raw}), nil
	})
}
