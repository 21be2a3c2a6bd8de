package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

// oldStore opens a copy of the store that an earlier version left; see
// testdata/README.md.
func oldStore(t *testing.T) *bolt.Store {
	t.Helper()
	packed, err := os.Open("testdata/before-house.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "jitbot.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bolt.Open(t.Context(), path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOldStore reads all that an earlier version stored: it says what that
// version read in it, byte for byte, and its record is the same chain.
func TestOldStore(t *testing.T) {
	b := oldStore(t)
	must(t, b.Verify(t.Context()))
	var want map[string]any
	raw, err := os.ReadFile("testdata/before-house.json")
	must(t, err)
	must(t, decode(raw, &want))
	at, err := time.Parse(time.RFC3339Nano, want["at"].(string))
	must(t, err)
	read := readAll(t, b, at)
	raw, err = json.Marshal(read)
	must(t, err)
	var got map[string]any
	must(t, decode(raw, &got))
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if diff := cmp.Diff(want[name], got[name]); diff != "" {
			t.Errorf("%s (-before +now):\n%s", name, diff)
		}
	}
}

// decode keeps numbers as they are written.
func decode(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}

// readAll is all that a store tells, under the names of the dump.
func readAll(t *testing.T, b *bolt.Store, at time.Time) map[string]any {
	t.Helper()
	ctx := t.Context()
	out := map[string]any{"at": at}
	keep := func(name string) func(v any, err error) {
		return func(v any, err error) {
			t.Helper()
			must(t, err)
			out[name] = v
		}
	}
	events, err := b.Events(ctx, 0, 100000)
	must(t, err)
	var prev jit.Event
	var grants []jit.Grant
	seen := map[jit.ID]bool{"": true}
	for _, e := range events {
		must(t, record.Follows(e, prev))
		prev = e
		if !seen[e.Grant] {
			seen[e.Grant] = true
			g, err := b.Grant(ctx, e.Grant)
			must(t, err)
			grants = append(grants, g)
		}
	}
	out["events"], out["grants"] = events, grants
	unfinished, err := b.Unfinished(ctx)
	must(t, err)
	out["unfinished"] = idsOf(unfinished)
	keep("protections")(result(b.Protections(ctx)))
	keep("due")(result(b.Due(ctx, at.Add(24*time.Hour))))
	keep("counts")(result(b.Counts(ctx)))
	keep("notices")(result(b.Notices(ctx, 0, 100000)))
	keep("recent")(result(b.Recent(ctx, "U0ADA")))
	keep("digest")(result(b.Digest(ctx)))
	keep("mark")(result(b.Mark(ctx, time.Time{})))
	out["guards"], out["grants_at"], out["protections_at"] = atGuards(ctx, t, b)
	inbox := map[string]string{}
	must(t, b.Accepted(ctx, func(key string, payload []byte, _ time.Time) error {
		inbox[key] = string(payload)
		return nil
	}))
	out["inbox"] = inbox
	return out
}

func result[T any](v T, err error) (any, error) { return v, err }

func idsOf(grants []jit.Grant) []jit.ID {
	var out []jit.ID
	for _, g := range grants {
		out = append(out, g.ID)
	}
	return out
}

// atGuards reads both indexes by guard.
func atGuards(ctx context.Context, t *testing.T, b *bolt.Store) (guards []string, grants map[string][]jit.ID, protected map[string][]string) {
	t.Helper()
	guards, err := b.Guards(ctx)
	must(t, err)
	grants, protected = map[string][]jit.ID{}, map[string][]string{}
	for _, guard := range guards {
		found, err := b.AtGuard(ctx, guard)
		must(t, err)
		if len(found) > 0 {
			grants[guard] = idsOf(found)
		}
		locked, err := b.ProtectionsAt(ctx, guard)
		must(t, err)
		for _, p := range locked {
			protected[guard] = append(protected[guard], p.VM)
		}
	}
	return guards, grants, protected
}
