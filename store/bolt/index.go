package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
)

const instantSize = 8

// instant is a time in eight bytes that sort as times do: UnixNano, big endian,
// its sign turned. Times that UnixNano cannot hold, the zero time among them,
// become the first or the last it can.
func instant(t time.Time) []byte {
	n := t.UnixNano()
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		n = math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		n = math.MaxInt64
	}
	return binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63)
}

// at is the time of an instant, in UTC.
func at(key []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(key)^1<<63)).UTC()
}

const sequenceSize = 8

// sequence is a number in eight bytes that sort as numbers do.
func sequence(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// timed is the key of something with an id that has its time.
func timed(t time.Time, id string) []byte { return append(instant(t), id...) }

// timedID is the id in a timed key.
func timedID(bucket string, key []byte) (string, error) {
	if len(key) <= instantSize {
		return "", damaged(bucket, key, "too short")
	}
	return string(key[instantSize:]), nil
}

// guardPrefix begins the keys of a guard's grants.
func guardPrefix(guard string) []byte { return append([]byte(strings.ToLower(guard)), 0) }

// guardKey splits a key of an index by guard.
func guardKey(bucket string, key []byte) (guard, id string, err error) {
	guard, id, ok := strings.Cut(string(key), "\x00")
	if !ok || id == "" {
		return "", "", damaged(bucket, key, "names nothing")
	}
	return guard, id, nil
}

// indexed lists the index entries that a grant has: when it must be looked at
// while it has not ended, and its guards while it is live.
func indexed(g jit.Grant) ([]put, error) {
	var out []put
	entry := func(bucket string, key []byte) {
		out = append(out, put{bucket: bucket, key: key, value: stamp(bucket, key)})
	}
	if !g.State.Ended() {
		entry(bucketWake, timed(g.Wake(), string(g.ID)))
	}
	if !g.State.Live() {
		return out, nil
	}
	for _, guard := range g.Guards() {
		if strings.Contains(guard, "\x00") {
			return nil, fmt.Errorf("grant %s: guard %q has a zero byte", g.ID, guard)
		}
		entry(bucketGuards, append(guardPrefix(guard), g.ID...))
	}
	return out, nil
}

// reindex lists the changes of index entries from old to g, without those that
// stay; old is nil for a new grant.
func reindex(old *jit.Grant, g jit.Grant) ([]put, error) {
	have, err := indexed(g)
	if err != nil || old == nil {
		return have, err
	}
	had, err := indexed(*old)
	if err != nil {
		return nil, err
	}
	var out []put
	for _, p := range had {
		if !contains(have, p) {
			out = append(out, put{bucket: p.bucket, key: p.key})
		}
	}
	for _, p := range have {
		if !contains(had, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func contains(entries []put, e put) bool {
	for _, p := range entries {
		if p.bucket == e.bucket && bytes.Equal(p.key, e.key) {
			return true
		}
	}
	return false
}

// recount lists the changes of the counters when a grant moves from old, which
// is empty for a new one, to its state.
func recount(tx *bbolt.Tx, old, state jit.State) ([]put, error) {
	if old == state {
		return nil, nil
	}
	var out []put
	add := func(s jit.State, delta int) error {
		n, err := count(tx, s)
		if err != nil {
			return err
		}
		if n+delta < 0 {
			return damaged(bucketCounts, []byte(s), "less than none")
		}
		raw, err := seal(bucketCounts, []byte(s), n+delta)
		out = append(out, put{bucket: bucketCounts, key: []byte(s), value: raw})
		return err
	}
	if old != "" {
		if err := add(old, -1); err != nil {
			return nil, err
		}
	}
	if err := add(state, 1); err != nil {
		return nil, err
	}
	return out, nil
}

// count reads one counter, 0 when it was never written.
func count(tx *bbolt.Tx, s jit.State) (n int, err error) {
	raw := tx.Bucket([]byte(bucketCounts)).Get([]byte(s))
	if raw == nil {
		return 0, nil
	}
	err = unseal(bucketCounts, []byte(s), raw, &n)
	return n, err
}
