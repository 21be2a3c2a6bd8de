package bolt

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/protection"
)

// Reindex implements reconcile.State. While all is well it reads what has not ended,
// the protections, and the indexes; else every grant that there is. Records that cannot
// be read keep the entries that they have.
func (b *Store) Reindex(ctx context.Context) ([]jit.ID, error) {
	var whole bool
	err := b.read(ctx, func(tx *bbolt.Tx) error {
		whole = isIndexed(tx)
		return nil
	})
	if whole || err != nil {
		return nil, err
	}
	var suspects suspects
	err = b.read(ctx, func(tx *bbolt.Tx) (err error) {
		suspects, err = findSuspects(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out latest[[]jit.ID]
	err = b.write(ctx, func(tx *bbolt.Tx) ([]put, error) {
		puts, damaged, err := suspects.mend(tx)
		out.set(damaged)
		return puts, err
	})
	return out.get(), err
}

// derived are the entries of the indexes that follow from the records.
type derived map[string]map[string]bool // by bucket and key

func (d derived) add(puts []put) {
	for _, p := range puts {
		if d[p.bucket] == nil {
			d[p.bucket] = map[string]bool{}
		}
		d[p.bucket][string(p.key)] = true
	}
}

// indexes are the buckets of derived.
func indexes() []string { return []string{bucketWake, bucketGuards, bucketProtected} }

// isIndexed reports whether each entry of the indexes is good and is that of its grant
// or protection, none is missing, and the counters can be read and agree with them.
func isIndexed(tx *bbolt.Tx) bool {
	want, unfinished, unread := derived{}, 0, 0
	c := tx.Bucket([]byte(bucketWake)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		id, err := timedID(bucketWake, k)
		if err != nil || stamped(bucketWake, k, v) != nil {
			return false
		}
		unfinished++
		g, err := grant(tx, jit.ID(id))
		if err != nil && !errors.Is(err, jit.ErrDamaged) {
			return false
		}
		if err != nil {
			want.keep(tx, id)
			unread++
			continue
		}
		puts, err := indexed(g)
		if err != nil {
			return false
		}
		want.add(puts)
	}
	want.addProtections(tx)
	for _, bucket := range indexes() {
		if !want.is(tx, bucket) {
			return false
		}
	}
	n, err := countUnfinished(tx)
	return err == nil && n <= unfinished && n >= unfinished-unread
}

// countUnfinished is how many grants have not ended by the counters, each of which must
// be readable.
func countUnfinished(tx *bbolt.Tx) (int, error) {
	unfinished := 0
	for _, s := range jit.States() {
		n, err := count(tx, s)
		if err != nil {
			return 0, err
		}
		if !s.Ended() {
			unfinished += n
		}
	}
	return unfinished, nil
}

// is reports whether the bucket holds the entries, all of them good, and no other.
func (d derived) is(tx *bbolt.Tx, bucket string) bool {
	found := 0
	c := tx.Bucket([]byte(bucket)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if stamped(bucket, k, v) != nil || !d[bucket][string(k)] {
			return false
		}
		found++
	}
	return found == len(d[bucket])
}

// keep adds the good entries that something has whose record cannot be read.
func (d derived) keep(tx *bbolt.Tx, id string) {
	for _, bucket := range indexes() {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if named, ok := entryID(bucket, k); ok && named == id && stamped(bucket, k, v) == nil {
				d.add([]put{{bucket: bucket, key: bytes.Clone(k)}})
			}
		}
	}
}

// entryID is what an entry of an index is about.
func entryID(bucket string, key []byte) (string, bool) {
	if bucket == bucketWake {
		id, err := timedID(bucket, key)
		return id, err == nil
	}
	_, id, err := guardKey(bucket, key)
	return id, err == nil
}

// addProtections adds the entries of all protections.
func (d derived) addProtections(tx *bbolt.Tx) {
	c := tx.Bucket([]byte(bucketProtections)).Cursor()
	for k, raw := c.First(); k != nil; k, raw = c.Next() {
		var p protection.Protection
		if unseal(bucketProtections, k, raw, &p) != nil {
			d.keep(tx, string(k))
			continue
		}
		for _, guard := range p.Guards() {
			d.add([]put{{bucket: bucketProtected, key: append(guardPrefix(guard), k...)}})
		}
	}
}

// suspects are what is to be looked at once more, while nobody writes.
type suspects struct {
	grants  []jit.ID // an entry of theirs is missing, or no good
	entries []put    // that nothing has, or that are no good; without a value
	counts  bool     // the counters are no good
}

// findSuspects compares the indexes with every record.
func findSuspects(ctx context.Context, tx *bbolt.Tx) (suspects, error) {
	var out suspects
	want := derived{}
	c := tx.Bucket([]byte(bucketGrants)).Cursor()
	for k, raw := c.First(); k != nil; k, raw = c.Next() {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		var g jit.Grant
		if unseal(bucketGrants, k, raw, &g) != nil {
			want.keep(tx, string(k))
			continue
		}
		puts, err := indexed(g)
		if err != nil {
			return out, err
		}
		want.add(puts)
		if slices.ContainsFunc(puts, func(p put) bool { return stamped(p.bucket, p.key, tx.Bucket([]byte(p.bucket)).Get(p.key)) != nil }) {
			out.grants = append(out.grants, g.ID)
		}
	}
	out.counts = !countsAre(tx, len(want[bucketWake]))
	want.addProtections(tx)
	out.entries = unwanted(tx, want)
	return out, nil
}

func countsAre(tx *bbolt.Tx, unfinished int) bool {
	n, err := countUnfinished(tx)
	return err == nil && n == unfinished
}

// unwanted are the entries that no record has, or that are no good.
func unwanted(tx *bbolt.Tx, want derived) []put {
	var out []put
	for _, bucket := range indexes() {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if !want[bucket][string(k)] || stamped(bucket, k, v) != nil {
				out = append(out, put{bucket: bucket, key: bytes.Clone(k)})
			}
		}
	}
	return out
}

// mend lists the puts that make the indexes right, and the grants whose entries were
// missing or no good.
func (s suspects) mend(tx *bbolt.Tx) (puts []put, damaged []jit.ID, err error) {
	want := derived{}
	for _, id := range s.grants {
		g, err := grant(tx, id)
		if err != nil {
			return nil, nil, err
		}
		entries, err := indexed(g)
		if err != nil {
			return nil, nil, err
		}
		want.add(entries)
		puts = append(puts, entries...)
		damaged = append(damaged, id)
	}
	want.addProtections(tx)
	for key := range want[bucketProtected] {
		puts = append(puts, put{bucket: bucketProtected, key: []byte(key), value: stamp(bucketProtected, []byte(key))})
	}
	for _, e := range s.entries {
		if !want[e.bucket][string(e.key)] && !isOfItsGrant(tx, e) {
			puts = append(puts, e)
		}
	}
	if !s.counts {
		return puts, damaged, nil
	}
	counts, err := counted(tx)
	return append(puts, counts...), damaged, err
}

// isOfItsGrant reports whether the entry is a good one after all: something was written
// since it was suspected.
func isOfItsGrant(tx *bbolt.Tx, e put) bool {
	id, ok := entryID(e.bucket, e.key)
	if !ok || stamped(e.bucket, e.key, tx.Bucket([]byte(e.bucket)).Get(e.key)) != nil {
		return false
	}
	g, err := grant(tx, jit.ID(id))
	if err != nil {
		return errors.Is(err, jit.ErrDamaged)
	}
	entries, err := indexed(g)
	return err == nil && contains(entries, e)
}

// counted lists the puts of the counters, from every grant that can be read.
func counted(tx *bbolt.Tx) ([]put, error) {
	counts := map[jit.State]int{}
	c := tx.Bucket([]byte(bucketGrants)).Cursor()
	for k, raw := c.First(); k != nil; k, raw = c.Next() {
		var g jit.Grant
		if unseal(bucketGrants, k, raw, &g) == nil {
			counts[g.State]++
		}
	}
	var out []put
	for _, s := range jit.States() {
		raw, err := seal(bucketCounts, []byte(s), counts[s])
		if err != nil {
			return nil, err
		}
		out = append(out, put{bucket: bucketCounts, key: []byte(s), value: raw})
	}
	return out, nil
}
