package bolt

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/outbox"
	"jitbot/jit/protection"
)

// faultsShown bounds how many faults Verify tells at once.
const faultsShown = 20

// Verify reads the whole store and checks that every page can be walked, every
// record is whole, the indexes and counters say what the grants say, the record
// is one chain and the inbox is consistent. ErrCorrupt names what is not, jit's
// ErrBroken where the chain breaks. It is for tests and for the host; it does
// not hold up writes.
func (b *Store) Verify(ctx context.Context) error {
	return b.read(ctx, func(tx *bbolt.Tx) error {
		page := uint64(tx.DB().Info().PageSize)
		m := newPageReader(b.file, page, uint64(tx.Size())/page)
		// First, because a cursor may follow damaged pages in circles.
		if err := m.walk(ctx, uint64(tx.Cursor().Bucket().RootPage())); err != nil {
			return err
		}
		if err := numbered(tx); err != nil {
			return err
		}
		v := &verifier{tx: tx, want: make(map[string]int)}
		for _, check := range []func(context.Context) error{
			v.grants, v.indexes, v.counts, v.events, v.notices, v.shown, v.deliveries, v.names, v.protections,
		} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return errors.Join(v.faults...)
	})
}

// verifier collects faults in one read transaction.
type verifier struct {
	tx     *bbolt.Tx
	want   map[string]int    // entries that each index should have
	states map[jit.State]int // grants in each state
	faults []error
}

// each calls f with every entry of a bucket; its error is a fault. It ends with
// the context and when there are enough faults.
func (v *verifier) each(ctx context.Context, bucket string, f func(key, value []byte) error) error {
	var faults []error
	c := v.tx.Bucket([]byte(bucket)).Cursor()
	for k, value := c.First(); k != nil; k, value = c.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(k, value); err != nil {
			faults = append(faults, err)
		}
		if len(v.faults)+len(faults) >= faultsShown {
			return errors.Join(append(v.faults, faults...)...)
		}
	}
	v.faults = append(v.faults, faults...)
	return nil
}

// has checks that an index entry is there and whole.
func (v *verifier) has(bucket string, key []byte) error {
	v.want[bucket]++
	raw := v.tx.Bucket([]byte(bucket)).Get(key)
	if raw == nil {
		return damaged(bucket, key, "missing")
	}
	return stamped(bucket, key, raw)
}

func (v *verifier) grants(ctx context.Context) error {
	v.states = make(map[jit.State]int)
	return v.each(ctx, bucketGrants, func(key, raw []byte) error {
		var g jit.Grant
		if err := unseal(bucketGrants, key, raw, &g); err != nil {
			return err
		}
		if string(g.ID) != string(key) {
			return damaged(bucketGrants, key, fmt.Sprintf("it is grant %q", g.ID))
		}
		v.states[g.State]++
		entries, err := indexed(g)
		if err != nil {
			return damaged(bucketGrants, key, err)
		}
		var faults []error
		for _, e := range entries {
			faults = append(faults, v.has(e.bucket, e.key))
		}
		return errors.Join(faults...)
	})
}

// indexes checks that no index has an entry that nothing explains: every entry
// that is explained was found by then.
func (v *verifier) indexes(ctx context.Context) error {
	for _, bucket := range []string{bucketWake, bucketGuards} {
		if err := v.counted(ctx, bucket, "grants"); err != nil {
			return err
		}
	}
	return nil
}

// counted checks that an index has as many entries as what it is of, all of them whole.
func (v *verifier) counted(ctx context.Context, bucket, of string) error {
	n := 0
	err := v.each(ctx, bucket, func(key, raw []byte) error {
		n++
		return stamped(bucket, key, raw)
	})
	if err == nil && n != v.want[bucket] {
		v.faults = append(v.faults, damaged(bucket, nil, fmt.Sprintf("%d entries where the %s have %d", n, of, v.want[bucket])))
	}
	return err
}

func (v *verifier) counts(ctx context.Context) error {
	err := v.each(ctx, bucketCounts, func(key, _ []byte) error {
		n, err := count(v.tx, jit.State(key))
		if err != nil {
			return err
		}
		if want := v.states[jit.State(key)]; n != want {
			return damaged(bucketCounts, key, fmt.Sprintf("%d where there are %d", n, want))
		}
		delete(v.states, jit.State(key))
		return nil
	})
	for s := range v.states {
		v.faults = append(v.faults, damaged(bucketCounts, []byte(s), "missing"))
	}
	return err
}

func (v *verifier) shown(ctx context.Context) error {
	return v.each(ctx, bucketShown, func(key, raw []byte) error {
		var s outbox.Shown
		return unseal(bucketShown, key, raw, &s)
	})
}

func (v *verifier) deliveries(ctx context.Context) error {
	waiting, finished := 0, 0
	err := v.each(ctx, bucketDeliveries, func(key, raw []byte) error {
		var d delivery
		if err := unseal(bucketDeliveries, key, raw, &d); err != nil {
			return err
		}
		if !d.Finished.IsZero() {
			finished++
			return v.has(bucketForget, timed(d.Finished, string(key)))
		}
		waiting++
		at := timed(d.At, string(key))
		payload := v.tx.Bucket([]byte(bucketInbox)).Get(at)
		if payload == nil {
			return damaged(bucketInbox, at, "missing")
		}
		var bytes []byte
		return unseal(bucketInbox, at, payload, &bytes)
	})
	if err != nil {
		return err
	}
	for _, index := range []struct {
		bucket string
		want   int
	}{{bucketInbox, waiting}, {bucketForget, finished}} {
		n := 0
		if err := v.each(ctx, index.bucket, func(_, _ []byte) error { n++; return nil }); err != nil {
			return err
		}
		if n != index.want {
			v.faults = append(v.faults, damaged(index.bucket, nil, fmt.Sprintf("%d entries where there should be %d", n, index.want)))
		}
	}
	return nil
}

func (v *verifier) names(ctx context.Context) error {
	err := v.each(ctx, bucketNames, func(key, raw []byte) error {
		var object string
		return unseal(bucketNames, key, raw, &object)
	})
	if err != nil {
		return err
	}
	err = v.each(ctx, bucketRecent, func(key, raw []byte) error {
		var r jit.Request
		return unseal(bucketRecent, key, raw, &r)
	})
	if err != nil {
		return err
	}
	return v.each(ctx, bucketMeta, func(key, raw []byte) error {
		var any any
		return unseal(bucketMeta, key, raw, &any)
	})
}

// protections checks that the index by guard says what the protections say.
func (v *verifier) protections(ctx context.Context) error {
	want := 0
	err := v.each(ctx, bucketProtections, func(key, raw []byte) error {
		var p protection.Protection
		if err := unseal(bucketProtections, key, raw, &p); err != nil {
			return err
		}
		for _, guard := range p.Guards() {
			want++
			at := append(guardPrefix(guard), key...)
			if err := stamped(bucketProtected, at, v.tx.Bucket([]byte(bucketProtected)).Get(at)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	have := 0
	if err := v.each(ctx, bucketProtected, func(_, _ []byte) error { have++; return nil }); err != nil {
		return err
	}
	if have != want {
		v.faults = append(v.faults, damaged(bucketProtected, nil, fmt.Sprintf("%d entries where there should be %d", have, want)))
	}
	return nil
}
