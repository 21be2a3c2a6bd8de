package app_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

const (
	day  = 24 * time.Hour
	keep = 90 * day
)

// archive is a store of a record that goes over months, and where its segments go.
type archive struct {
	t    *testing.T
	path string
	*bolt.Store
	all []jit.Event // the whole record
}

// newArchive has three lines a day from January to June 2026, of a grant a day.
func newArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{t: t, path: filepath.Join(t.TempDir(), "jitbot.db")}
	a.open()
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for n := range 181 {
		id := grantID(n)
		g := jit.Grant{ID: id, Revision: 1, State: jit.Refused, Request: jit.Request{At: at, By: jit.Person{ID: "U0ADA"}}}
		a.must(a.Create(t.Context(), g, line(id, jit.EventAsked, at), line(id, jit.EventRefused, at.Add(time.Minute))))
		a.must(a.Append(t.Context(), jit.Event{At: at.Add(time.Hour), Kind: jit.EventCopied, Actor: jit.Person{ID: "host:root"}}))
		at = at.Add(day)
	}
	var err error
	a.all, err = a.Events(t.Context(), 0, 10000)
	a.must(err)
	return a
}

func grantID(n int) jit.ID {
	const letters = "23456789abcdefghjkmnpqrstwxyz"
	return jit.ID("g-222" + string(letters[n/len(letters)]) + string(letters[n%len(letters)]))
}

func line(id jit.ID, kind jit.EventKind, at time.Time) jit.Event {
	return jit.Event{At: at, Kind: kind, Grant: id, Actor: jit.Person{ID: "U0ADA"}}
}

func (a *archive) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *archive) open() {
	a.t.Helper()
	var err error
	a.Store, err = bolt.Open(a.t.Context(), a.path, bolt.Options{})
	a.must(err)
	s := a.Store
	a.t.Cleanup(func() { a.must(s.Close()) })
}

func (a *archive) dir() string { return segment.Dir(a.path) }

// whole holds that the record is what it was, line by line, and the store and the chain are whole.
func (a *archive) whole(when string) {
	a.t.Helper()
	a.must(a.Verify(a.t.Context()))
	r := app.RecordOf(a.t.Context(), a.Store, a.dir())
	last, err := r.Verify(record.At(a.all[len(a.all)-1]))
	if err != nil || last != record.At(a.all[len(a.all)-1]) {
		a.t.Errorf("%s: verified up to %v, %v", when, last, err)
	}
	var hashes, want []string
	for e, err := range r.Lines {
		a.must(err)
		hashes = append(hashes, e.Hash)
	}
	for _, e := range a.all {
		want = append(want, e.Hash)
	}
	if !slices.Equal(hashes, want) {
		a.t.Errorf("%s: %d lines, %d there were", when, len(hashes), len(want))
	}
}

func TestOldLinesLeaveTheStore(t *testing.T) {
	a := newArchive(t)
	now := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC) // 90 days before: 1 April
	a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, false, now.Add(-day)))
	sealed, err := a.Sealed(t.Context())
	if err != nil || len(sealed) != 2 || sealed[0].Name != "2026-01.jsonl.zst" || sealed[1].Name != "2026-02.jsonl.zst" {
		t.Fatalf("sealed %+v, %v", sealed, err)
	}
	a.whole("two months sealed")
	a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, false, now))
	a.whole("three months sealed")
	sealed, err = a.Sealed(t.Context())
	if err != nil || len(sealed) != 3 || sealed[2].Last != 3*(31+28+31) {
		t.Errorf("sealed %+v, %v", sealed, err)
	}
	left, err := a.Events(t.Context(), 0, 10000)
	if err != nil || len(left) != len(a.all)-3*(31+28+31) || left[0].Seq != 3*(31+28+31)+1 {
		t.Errorf("%d lines are left, from %d: %v", len(left), left[0].Seq, err)
	}
	if _, err := a.Grant(t.Context(), grantID(0)); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a grant of January: %v", err)
	}
	if _, err := a.Grant(t.Context(), grantID(100)); err != nil {
		t.Errorf("a grant of April: %v", err)
	}
	counts, err := a.Counts(t.Context())
	if err != nil || counts[jit.Refused] != 181-(31+28+31) {
		t.Errorf("counted %v, %v", counts, err)
	}
	a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, false, now.Add(400*day)))
	a.must(a.Append(t.Context(), line("", jit.EventCopied, now)))
	again, err := a.Events(t.Context(), 0, 10000)
	a.must(err)
	a.all = append(a.all, again[len(again)-1])
	a.whole("all but the last month sealed, and written on")
}

// What a stream has not had, or is still to be told, stays in the store.
func TestLinesThatAreNotToldStay(t *testing.T) {
	a := newArchive(t)
	now := time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)
	a.must(a.SetStreamCursor(t.Context(), bolt.StreamCursor{Sent: 3 * 40, Sending: 3 * 40}))
	a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, true, now))
	if sealed, err := a.Sealed(t.Context()); err != nil || len(sealed) != 1 {
		t.Errorf("sealed %+v, %v", sealed, err)
	}
	a.whole("January sealed")
}

// Killed at any step, nothing of the record is lost and nothing is there twice.
func TestSealingIsKilledAnywhere(t *testing.T) {
	now := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	for name, step := range map[string]func(a *archive){
		"while the file is written": func(a *archive) {
			a.must(os.MkdirAll(a.dir(), 0o700))
			a.must(os.WriteFile(filepath.Join(a.dir(), ".sealing-1"), []byte("half of it"), 0o600))
		},
		"before it is noted": func(a *archive) {
			_, err := segment.Write(a.dir(), "2026-01", record.Anchor{}, record.Read(a.t.Context(), 0, a.until(3*31)))
			a.must(err)
		},
		"before it is noted, and another file has its name": func(a *archive) {
			a.must(os.MkdirAll(a.dir(), 0o700))
			a.must(os.WriteFile(filepath.Join(a.dir(), "2026-01.jsonl.zst"), []byte("somebody's"), 0o600))
		},
		"before anything is removed": func(a *archive) { a.noted() },
		"while it is removed": func(a *archive) {
			a.noted()
			more, err := a.Trim(a.t.Context(), 40)
			if a.must(err); !more {
				a.t.Error("nothing is left to remove")
			}
			a.holds(len(a.all) - 40) // no more at a time: closings share the disk
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			step(a)
			a.whole("killed")
			a.must(a.Close())
			a.open()
			a.whole("started again")
			a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, false, now))
			a.whole("sealed")
			if sealed, err := a.Sealed(t.Context()); err != nil || len(sealed) != 3 {
				t.Errorf("sealed %+v, %v", sealed, err)
			}
		})
	}
}

// holds counts the lines in the store itself, those that are sealed too.
func (a *archive) holds(want int) {
	a.t.Helper()
	a.must(a.Close())
	db, err := bbolt.Open(a.path, 0o600, &bbolt.Options{ReadOnly: true})
	a.must(err)
	a.must(db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket([]byte("events")).Stats().KeyN; n != want {
			a.t.Errorf("the store has %d lines, not %d", n, want)
		}
		return nil
	}))
	a.must(db.Close())
	a.open()
}

func (a *archive) until(last uint64) func(context.Context, uint64, int) ([]jit.Event, error) {
	return func(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
		if after >= last {
			return nil, nil
		}
		return a.Events(ctx, after, min(limit, int(last-after)))
	}
}

// noted has January sealed, and all of it still in the store.
func (a *archive) noted() {
	a.t.Helper()
	s, err := segment.Write(a.dir(), "2026-01", record.Anchor{}, record.Read(a.t.Context(), 0, a.until(3*31)))
	a.must(err)
	a.must(a.Seal(a.t.Context(), s))
}

// What is read while it is sealed is read whole.
func TestRecordIsReadWhileItIsSealed(t *testing.T) {
	a := newArchive(t)
	n := 0
	for e, err := range app.RecordOf(t.Context(), a.Store, a.dir()).Lines {
		a.must(err)
		if n++; e.Seq != uint64(n) {
			t.Fatalf("line %d comes as the %d.", e.Seq, n)
		}
		if n == 20 {
			a.must(app.Seal(t.Context(), a.Store, a.dir(), keep, false, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)))
		}
	}
	if n != len(a.all) {
		t.Errorf("%d lines of %d", n, len(a.all))
	}
}

// A segment that is not of the record, or does not follow, is not noted.
func TestSegmentOfAnotherRecordIsNotNoted(t *testing.T) {
	a := newArchive(t)
	good, err := segment.Write(a.dir(), "2026-01", record.Anchor{}, record.Read(t.Context(), 0, a.until(93)))
	a.must(err)
	for name, change := range map[string]func(*record.Segment){
		"another line": func(s *record.Segment) { s.Hash = fmt.Sprintf("%064d", 1) },
		"a gap":        func(s *record.Segment) { s.First = 2 },
		"nothing":      func(s *record.Segment) { s.Last = 0 },
	} {
		bad := good
		change(&bad)
		if err := a.Seal(t.Context(), bad); err == nil {
			t.Errorf("%s: noted", name)
		}
	}
	a.must(a.Seal(t.Context(), good))
	if err := a.Seal(t.Context(), good); err == nil {
		t.Error("noted twice")
	}
}
