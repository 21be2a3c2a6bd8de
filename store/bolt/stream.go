package bolt

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"
)

// StreamCursor is how far the record was streamed: Sent lines for sure, and maybe some
// up to Sending.
type StreamCursor struct {
	Sent    uint64 `json:"sent"`
	Sending uint64 `json:"sending"`
}

// StreamCursor reads the cursor; the zero one when nothing was streamed.
func (b *Store) StreamCursor(ctx context.Context) (c StreamCursor, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyStream))
		if raw == nil {
			return nil
		}
		return unseal(bucketMeta, []byte(keyStream), raw, &c)
	})
	return c, err
}

// SetStreamCursor keeps the cursor.
func (b *Store) SetStreamCursor(ctx context.Context, c StreamCursor) error {
	raw, err := seal(bucketMeta, []byte(keyStream), c)
	if err != nil {
		return fmt.Errorf("encoding the cursor of the stream: %w", err)
	}
	return b.write(ctx, func(*bbolt.Tx) ([]put, error) {
		return []put{{bucket: bucketMeta, key: []byte(keyStream), value: raw}}, nil
	})
}
