package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/record"
)

// Sealed lists the segments that hold the beginning of the record, the oldest first.
func (b *Store) Sealed(ctx context.Context) (out []record.Segment, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketSealed)).ForEach(func(k, v []byte) error {
			var s record.Segment
			if err := unseal(bucketSealed, k, v, &s); err != nil {
				return err
			}
			out = append(out, s)
			return nil
		})
	})
	return out, err
}

// sealedEnd is the last line that is sealed, the zero Anchor when none is.
func sealedEnd(tx *bbolt.Tx) (record.Anchor, error) {
	k, v := tx.Bucket([]byte(bucketSealed)).Cursor().Last()
	if k == nil {
		return record.Anchor{}, nil
	}
	var s record.Segment
	err := unseal(bucketSealed, k, v, &s)
	return s.End(), err
}

// Sealable is the number of the last line that may be sealed: those after it are still to
// be told, and the last of all is what the next one is linked to.
func (b *Store) Sealable(ctx context.Context) (seq uint64, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket([]byte(bucketEvents)).Cursor().Last(); k != nil {
			seq = binary.BigEndian.Uint64(k) - 1
		}
		if k, _ := tx.Bucket([]byte(bucketNotices)).Cursor().First(); k != nil {
			seq = min(seq, binary.BigEndian.Uint64(k)/perEvent-1)
		}
		return nil
	})
	return seq, err
}

// Seal notes a segment that is written and on the disk; from then on the record begins
// behind it. It must follow the last one and hold the lines that the store has.
func (b *Store) Seal(ctx context.Context, s record.Segment) error {
	return b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		end, err := sealedEnd(tx)
		if err != nil {
			return nil, err
		}
		last, err := line(tx, s.Last)
		if err != nil {
			return nil, err
		}
		if s.Before() != end || s.Last < s.First || record.At(last) != s.End() {
			return nil, fmt.Errorf("the segment %s of lines %d to %d is not of this record, which is sealed up to line %d",
				s.Name, s.First, s.Last, end.Seq)
		}
		key := sequence(s.First)
		raw, err := seal(bucketSealed, key, s)
		if err != nil {
			return nil, fmt.Errorf("encoding segment %s: %w", s.Name, err)
		}
		return []put{{bucket: bucketSealed, key: key, value: raw}}, nil
	})
}

// Trim removes lines that are sealed, the oldest first, at most limit of them, with what
// they are found by; and with the last line of a grant that has ended the grant. It reports
// whether there are more.
func (b *Store) Trim(ctx context.Context, limit int) (bool, error) {
	var more latest[bool]
	err := b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		end, err := sealedEnd(tx)
		if err != nil {
			return nil, err
		}
		t := trim{tx: tx, counts: map[jit.State]int{}}
		c := tx.Bucket([]byte(bucketEvents)).Cursor()
		n := 0
		k, v := c.First()
		for ; k != nil && binary.BigEndian.Uint64(k) <= end.Seq && n < limit; k, v = c.Next() {
			if err := t.line(k, v); err != nil {
				return nil, err
			}
			n++
		}
		more.set(k != nil && binary.BigEndian.Uint64(k) <= end.Seq)
		return t.all()
	})
	return more.get(), err
}

// trim is what goes with lines that leave.
type trim struct {
	tx     *bbolt.Tx
	puts   []put
	counts map[jit.State]int // grants that leave
}

func (t *trim) line(key, raw []byte) error {
	var e jit.Event
	if err := unseal(bucketEvents, key, raw, &e); err != nil {
		return err
	}
	t.puts = append(t.puts, put{bucket: bucketEvents, key: bytes.Clone(key)})
	for _, p := range foundBy(e) {
		t.puts = append(t.puts, put{bucket: p.bucket, key: p.key})
	}
	if e.Grant == "" || t.goesOn(e) {
		return nil
	}
	g, err := grant(t.tx, e.Grant)
	if err != nil || !g.State.Ended() {
		return nil //nolint:nilerr // what is damaged, or goes on, stays
	}
	t.counts[g.State]++
	t.puts = append(t.puts, put{bucket: bucketGrants, key: []byte(g.ID)}, put{bucket: bucketShown, key: []byte(g.ID)})
	return nil
}

// goesOn reports whether the grant of the line has later ones.
func (t *trim) goesOn(e jit.Event) bool {
	prefix := foundPrefix(byGrant, string(e.Grant))
	k, _ := t.tx.Bucket([]byte(bucketFound)).Cursor().Seek(append(bytes.Clone(prefix), sequence(e.Seq+1)...))
	return bytes.HasPrefix(k, prefix) && len(k) == len(prefix)+sequenceSize
}

func (t *trim) all() ([]put, error) {
	for s, gone := range t.counts {
		n, err := count(t.tx, s)
		if err != nil {
			return nil, err
		}
		raw, err := seal(bucketCounts, []byte(s), n-gone)
		if err != nil {
			return nil, fmt.Errorf("encoding the number of grants that are %s: %w", s, err)
		}
		t.puts = append(t.puts, put{bucket: bucketCounts, key: []byte(s), value: raw})
	}
	return t.puts, nil
}
