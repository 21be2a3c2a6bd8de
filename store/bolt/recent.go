package bolt

import (
	"context"
	"fmt"
	"slices"
	"strings"

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

// openedKey is that of the request by which the VM was opened last: no user is called
// so.
func openedKey(vm string) []byte { return []byte("vm " + strings.ToLower(vm)) }

// rememberOpened keeps the request of a grant that was opened as the latest of its VMs.
func rememberOpened(g jit.Grant, events []jit.Event) ([]put, error) {
	if !slices.ContainsFunc(events, func(e jit.Event) bool { return e.Kind == jit.EventOpened }) {
		return nil, nil
	}
	r := g.Request
	r.At = g.Clock.Opened
	var out []put
	for _, vm := range g.VMs() {
		raw, err := seal(bucketRecent, openedKey(vm), r)
		if err != nil {
			return nil, fmt.Errorf("encoding who opened %s: %w", vm, err)
		}
		out = append(out, put{bucket: bucketRecent, key: openedKey(vm), value: raw})
	}
	return out, nil
}

// Opened implements lookup.History.
func (b *Store) Opened(ctx context.Context, vm string) (jit.Request, error) {
	return b.recent(ctx, openedKey(vm))
}

// Recent implements lookup.History.
func (b *Store) Recent(ctx context.Context, by jit.UserID) (jit.Request, error) {
	return b.recent(ctx, []byte(by))
}

func (b *Store) recent(ctx context.Context, key []byte) (r jit.Request, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(bucketRecent)).Get(key)
		if raw == nil {
			return nil
		}
		return unseal(bucketRecent, key, raw, &r)
	})
	return r, err
}
