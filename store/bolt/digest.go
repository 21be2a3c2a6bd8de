package bolt

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/reach"
)

// Digest implements digest.Store.
func (b *Store) Digest(ctx context.Context) (d reach.Digest, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyDigest))
		if raw == nil {
			return nil
		}
		return unseal(bucketMeta, []byte(keyDigest), raw, &d)
	})
	return d, err
}

// KeepDigest implements digest.Store.
func (b *Store) KeepDigest(ctx context.Context, d reach.Digest, events ...jit.Event) error {
	raw, err := seal(bucketMeta, []byte(keyDigest), d)
	if err != nil {
		return fmt.Errorf("encoding a digest: %w", err)
	}
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		lines, err := b.recorded(tx, events)
		return append(lines, put{bucket: bucketMeta, key: []byte(keyDigest), value: raw}), err
	})
}
