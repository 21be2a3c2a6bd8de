package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/outbox"
)

var _ outbox.Store = (*Store)(nil)

// Notices implements outbox.Store. With an error, the notices that could be read
// are returned too.
func (b *Store) Notices(ctx context.Context, after uint64, limit int) ([]jit.Notice, error) {
	var out []jit.Notice
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketNotices)).Cursor()
		for k, v := c.Seek(sequence(after + 1)); k != nil && len(out) < limit; k, v = c.Next() {
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

// Shown implements outbox.Store.
func (b *Store) Shown(ctx context.Context, id jit.ID) (s outbox.Shown, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) (err error) {
		s, err = shown(tx, id)
		return err
	})
	return s, err
}

func shown(tx *bbolt.Tx, id jit.ID) (s outbox.Shown, err error) {
	if raw := tx.Bucket([]byte(bucketShown)).Get([]byte(id)); raw != nil {
		err = unseal(bucketShown, []byte(id), raw, &s)
	}
	return s, err
}

// Told implements outbox.Store.
func (b *Store) Told(ctx context.Context, o outbox.Outcome) error {
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		out, err := b.untold(tx, o.Told)
		if err != nil {
			return nil, err
		}
		card, err := carded(tx, o.Grant, o.Card)
		if err != nil {
			return nil, err
		}
		has, err := show(tx, o)
		return append(append(out, card...), has...), err
	})
}

// untold lists the puts that remove notices. Those that are gone are no error.
func (b *Store) untold(tx *bbolt.Tx, seqs []uint64) ([]put, error) {
	var out []put
	gone := map[uint64]bool{}
	for _, seq := range seqs {
		if !gone[seq] && tx.Bucket([]byte(bucketNotices)).Get(sequence(seq)) != nil {
			out = append(out, put{bucket: bucketNotices, key: sequence(seq)})
		}
		gone[seq] = true
	}
	if len(out) == 0 {
		return nil, nil
	}
	sum, err := b.end.tallied(tx)
	if err != nil {
		return nil, err
	}
	sum.Notices -= len(out)
	left, err := b.end.put(sum)
	return append(out, left), err
}

// carded lists the put of a grant with its card, none when nothing changes. No
// index depends on the card.
func carded(tx *bbolt.Tx, id jit.ID, card jit.Card) ([]put, error) {
	if card == (jit.Card{}) || id == "" {
		return nil, nil
	}
	g, err := grant(tx, id)
	if err != nil || g.Card == card {
		return nil, err
	}
	g.Card = card
	raw, err := seal(bucketGrants, []byte(g.ID), g)
	if err != nil {
		return nil, fmt.Errorf("encoding grant %s: %w", g.ID, err)
	}
	return []put{{bucket: bucketGrants, key: []byte(g.ID), value: raw}}, nil
}

// show lists the put of what Slack has of a grant, none when nothing changes.
func show(tx *bbolt.Tx, o outbox.Outcome) ([]put, error) {
	if o.Show == nil || o.Grant == "" {
		return nil, nil
	}
	old, err := shown(tx, o.Grant)
	if errors.Is(err, jit.ErrDamaged) {
		old = outbox.Shown{} // nothing depends on it but what is sent once more
	} else if err != nil {
		return nil, err
	}
	next := o.Show(old)
	was, err := json.Marshal(old)
	if err != nil {
		return nil, fmt.Errorf("encoding what Slack has of %s: %w", o.Grant, err)
	}
	is, err := json.Marshal(next)
	if err != nil || string(was) == string(is) {
		return nil, err
	}
	raw, err := seal(bucketShown, []byte(o.Grant), next)
	if err != nil {
		return nil, fmt.Errorf("encoding what Slack has of %s: %w", o.Grant, err)
	}
	return []put{{bucket: bucketShown, key: []byte(o.Grant), value: raw}}, nil
}
