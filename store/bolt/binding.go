package bolt

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Bind implements admission.Names. A name that is bound costs no write.
func (b *Store) Bind(ctx context.Context, name, object string) (string, error) {
	return kept(ctx, b, bucketNames, name, func(old string) (string, bool) {
		return object, old == ""
	})
}

// Mark implements reconcile.State; the mark is in UTC. A reading that is not higher
// costs no write.
func (b *Store) Mark(ctx context.Context, now time.Time) (time.Time, error) {
	return kept(ctx, b, bucketMeta, keyMark, func(old time.Time) (time.Time, bool) {
		return now.UTC().Round(0), now.After(old)
	})
}

// kept replaces the record under name when next says so and returns the one
// that is there then. A record that is not there yet is its zero value. next
// may run more than once.
func kept[T any](ctx context.Context, b *Store, bucket, name string, next func(old T) (T, bool)) (T, error) {
	key := []byte(name)
	stored := func(tx *bbolt.Tx) (old T, err error) {
		if raw := tx.Bucket([]byte(bucket)).Get(key); raw != nil {
			err = unseal(bucket, key, raw, &old)
		}
		return old, err
	}
	var now T
	err := b.read(ctx, func(tx *bbolt.Tx) (err error) {
		now, err = stored(tx)
		return err
	})
	if err != nil {
		return now, err
	}
	if _, change := next(now); !change {
		return now, nil
	}
	var result latest[T]
	err = b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		old, err := stored(tx)
		if err != nil {
			return nil, err
		}
		value, change := next(old)
		if !change {
			result.set(old)
			return nil, nil
		}
		result.set(value)
		raw, err := seal(bucket, key, value)
		if err != nil {
			return nil, fmt.Errorf("encoding %s %q: %w", bucket, name, err)
		}
		return []put{{bucket: bucket, key: key, value: raw}}, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	return result.get(), nil
}
