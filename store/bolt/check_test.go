package bolt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/outbox"
	"jitbot/store"
	"jitbot/store/bolt"
)

// filled makes a store with some of everything and gives its path.
func filled(t *testing.T, grants int) string {
	t.Helper()
	dir := t.TempDir()
	b := open(t, dir)
	for i := range grants {
		if err := life(b, jit.Request{Key: "key"}.DeriveID(i)); err != nil {
			t.Fatal(err)
		}
	}
	notices, err := b.Notices(t.Context(), 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range notices {
		err = errors.Join(err, b.Told(t.Context(), outbox.Outcome{Told: []uint64{n.Seq}, Grant: n.Event.Grant, Card: jit.Card{Channel: "C", Message: "1"}}))
		_, acceptErr := b.Accept(t.Context(), string(rune('a'+i)), []byte("payload"), n.Event.At)
		err = errors.Join(err, acceptErr)
	}
	_, bindErr := b.Bind(t.Context(), "ann", "o1")
	_, markErr := b.Mark(t.Context(), notices[0].Event.At)
	if err := errors.Join(err, bindErr, markErr, b.Finish(t.Context(), "a", notices[0].Event.At), b.Close()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "jitbot.db")
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(path string, old []byte) error
		want error
	}{
		{"nothing", func(string, []byte) error { return nil }, nil},
		{"touched", func(path string, _ []byte) error { return os.Chmod(path, 0o400) }, nil},
		{"removed", func(path string, _ []byte) error { return os.Remove(path) }, bolt.ErrReplaced},
		{"another file", func(path string, old []byte) error {
			return errors.Join(os.WriteFile(path+".new", old, 0o600), os.Rename(path+".new", path))
		}, bolt.ErrReplaced},
		{"overwritten with an older one", func(path string, old []byte) error { return os.WriteFile(path, old, 0o600) }, bolt.ErrReplaced},
		{"cut", func(path string, _ []byte) error { return os.Truncate(path, 3*4096) }, store.ErrCorrupt},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filled(t, 50)
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := bolt.Open(t.Context(), path, bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(life(b, "g-22222"), b.Check(t.Context()), test.harm(path, old)); err != nil {
				t.Fatal(err)
			}
			if err := b.Check(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			use(t, b) // may fail, does not take the process with it
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// use calls everything; whatever it returns, it returns.
func use(t *testing.T, b *bolt.Store) (failed bool) {
	t.Helper()
	ctx := t.Context()
	unfinished, e1 := b.Unfinished(ctx)
	_, e2 := b.Guards(ctx)
	_, e3 := b.AtGuard(ctx, "guard")
	_, e4 := b.Counts(ctx)
	_, e5 := b.Events(ctx, 0, 1000)
	notices, e6 := b.Notices(ctx, 0, 1000)
	err := errors.Join(e1, e2, e3, e4, e5, e6, b.Append(ctx, jit.Event{Kind: jit.EventDrift}))
	for _, g := range unfinished[:min(3, len(unfinished))] {
		_, updateErr := b.Update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
			g, e, err := g.Close(jit.Decision{Ending: jit.Expired}, g.Request.At, g.Request.At)
			return g, []jit.Event{e}, err
		})
		err = errors.Join(err, updateErr)
	}
	for _, n := range notices[:min(3, len(notices))] {
		err = errors.Join(err, b.Told(ctx, outbox.Outcome{Told: []uint64{n.Seq}, Grant: n.Event.Grant, Card: jit.Card{Channel: "C2"}}))
	}
	_, acceptErr := b.Accept(ctx, "new", []byte("x"), b0())
	return errors.Join(err, acceptErr, b.Finish(ctx, "b", b0())) != nil
}

func TestBackup(t *testing.T) {
	path := filled(t, 50)
	b := open(t, filepath.Dir(path))
	var copied bytes.Buffer
	n, err := b.Backup(t.Context(), &copied)
	if err != nil || n != int64(copied.Len()) {
		t.Fatalf("%d bytes, %v; wrote %d", n, err, copied.Len())
	}
	if err := life(b, "g-22222"); err != nil { // after the copy
		t.Fatal(err)
	}
	dir := t.TempDir()
	to := filepath.Join(dir, "jitbot.db")
	if err := os.WriteFile(to, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	restored := open(t, dir)
	if err := restored.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if all, err := restored.Unfinished(t.Context()); err != nil || len(all) != 50 {
		t.Errorf("%d grants in the copy, %v; want 50", len(all), err)
	}
	if err := life(restored, "g-22222"); err != nil { // it is a store like any
		t.Error(err)
	}
}

// contents is every bucket's every entry.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				out[string(name)+"\x00"+string(k)] = string(v)
				return nil
			})
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}
