package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/record"
)

var _ record.History = (*Store)(nil)

// What the lines of the record are found by: the first byte of a key of bucketFound.
const (
	byGrant = 'g'
	byVM    = 'v'
	byUser  = 'u'
)

// foundPrefix begins the keys of all lines of one grant, VM or user.
func foundPrefix(by byte, value string) []byte {
	return append([]byte{by}, strings.ToLower(value)+"\x00"...)
}

// foundBy lists the entries by which a line is found, each once.
func foundBy(e jit.Event) []put {
	var out []put
	add := func(by byte, value string) {
		if value == "" || strings.Contains(value, "\x00") {
			return
		}
		key := append(foundPrefix(by, value), sequence(e.Seq)...)
		p := put{bucket: bucketFound, key: key, value: stamp(bucketFound, key)}
		if !contains(out, p) {
			out = append(out, p)
		}
	}
	add(byGrant, string(e.Grant))
	for _, vm := range e.VMs {
		add(byVM, vm)
	}
	add(byUser, string(e.Actor.ID))
	add(byUser, string(e.Subject.ID))
	return out
}

// findOld makes the entries of lines from before there were any. A line that cannot be
// read has none.
func findOld(tx *bbolt.Tx) error {
	found, err := tx.CreateBucket([]byte(bucketFound))
	if err != nil {
		return fmt.Errorf("creating bucket %s: %w", bucketFound, err)
	}
	return tx.Bucket([]byte(bucketEvents)).ForEach(func(k, v []byte) error {
		var e jit.Event
		if unseal(bucketEvents, k, v, &e) != nil {
			return nil //nolint:nilerr // see above
		}
		for _, p := range foundBy(e) {
			if err := found.Put(p.key, p.value); err != nil {
				return fmt.Errorf("finding line %d: %w", e.Seq, err)
			}
		}
		return nil
	})
}

// clockSlack is how much the times of lines may be out of their order.
const clockSlack = time.Hour

// Find implements record.History. It reads at most one line more than it gives of the
// grant, VM or user that is asked for, the most particular of them, and of what else is
// asked all lines in between.
func (b *Store) Find(ctx context.Context, q record.Query) (page []jit.Event, next uint64, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		lines := backwards(tx, q)
		for seq, ok := lines(); ok; seq, ok = lines() {
			e, err := line(tx, seq)
			if err = cmp.Or(ctx.Err(), err); err != nil || tooOld(q, e) {
				return err
			}
			if !q.Matches(e) {
				continue
			}
			if len(page) >= q.Limit {
				next = page[len(page)-1].Seq
				return nil
			}
			page = append(page, e)
		}
		return nil
	})
	return page, next, err
}

// tooOld reports whether no line before this one can match.
func tooOld(q record.Query, e jit.Event) bool {
	return !q.Since.IsZero() && e.At.Before(q.Since.Add(-clockSlack))
}

// line reads one line of the record.
func line(tx *bbolt.Tx, seq uint64) (e jit.Event, err error) {
	raw := tx.Bucket([]byte(bucketEvents)).Get(sequence(seq))
	if raw == nil {
		return e, damaged(bucketEvents, sequence(seq), "missing")
	}
	err = unseal(bucketEvents, sequence(seq), raw, &e)
	return e, err
}

// backwards gives the numbers of the lines that may be asked for, newest first.
func backwards(tx *bbolt.Tx, q record.Query) func() (uint64, bool) {
	bucket, prefix := bucketFound, []byte(nil)
	switch {
	case q.Grant != "":
		prefix = foundPrefix(byGrant, string(q.Grant))
	case strings.Contains(q.VM, "/"):
		prefix = foundPrefix(byVM, q.VM)
	case q.User != "" && !strings.Contains(string(q.User), "@"):
		prefix = foundPrefix(byUser, string(q.User))
	default:
		bucket = bucketEvents
	}
	c := tx.Bucket([]byte(bucket)).Cursor()
	before := append(bytes.Clone(prefix), sequence(q.Before-1)...) // 0 wraps to the last number there is
	begun := false
	return func() (uint64, bool) {
		var k []byte
		if !begun {
			begun = true
			if k, _ = c.Seek(before); k == nil {
				k, _ = c.Last()
			} else if !bytes.Equal(k, before) {
				k, _ = c.Prev()
			}
		} else {
			k, _ = c.Prev()
		}
		if k == nil || !bytes.HasPrefix(k, prefix) || len(k) != len(prefix)+sequenceSize {
			return 0, false
		}
		return binary.BigEndian.Uint64(k[len(prefix):]), true
	}
}
