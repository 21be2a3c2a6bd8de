package bolt

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/store"
)

// The buckets of a store.
const (
	bucketMeta       = "meta"       // name -> record
	bucketGrants     = "grants"     // id -> jit.Grant
	bucketWake       = "wake"       // instant of Wake, id -> stamp; every grant that has not ended
	bucketGuards     = "guards"     // guard in lower case, 0, id -> stamp; every live grant
	bucketCounts     = "counts"     // state -> number of grants
	bucketEvents     = "events"     // sequence -> jit.Event
	bucketNotices    = "notices"    // sequence -> jit.Notice
	bucketShown      = "shown"      // id -> outbox.Shown
	bucketDeliveries = "deliveries" // key -> delivery: all known
	bucketInbox      = "inbox"      // instant accepted, key -> payload: those not finished
	bucketForget     = "forget"     // instant finished, key -> stamp: when to forget the key
	bucketNames      = "names"      // name of the configuration -> object id
	bucketRecent     = "recent"     // user -> their latest jit.Request; vm, VM in lower case -> that which opened it last

	bucketFound  = "found"  // what a line is found by, 0, sequence -> stamp
	bucketSealed = "sealed" // sequence of the first line -> record.Segment

	bucketProtections = "protections" // VM in lower case -> protection.Protection
	bucketProtected   = "locks"       // guard in lower case, 0, VM in lower case -> stamp
)

// The records in the meta bucket. keySchema and its record version stay as they
// are for ever: each version reads them to tell newer from older.
const (
	keySchema = "schema"
	keyMark   = "mark"        // the highest wall clock reading
	keyTally  = "tally"       // tally
	keyDigest = "digest"      // reach.Digest, the latest
	keyStream = "stream"      // StreamCursor
	keyTx     = "transaction" // the number of the transaction that wrote it, as in the file's head
)

// schema is the first record that is read of a store.
type schema struct {
	Program string `json:"program"`
	Version int    `json:"version"`
}

const program = "jitbot"

// migrations lead from one schema version to the next: the first makes version
// 1 of an empty file. A step is never changed once released, only followed.
func migrations() []func(*bbolt.Tx) error {
	return []func(*bbolt.Tx) error{
		func(tx *bbolt.Tx) error {
			for _, name := range []string{
				bucketMeta, bucketGrants, bucketWake, bucketGuards, bucketCounts, bucketEvents,
				bucketNotices, bucketDeliveries, bucketInbox, bucketForget, bucketNames, bucketRecent,
				bucketProtections, bucketProtected,
			} {
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return fmt.Errorf("creating bucket %s: %w", name, err)
				}
			}
			return nil
		},
		func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucket([]byte(bucketShown)); err != nil {
				return fmt.Errorf("creating bucket %s: %w", bucketShown, err)
			}
			return nil
		},
		findOld,
		func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucket([]byte(bucketSealed)); err != nil {
				return fmt.Errorf("creating bucket %s: %w", bucketSealed, err)
			}
			return nil
		},
	}
}

// migrate brings a store to the newest schema in one transaction.
func migrate(db *bbolt.DB) error {
	steps := migrations()
	var from int
	err := db.View(func(tx *bbolt.Tx) (err error) {
		from, err = version(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case from > len(steps):
		return store.ErrNewer
	case from == len(steps):
		return nil
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for i, step := range steps[from:] {
			if err := step(tx); err != nil {
				return fmt.Errorf("migrating to schema %d: %w", from+i+1, err)
			}
		}
		raw, err := seal(bucketMeta, []byte(keySchema), schema{Program: program, Version: len(steps)})
		if err != nil {
			return err
		}
		if err := tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), raw); err != nil {
			return err
		}
		return number(tx)
	})
}

// number writes the transaction's number into the tree that it commits. A page
// of an earlier tree under the newest head, as after a write that the disk
// lost, would else be an older store that looks whole.
func number(tx *bbolt.Tx) error {
	raw, err := seal(bucketMeta, []byte(keyTx), tx.ID())
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyTx), raw)
}

// numbered checks that the tree is that of the file's head.
func numbered(tx *bbolt.Tx) error {
	var n int
	if err := unseal(bucketMeta, []byte(keyTx), tx.Bucket([]byte(bucketMeta)).Get([]byte(keyTx)), &n); err != nil {
		return err
	}
	if n != tx.ID() {
		return damaged(bucketMeta, []byte(keyTx), fmt.Sprintf("its contents are of transaction %d and its head of %d", n, tx.ID()))
	}
	return nil
}

// errOther marks a good bbolt file that something else made.
var errOther = errors.New("no schema of jitbot")

// version reads the schema version, 0 for an empty file.
func version(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return 0, errOther
		}
		return 0, nil
	}
	raw := meta.Get([]byte(keySchema))
	if raw == nil {
		return 0, errOther
	}
	var s schema
	if err := unseal(bucketMeta, []byte(keySchema), raw, &s); err != nil {
		return 0, err
	}
	if s.Program != program || s.Version < 1 {
		return 0, errOther
	}
	return s.Version, nil
}
