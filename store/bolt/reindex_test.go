package bolt

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

// reindexed is a store with a grant that waits, one that is open at two guards, one
// that has ended, and a protection.
func reindexed(t *testing.T) *Store {
	t.Helper()
	b, err := Open(t.Context(), filepath.Join(t.TempDir(), "jitbot.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	paths := []guardpath.Path{{VM: "/vm", Guard: "/Guard/A"}, {VM: "/vm", Guard: "/guard/b"}}
	for _, g := range []jit.Grant{
		{ID: "g-22222", Revision: 1, State: jit.Pending, Clock: jit.Clock{Lapse: at}},
		{ID: "g-33333", Revision: 1, State: jit.Open, Clock: jit.Clock{Deadline: at}, Paths: paths},
		{ID: "g-44444", Revision: 1, State: jit.Closed, Paths: paths},
	} {
		if err := b.Create(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.Protect(t.Context(), "/vm", func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
		return protection.Protection{VM: "/vm", Revision: 1, State: protection.Protected, Paths: paths[:1]}, true, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever of the indexes and counters is damaged, missing or too much is as it was
// afterwards, and the grants concerned are named.
func TestIndexesAreRebuilt(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	wake, guard := timed(at, "g-33333"), append(guardPrefix("/guard/a"), "g-33333"...)
	other := append(guardPrefix("/guard/x"), "g-33333"...)
	ended := append(guardPrefix("/guard/a"), "g-44444"...)
	open := []jit.ID{"g-33333"}
	for name, tt := range map[string]struct {
		damage func(tx *bbolt.Tx) error
		want   []jit.ID
	}{
		"nothing":             {func(*bbolt.Tx) error { return nil }, nil},
		"wake stamp":          {set(bucketWake, wake, []byte("bad!")), open},
		"wake missing":        {set(bucketWake, wake, nil), open},
		"wake key":            {both(set(bucketWake, wake, nil), set(bucketWake, timed(at.Add(time.Hour), "g-33333"), stamp(bucketWake, wake))), open},
		"wake too short":      {set(bucketWake, []byte("x"), []byte("bad!")), nil},
		"wake of another":     {set(bucketWake, timed(at, "g-55555"), stamp(bucketWake, timed(at, "g-55555"))), nil},
		"guard stamp":         {set(bucketGuards, guard, []byte{}), open},
		"guard missing":       {set(bucketGuards, guard, nil), open},
		"guard of another":    {both(set(bucketGuards, guard, nil), set(bucketGuards, other, stamp(bucketGuards, guard))), open},
		"guard of what ended": {set(bucketGuards, ended, stamp(bucketGuards, ended)), nil},
		"protection stamp":    {set(bucketProtected, append(guardPrefix("/guard/a"), "/vm"...), []byte("bad!")), nil},
		"protection missing":  {set(bucketProtected, append(guardPrefix("/guard/a"), "/vm"...), nil), nil},
		"counter":             {set(bucketCounts, []byte(jit.Open), []byte("bad")), nil},
		"counter missing":     {set(bucketCounts, []byte(jit.Open), nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := reindexed(t)
			before := dump(t, b)
			if err := b.db.Update(tt.damage); err != nil {
				t.Fatal(err)
			}
			damaged, err := b.Reindex(t.Context())
			if err != nil || !slices.Equal(damaged, tt.want) {
				t.Errorf("damaged are %v, %v; want %v", damaged, err, tt.want)
			}
			if after := dump(t, b); after != before {
				t.Errorf("the indexes are\n%q\nwere\n%q", after, before)
			}
			if damaged, err := b.Reindex(t.Context()); err != nil || len(damaged) != 0 {
				t.Errorf("once more: %v, %v", damaged, err)
			}
		})
	}
}

// A grant that cannot be read keeps its entries, and is not read for again each time.
func TestIndexesKeepWhatCannotBeRead(t *testing.T) {
	b := reindexed(t)
	if err := b.db.Update(set(bucketGrants, []byte("g-33333"), []byte("no grant"))); err != nil {
		t.Fatal(err)
	}
	before := dump(t, b)
	if err := b.db.Update(set(bucketWake, []byte("x"), []byte("bad!"))); err != nil {
		t.Fatal(err)
	}
	if damaged, err := b.Reindex(t.Context()); err != nil || len(damaged) != 0 {
		t.Errorf("damaged are %v, %v", damaged, err)
	}
	if after := dump(t, b); after != before {
		t.Errorf("the indexes are\n%q\nwere\n%q", after, before)
	}
	if err := b.db.View(func(tx *bbolt.Tx) error {
		if !isIndexed(tx) {
			t.Error("it would be rebuilt again")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// set writes or, without a value, removes one record of a bucket.
func set(bucket string, key, value []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		if value == nil {
			return tx.Bucket([]byte(bucket)).Delete(key)
		}
		return tx.Bucket([]byte(bucket)).Put(key, value)
	}
}

func both(changes ...func(*bbolt.Tx) error) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		var faults []error
		for _, change := range changes {
			faults = append(faults, change(tx))
		}
		return errors.Join(faults...)
	}
}

// dump is everything in the indexes, and what the counters say.
func dump(t *testing.T, b *Store) string {
	t.Helper()
	out := ""
	err := b.db.View(func(tx *bbolt.Tx) error {
		for _, bucket := range indexes() {
			c := tx.Bucket([]byte(bucket)).Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				out += bucket + " " + string(k) + " " + string(v) + "\n"
			}
		}
		for _, s := range jit.States() {
			if n, err := count(tx, s); err != nil || n != 0 {
				out += string(s) + " " + string(rune('0'+n)) + "\n"
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A write that the disk does not answer is given up, and later ones at once; what can
// be read is read meanwhile, and the store goes on when the disk does.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := reindexed(t)
		held, first := make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := b.Update(t.Context(), "g-33333", func(g jit.Grant) (jit.Grant, []jit.Event, error) {
				<-held
				return g, nil, nil
			})
			first <- err
		}()
		if err := <-first; !errors.Is(err, jit.ErrBusy) || b.Waiting() < patience {
			t.Errorf("the first write says %v, and waits for %s", err, b.Waiting())
		}
		time.Sleep(time.Second)
		began := time.Now()
		line := jit.Event{At: began, Kind: jit.EventAsked}
		if err := b.Append(t.Context(), line); !errors.Is(err, jit.ErrBusy) || time.Since(began) > 0 {
			t.Errorf("the next write says %v after %s", err, time.Since(began))
		}
		if _, err := b.Grant(t.Context(), "g-33333"); err != nil {
			t.Errorf("reading: %v", err)
		}
		if err := b.Check(t.Context()); err != nil {
			t.Errorf("checking: %v", err)
		}
		close(held)
		synctest.Wait()
		if err := b.Append(t.Context(), line); err != nil || b.Waiting() != 0 {
			t.Errorf("afterwards: %v, and it waits for %s", err, b.Waiting())
		}
	})
}
