package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// rememberFor is how long the key of a finished delivery is known: longer
	// than Slack repeats one.
	rememberFor = 24 * time.Hour
	// forgetAtOnce bounds what one call forgets. It is more than a call adds,
	// so the old ones never pile up.
	forgetAtOnce = 8
)

// delivery is what is known of a key.
type delivery struct {
	At       time.Time `json:"at"`
	Finished time.Time `json:"finished,omitzero"`
}

// errKnown says that a delivery came before.
var errKnown = errors.New("a known delivery")

// Accept keeps a delivery under its key until Finish. It is fresh when the key
// was not known; otherwise nothing changes. now is when it came.
func (b *Store) Accept(ctx context.Context, key string, payload []byte, now time.Time) (fresh bool, err error) {
	if key == "" {
		return false, errors.New("accepting a delivery: it has no key")
	}
	now = now.UTC()
	err = b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		if tx.Bucket([]byte(bucketDeliveries)).Get([]byte(key)) != nil {
			return nil, errKnown
		}
		known, err := seal(bucketDeliveries, []byte(key), delivery{At: now})
		if err != nil {
			return nil, fmt.Errorf("encoding delivery %q: %w", key, err)
		}
		waiting, err := seal(bucketInbox, timed(now, key), payload)
		if err != nil {
			return nil, fmt.Errorf("encoding delivery %q: %w", key, err)
		}
		out, err := forget(tx, now)
		return append(out,
			put{bucket: bucketDeliveries, key: []byte(key), value: known},
			put{bucket: bucketInbox, key: timed(now, key), value: waiting},
		), err
	})
	if errors.Is(err, errKnown) {
		return false, nil
	}
	return err == nil, err
}

// Accepted calls each with every delivery that was accepted and not finished,
// oldest first, and returns its first error as it is. each may use the store.
// A delivery that cannot be read is reported after the others were given.
func (b *Store) Accepted(ctx context.Context, each func(key string, payload []byte, at time.Time) error) error {
	type waiting struct {
		key     string
		payload []byte
		at      time.Time
	}
	var all []waiting
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketInbox)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var w waiting
			var err error
			if w.key, err = timedID(bucketInbox, k); err == nil {
				w.at, err = at(k), unseal(bucketInbox, k, v, &w.payload)
			}
			if err != nil {
				faults = append(faults, err)
				continue
			}
			all = append(all, w)
		}
		return nil
	})
	for _, w := range all {
		if err := each(w.key, w.payload, w.at); err != nil {
			return err
		}
	}
	return errors.Join(append(faults, err)...)
}

// Finish drops a delivery's payload and keeps its key for another 24 hours from
// now. A key that is finished is no error; one that is not known is known from now
// on, so that a delivery that was told not to be taken never is.
func (b *Store) Finish(ctx context.Context, key string, now time.Time) error {
	now = now.UTC()
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		raw := tx.Bucket([]byte(bucketDeliveries)).Get([]byte(key))
		d := delivery{At: now}
		if raw != nil {
			if err := unseal(bucketDeliveries, []byte(key), raw, &d); err != nil {
				return nil, err
			}
		}
		if !d.Finished.IsZero() {
			return nil, nil
		}
		d.Finished = now
		done, err := seal(bucketDeliveries, []byte(key), d)
		if err != nil {
			return nil, fmt.Errorf("encoding delivery %q: %w", key, err)
		}
		out, err := forget(tx, now)
		mark := timed(now, key)
		return append(out,
			put{bucket: bucketDeliveries, key: []byte(key), value: done},
			put{bucket: bucketInbox, key: timed(d.At, key)},
			put{bucket: bucketForget, key: mark, value: stamp(bucketForget, mark)},
		), err
	})
}

// forget lists the puts that forget the oldest keys that are old enough, a
// bounded number of them.
func forget(tx *bbolt.Tx, now time.Time) ([]put, error) {
	var out []put
	limit := instant(now.Add(-rememberFor))
	c := tx.Bucket([]byte(bucketForget)).Cursor()
	k, v := c.First()
	for n := 0; k != nil && n < forgetAtOnce; n++ {
		key, err := timedID(bucketForget, k)
		if err = errors.Join(err, stamped(bucketForget, k, v)); err != nil {
			return nil, err
		}
		if bytes.Compare(k[:instantSize], limit) > 0 {
			break
		}
		out = append(out,
			put{bucket: bucketForget, key: bytes.Clone(k)},
			put{bucket: bucketDeliveries, key: []byte(key)},
		)
		k, v = c.Next()
	}
	return out, nil
}
