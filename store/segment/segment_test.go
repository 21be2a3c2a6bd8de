package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/segment"
)

// events are n lines that follow each other.
func events(t *testing.T, n int) []jit.Event {
	t.Helper()
	var out []jit.Event
	var prev jit.Event
	for i := range n {
		e, err := record.Link(jit.Event{
			At: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC), Kind: jit.EventAsked, Grant: jit.ID(fmt.Sprintf("g-%05d", i)), Text: strings.Repeat("why ", i%40),
		}, prev)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
		prev = e
	}
	return out
}

func of(all []jit.Event) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func write(t *testing.T, dir, month string, prev record.Anchor, all []jit.Event) record.Segment {
	t.Helper()
	s, err := segment.Write(dir, month, prev, of(all))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verified reads segments as one chain, whose end is known.
func verified(dir string, anchor record.Anchor, segments ...record.Segment) error {
	chain := record.Chain{Anchor: anchor}
	for _, s := range segments {
		for e, err := range segment.Lines(dir, s) {
			if err == nil {
				err = chain.Add(e)
			}
			if err != nil {
				return err
			}
		}
	}
	return chain.End(record.Anchor{})
}

func TestSegmentIsWhatWasSealed(t *testing.T) {
	dir, all := segment.Dir(filepath.Join(t.TempDir(), "jitbot.db")), events(t, 300)
	first := write(t, dir, "2026-01", record.Anchor{}, all[:200])
	second := write(t, dir, "2026-02", first.End(), all[200:])
	if err := verified(dir, record.At(all[299]), first, second); err != nil {
		t.Fatal(err)
	}
	if first.Name != "2026-01.jsonl.zst" || first.First != 1 || first.Last != 200 || second.Before() != first.End() {
		t.Errorf("sealed %+v, then %+v", first, second)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, first.Name): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// One that is there already, whole, is taken, as after a crash; another one of its name is
// never touched.
func TestSegmentIsNeverOverwritten(t *testing.T) {
	dir, all := t.TempDir(), events(t, 30)
	if err := os.WriteFile(filepath.Join(dir, ".sealing-123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := write(t, dir, "2026-01", record.Anchor{}, all[:10])
	if again := write(t, dir, "2026-01", record.Anchor{}, all[:10]); again != first {
		t.Errorf("sealed again as %+v, not %+v", again, first)
	}
	other := write(t, dir, "2026-01", record.Anchor{}, all[:20])
	if other.Name != "2026-01-2.jsonl.zst" || verified(dir, record.Anchor{}, first) != nil || verified(dir, record.Anchor{}, other) != nil {
		t.Errorf("another one is %+v", other)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

func TestSegmentOfBrokenLinesIsNotMade(t *testing.T) {
	all := events(t, 5)
	altered := bytes.Clone([]byte(all[2].Text + "!"))
	all[2].Text = string(altered)
	gone := errors.New("the disk is gone")
	for name, lines := range map[string]iter.Seq2[jit.Event, error]{
		"altered": of(all), "none": of(nil),
		"unread": func(yield func(jit.Event, error) bool) { _ = yield(all[0], nil) && yield(jit.Event{}, gone) },
	} {
		dir := t.TempDir()
		s, err := segment.Write(dir, "2026-01", record.Anchor{}, lines)
		if left, _ := os.ReadDir(dir); err == nil || len(left) != 0 {
			t.Errorf("%s: made %+v, left %v", name, s, left)
		}
	}
}

// Every change of a file that is sealed is found.
func TestSegmentThatWasChangedIsBroken(t *testing.T) {
	dir, all := t.TempDir(), events(t, 400)
	first := write(t, dir, "2026-01", record.Anchor{}, all[:200])
	second := write(t, dir, "2026-02", first.End(), all[200:300])
	third := write(t, dir, "2026-03", second.End(), all[300:])
	whole := map[string][]byte{}
	for _, s := range []record.Segment{first, second, third} {
		raw, err := os.ReadFile(filepath.Join(dir, s.Name))
		if err != nil {
			t.Fatal(err)
		}
		whole[s.Name] = raw
	}
	names := []string{first.Name, second.Name, third.Name}
	draw := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		a, b := names[draw.IntN(3)], names[draw.IntN(3)]
		now, what := map[string][]byte{}, ""
		switch i % 5 {
		case 0, 1:
			raw := bytes.Clone(whole[a])
			raw[draw.IntN(len(raw))] ^= byte(1 + draw.IntN(255))
			now[a], what = raw, "a byte of "+a
		case 2:
			now[a], what = whole[a][:draw.IntN(len(whole[a]))], a+" cut"
		case 3:
			if a == b {
				continue
			}
			now[a], now[b], what = whole[b], whole[a], a+" and "+b+" swapped"
		case 4:
			now[a], what = append(bytes.Clone(whole[a]), whole[b]...), b+" behind "+a
		}
		for name, raw := range now {
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := verified(dir, record.At(all[399]), first, second, third); !errors.Is(err, record.ErrBroken) {
			t.Fatalf("%s: %v", what, err)
		}
		for name := range now {
			if err := os.WriteFile(filepath.Join(dir, name), whole[name], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, second.Name)); err != nil {
		t.Fatal(err)
	}
	if err := verified(dir, record.Anchor{}, first, second, third); !errors.Is(err, record.ErrBroken) || !strings.Contains(err.Error(), second.Name) {
		t.Errorf("removed: %v", err)
	}
	elsewhere := second
	elsewhere.Name = "../" + first.Name
	if err := verified(dir, record.Anchor{}, elsewhere); !errors.Is(err, record.ErrBroken) {
		t.Errorf("a name that leads elsewhere: %v", err)
	}
}
