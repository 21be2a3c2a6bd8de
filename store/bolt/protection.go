package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/protection"
)

// Protect implements protection.Store. A panic of f ends the program: f is jitbot's
// own code and reads nothing but its argument.
func (b *Store) Protect(
	ctx context.Context, vm string, f func(protection.Protection) (protection.Protection, bool, []jit.Event, error),
) (protection.Protection, error) {
	key := []byte(strings.ToLower(vm))
	var result latest[protection.Protection]
	err := b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		old, err := storedProtection(tx, key)
		if err != nil && !errors.Is(err, jit.ErrNotFound) {
			return nil, err
		}
		next, keep, events, err := f(old)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 && keep == (old.VM != "") && next.Revision == old.Revision {
			result.set(old)
			return nil, nil
		}
		if keep && !strings.EqualFold(next.VM, vm) {
			return nil, fmt.Errorf("protection of %s: a change may not make it that of %s", vm, next.VM)
		}
		if !keep {
			next = protection.Protection{}
		}
		result.set(next)
		return b.protected(tx, key, old, next, events)
	})
	if err != nil {
		return protection.Protection{}, err
	}
	return result.get(), nil
}

// protected lists the puts of a protection that changes from old to next;
// either may be the zero Protection.
func (b *Store) protected(tx *bbolt.Tx, key []byte, old, next protection.Protection, events []jit.Event) ([]put, error) {
	record := put{bucket: bucketProtections, key: key}
	if next.VM != "" {
		raw, err := seal(bucketProtections, key, next)
		if err != nil {
			return nil, fmt.Errorf("encoding the protection of %s: %w", next.VM, err)
		}
		record.value = raw
	}
	out := []put{record}
	for _, guard := range old.Guards() {
		if !slices.Contains(next.Guards(), guard) {
			out = append(out, put{bucket: bucketProtected, key: append(guardPrefix(guard), key...)})
		}
	}
	for _, guard := range next.Guards() {
		if strings.Contains(guard, "\x00") {
			return nil, fmt.Errorf("protection of %s: guard %q has a zero byte", next.VM, guard)
		}
		at := append(guardPrefix(guard), key...)
		out = append(out, put{bucket: bucketProtected, key: at, value: stamp(bucketProtected, at)})
	}
	lines, err := b.recorded(tx, events)
	if err != nil {
		return nil, err
	}
	return append(out, lines...), nil
}

func storedProtection(tx *bbolt.Tx, key []byte) (p protection.Protection, err error) {
	raw := tx.Bucket([]byte(bucketProtections)).Get(key)
	if raw == nil {
		return p, fmt.Errorf("protection of %q: %w", key, jit.ErrNotFound)
	}
	err = unseal(bucketProtections, key, raw, &p)
	return p, err
}

// Protection implements protection.Store.
func (b *Store) Protection(ctx context.Context, vm string) (p protection.Protection, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) (err error) {
		p, err = storedProtection(tx, []byte(strings.ToLower(vm)))
		return err
	})
	return p, err
}

// Protections implements protection.Store. With an error, those that could be read
// are returned too.
func (b *Store) Protections(ctx context.Context) ([]protection.Protection, error) {
	var out []protection.Protection
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketProtections)).ForEach(func(key, raw []byte) error {
			var p protection.Protection
			if err := unseal(bucketProtections, key, raw, &p); err != nil {
				faults = append(faults, err)
				return nil
			}
			out = append(out, p)
			return nil
		})
	})
	return out, errors.Join(append(faults, err)...)
}

// ProtectionsAt implements protection.Store; they are in the order of their VMs. With an
// error, those that could be read are returned too.
func (b *Store) ProtectionsAt(ctx context.Context, guard string) ([]protection.Protection, error) {
	var out []protection.Protection
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		prefix := guardPrefix(guard)
		c := tx.Bucket([]byte(bucketProtected)).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			p, err := storedProtection(tx, k[len(prefix):])
			if errors.Is(err, jit.ErrNotFound) {
				err = damaged(bucketProtected, k, "its protection is missing")
			}
			if err = errors.Join(err, stamped(bucketProtected, k, v)); err != nil {
				faults = append(faults, err)
				continue
			}
			out = append(out, p)
		}
		return nil
	})
	return out, errors.Join(append(faults, err)...)
}
