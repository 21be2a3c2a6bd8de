package bolt

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/store"
)

// TestEndIsLookedAt damages the end of the record behind the committer, which
// knows it from its last write: nothing is linked to what is left.
func TestEndIsLookedAt(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(events, meta *bbolt.Bucket, last, old []byte) error
	}{
		{"the last line is gone", func(events, _ *bbolt.Bucket, last, _ []byte) error { return events.Delete(last) }},
		{"a bit of it flips", func(events, _ *bbolt.Bucket, last, _ []byte) error {
			raw := bytes.Clone(events.Get(last))
			raw[len(raw)-3] ^= 1
			return events.Put(last, raw)
		}},
		{"another one is in its place", func(events, _ *bbolt.Bucket, last, _ []byte) error {
			raw, err := seal(bucketEvents, last, jit.Event{Seq: 2, Hash: "another"})
			return errors.Join(err, events.Put(last, raw))
		}},
		{"it is under another number too", func(events, _ *bbolt.Bucket, last, _ []byte) error {
			return events.Put(sequence(3), events.Get(last))
		}},
		{"the tally is of the line before", func(_, meta *bbolt.Bucket, _, old []byte) error {
			return meta.Put([]byte(keyTally), old)
		}},
		{"the tally is damaged", func(_, meta *bbolt.Bucket, _, old []byte) error {
			return meta.Put([]byte(keyTally), old[:len(old)-1])
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := opened(t)
			var old []byte
			err := errors.Join(
				b.Append(t.Context(), jit.Event{Kind: jit.EventDrift}),
				b.db.View(func(tx *bbolt.Tx) error {
					old = bytes.Clone(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyTally)))
					return nil
				}),
				b.Append(t.Context(), jit.Event{Kind: jit.EventDrift}),
				b.db.Update(func(tx *bbolt.Tx) error {
					return test.harm(tx.Bucket([]byte(bucketEvents)), tx.Bucket([]byte(bucketMeta)), sequence(2), old)
				}),
			)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := b.Append(t.Context(), jit.Event{Kind: jit.EventDrift}); !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("%v, want ErrCorrupt", err)
				}
			}
		})
	}
}

// TestAnyEventChains records events of any bytes and zones: as they are read
// back they are one chain still.
func TestAnyEventChains(t *testing.T) {
	b := opened(t)
	text := rapid.Map(rapid.OneOf(
		rapid.SliceOf(rapid.Byte()),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.SampledFrom([][]byte{[]byte(`\ufffd`), []byte("\uFFFD"), []byte("\xff<&>\u2028")}),
	), func(b []byte) string { return string(b) })
	rapid.Check(t, func(r *rapid.T) {
		zone := time.UTC
		if offset := rapid.IntRange(-50_000, 50_000).Draw(r, "zone"); offset != 0 {
			zone = time.FixedZone("", offset)
		}
		err := b.Append(t.Context(), jit.Event{
			At:   time.Unix(rapid.Int64Range(0, 1<<35).Draw(r, "at"), rapid.Int64Range(0, 999_999_999).Draw(r, "ns")).In(zone),
			Kind: jit.EventDrift, Grant: jit.ID(text.Draw(r, "grant")), Text: text.Draw(r, "text"),
			Actor:   jit.Person{ID: jit.UserID(text.Draw(r, "id")), Name: text.Draw(r, "name")},
			Sources: rapid.SliceOfN(text, 0, 2).Draw(r, "sources"),
		})
		if err != nil {
			r.Fatal(err)
		}
	})
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
