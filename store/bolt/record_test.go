package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/record"
)

// Every change of the record in the store is found: bytes of a line, lines removed or
// swapped, and a cut end, which the store counts itself.
func TestEveryChangeOfTheRecordIsFound(t *testing.T) {
	b, err := Open(t.Context(), filepath.Join(t.TempDir(), "jitbot.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range 40 {
		e := jit.Event{At: time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC), Kind: jit.EventOpened, Text: fmt.Sprint("reason ", i)}
		if err := b.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	b.db.NoSync = true // what is tried here need not last
	verify := func(ctx context.Context) error {
		counted, err := b.Last(ctx)
		if err != nil {
			return err
		}
		last, err := record.Verify(record.Read(ctx, 0, b.Events), record.Anchor{})
		if err == nil && last != record.At(counted) {
			err = errors.New("the end is another")
		}
		return err
	}
	if err := verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		what, undo := damageRecord(t, r, b.db)
		if verify(t.Context()) == nil {
			t.Errorf("%s: not found", what)
		}
		undo()
	}
	if err := verify(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// damageRecord changes the record in one random way.
func damageRecord(t *testing.T, r *rand.Rand, db *bbolt.DB) (what string, undo func()) {
	t.Helper()
	lines := map[uint64][]byte{}
	update := func(f func(events *bbolt.Bucket) error) {
		t.Helper()
		if err := db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket([]byte(bucketEvents))) }); err != nil {
			t.Fatal(err)
		}
	}
	update(func(events *bbolt.Bucket) error {
		return events.ForEach(func(k, v []byte) error {
			lines[uint64(len(lines)+1)] = bytes.Clone(v)
			return nil
		})
	})
	n := uint64(len(lines))
	i, j := 1+r.Uint64N(n), 1+r.Uint64N(n-1)
	if j >= i {
		j++
	}
	update(func(events *bbolt.Bucket) error {
		switch r.IntN(4) {
		case 0:
			raw := bytes.Clone(lines[i])
			at := r.IntN(len(raw))
			raw[at] ^= byte(1 + r.IntN(255))
			what = fmt.Sprintf("byte %d of line %d", at, i)
			return events.Put(sequence(i), raw)
		case 1:
			what = fmt.Sprintf("line %d removed", i)
			return events.Delete(sequence(i))
		case 2:
			what = fmt.Sprintf("lines %d and %d swapped", i, j)
			return errors.Join(events.Put(sequence(i), lines[j]), events.Put(sequence(j), lines[i]))
		default:
			what = fmt.Sprintf("cut from line %d on", i)
			for k := i; k <= n; k++ {
				if err := events.Delete(sequence(k)); err != nil {
					return err
				}
			}
			return nil
		}
	})
	return what, func() {
		update(func(events *bbolt.Bucket) error {
			for seq, raw := range lines {
				if err := events.Put(sequence(seq), raw); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
