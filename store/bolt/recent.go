package bolt

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/jit"
)

// remember keeps a request as the latest of whoever asked.
func remember(r jit.Request) (put, error) {
	key := []byte(r.By.ID)
	raw, err := seal(bucketRecent, key, r)
	if err != nil {
		return put{}, fmt.Errorf("encoding the latest request of %s: %w", r.By.ID, err)
	}
	return put{bucket: bucketRecent, key: key, value: raw}, nil
}

// Recent implements access.History.
func (b *Store) Recent(ctx context.Context, by jit.UserID) (r jit.Request, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(bucketRecent)).Get([]byte(by))
		if raw == nil {
			return nil
		}
		return unseal(bucketRecent, []byte(by), raw, &r)
	})
	return r, err
}
