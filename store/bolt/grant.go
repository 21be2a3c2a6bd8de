package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
)

// Create implements jit.Grants.
func (b *Store) Create(ctx context.Context, g jit.Grant, events ...jit.Event) error {
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		if tx.Bucket([]byte(bucketGrants)).Get([]byte(g.ID)) != nil {
			return nil, fmt.Errorf("grant %s: %w", g.ID, jit.ErrExists)
		}
		return b.changed(tx, nil, g, events)
	})
}

// Update implements jit.Grants. When the context ends while f may be running, f
// may go on for a moment after Update has returned, and what it returns may be
// stored. A panic of f is a panic of Update. When nothing is written the grant
// returned is the stored one.
func (b *Store) Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	var result latest[jit.Grant]
	var panicked latest[any]
	err := b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		old, err := grant(tx, id)
		if err != nil {
			return nil, err
		}
		next, events, thrown, err := apply(f, old)
		if thrown != nil {
			panicked.set(thrown)
			return nil, errThrown
		}
		if err != nil {
			return nil, err
		}
		if len(events) == 0 && next.Revision == old.Revision {
			result.set(old)
			return nil, nil
		}
		if next.ID != id || next.Revision < old.Revision {
			return nil, fmt.Errorf("grant %s: a change may not make it %s revision %d", id, next.ID, next.Revision)
		}
		result.set(next)
		return b.changed(tx, &old, next, events)
	})
	if errors.Is(err, errThrown) {
		panic(panicked.get())
	}
	if err != nil {
		return jit.Grant{}, err
	}
	return result.get(), nil
}

// errThrown says that a closure panicked.
var errThrown = errors.New("the change panicked")

// apply runs a closure of the caller; its panic must not end the committer.
func apply(f func(jit.Grant) (jit.Grant, []jit.Event, error), g jit.Grant) (next jit.Grant, events []jit.Event, thrown any, err error) {
	defer func() { thrown = recover() }()
	next, events, err = f(g)
	return next, events, nil, err
}

// changed lists the puts of a grant that is new, where old is nil, or moved on:
// its record, its index entries, the counters, the events and their notices.
func (b *Store) changed(tx *bbolt.Tx, old *jit.Grant, g jit.Grant, events []jit.Event) ([]put, error) {
	if g.ID == "" || !slices.Contains(jit.States(), g.State) {
		return nil, fmt.Errorf("grant %q: state %q cannot be stored", g.ID, g.State)
	}
	raw, err := seal(bucketGrants, []byte(g.ID), g)
	if err != nil {
		return nil, fmt.Errorf("encoding grant %s: %w", g.ID, err)
	}
	out := []put{{bucket: bucketGrants, key: []byte(g.ID), value: raw}}
	entries, err := reindex(old, g)
	if err != nil {
		return nil, err
	}
	var from jit.State
	if old != nil {
		from = old.State
	}
	counts, err := recount(tx, from, g.State)
	if err != nil {
		return nil, err
	}
	lines, err := b.recorded(tx, events)
	if err != nil {
		return nil, err
	}
	if old == nil && g.Request.By.ID != "" {
		latest, err := remember(g.Request)
		if err != nil {
			return nil, err
		}
		out = append(out, latest)
	}
	opened, err := rememberOpened(g, events)
	if err != nil {
		return nil, err
	}
	out = append(out, opened...)
	return slices.Concat(out, entries, counts, lines), nil
}

// Grant implements jit.Grants.
func (b *Store) Grant(ctx context.Context, id jit.ID) (g jit.Grant, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) (err error) {
		g, err = grant(tx, id)
		return err
	})
	return g, err
}

func grant(tx *bbolt.Tx, id jit.ID) (g jit.Grant, err error) {
	raw := tx.Bucket([]byte(bucketGrants)).Get([]byte(id))
	if raw == nil {
		return g, fmt.Errorf("grant %q: %w", id, jit.ErrNotFound)
	}
	err = unseal(bucketGrants, []byte(id), raw, &g)
	return g, err
}

// named reads a grant that an index names. One that is not there is damage.
func named(tx *bbolt.Tx, bucket string, key []byte, id string) (jit.Grant, error) {
	g, err := grant(tx, jit.ID(id))
	if errors.Is(err, jit.ErrNotFound) {
		err = damaged(bucket, key, "its grant is missing")
	}
	return g, err
}

// Unfinished implements jit.Grants. With an error, the grants that could be read
// are returned too.
func (b *Store) Unfinished(ctx context.Context) ([]jit.Grant, error) {
	var out []jit.Grant
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketWake)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			id, err := timedID(bucketWake, k)
			err = errors.Join(err, stamped(bucketWake, k, v))
			var g jit.Grant
			if err == nil {
				g, err = named(tx, bucketWake, k, id)
			}
			if err != nil {
				faults = append(faults, err)
				continue
			}
			out = append(out, g)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b jit.Grant) int {
		if n := a.Request.At.Compare(b.Request.At); n != 0 {
			return n
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return out, errors.Join(append(faults, err)...)
}

// Due implements jit.Grants. It reads the index alone; an entry that is damaged
// is an error, with which the others are returned too.
func (b *Store) Due(ctx context.Context, now time.Time) ([]jit.ID, error) {
	var out []jit.ID
	var faults []error
	limit := instant(now)
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketWake)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			id, err := timedID(bucketWake, k)
			if err = errors.Join(err, stamped(bucketWake, k, v)); err != nil {
				faults = append(faults, err)
				continue
			}
			if bytes.Compare(k[:instantSize], limit) > 0 {
				break
			}
			out = append(out, jit.ID(id))
		}
		return nil
	})
	return out, errors.Join(append(faults, err)...)
}

// AtGuard implements jit.Grants; the grants are in the order of their ids. With
// an error, the grants that could be read are returned too.
func (b *Store) AtGuard(ctx context.Context, guard string) ([]jit.Grant, error) {
	var out []jit.Grant
	var faults []error
	prefix := guardPrefix(guard)
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(bucketGuards)).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			_, id, err := guardKey(bucketGuards, k)
			err = errors.Join(err, stamped(bucketGuards, k, v))
			var g jit.Grant
			if err == nil {
				g, err = named(tx, bucketGuards, k, id)
			}
			if err != nil {
				faults = append(faults, err)
				continue
			}
			out = append(out, g)
		}
		return nil
	})
	return out, errors.Join(append(faults, err)...)
}

// Guards implements reconcile.State; the guards are in order. It reads one index
// entry a guard.
func (b *Store) Guards(ctx context.Context) ([]string, error) {
	var out []string
	var faults []error
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		for _, bucket := range []string{bucketGuards, bucketProtected} {
			found, err := guards(tx, bucket)
			out = append(out, found...)
			faults = append(faults, err)
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), errors.Join(append(faults, err)...)
}

// guards lists those of an index by guard. It reads one entry a guard.
func guards(tx *bbolt.Tx, bucket string) ([]string, error) {
	var out []string
	var faults []error
	c := tx.Bucket([]byte(bucket)).Cursor()
	for k, v := c.First(); k != nil; {
		guard, _, err := guardKey(bucket, k)
		if err = errors.Join(err, stamped(bucket, k, v)); err != nil {
			faults = append(faults, err)
			k, v = c.Next()
			continue
		}
		out = append(out, guard)
		k, v = c.Seek(append([]byte(guard), 1)) // past every entry of this guard
	}
	return out, errors.Join(faults...)
}

// Counts tells how many grants are in each state, ended ones too; states without
// grants are left out.
func (b *Store) Counts(ctx context.Context) (map[jit.State]int, error) {
	out := make(map[jit.State]int)
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		for _, s := range jit.States() {
			n, err := count(tx, s)
			if err != nil {
				return err
			}
			if n > 0 {
				out[s] = n
			}
		}
		return nil
	})
	return out, err
}
