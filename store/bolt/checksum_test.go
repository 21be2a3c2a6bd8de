package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/store"
)

// FuzzRecord decodes whatever lies under a key: there is no panic, what is no
// record is ErrCorrupt, and what was sealed comes back.
func FuzzRecord(f *testing.F) {
	g, _ := jit.NewGrant("g-22222", jit.Request{Reason: "disk is full", At: time.Unix(1, 2)})
	sealed, err := seal(bucketGrants, []byte("g-22222"), g)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("g-22222", sealed)
	f.Add("g-33333", sealed)
	f.Add("", []byte{recordJSON})
	f.Add("x", []byte(nil))
	f.Fuzz(func(t *testing.T, key string, raw []byte) {
		var read jit.Grant
		if err := unseal(bucketGrants, []byte(key), raw, &read); err != nil && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%v, want ErrCorrupt", err)
		}
		again, err := seal(bucketGrants, []byte(key), raw)
		if err != nil {
			t.Fatal(err)
		}
		var back []byte
		if err := unseal(bucketGrants, []byte(key), again, &back); err != nil || !bytes.Equal(back, raw) {
			t.Errorf("%q came back as %q: %v", raw, back, err)
		}
		if err := unseal(bucketEvents, []byte(key), again, &back); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("a record in another bucket: %v, want ErrCorrupt", err)
		}
	})
}

// TestRecordVersions reads what earlier versions wrote. The lines stay for ever.
func TestRecordVersions(t *testing.T) {
	for _, raw := range []string{
		"\x01\x80NA\xf9" + `"o1"`,
	} {
		var object string
		if err := unseal(bucketNames, []byte("ann"), []byte(raw), &object); err != nil || object != "o1" {
			now, _ := seal(bucketNames, []byte("ann"), "o1")
			t.Errorf("%q reads as %q: %v (written now: %q)", raw, object, err, now)
		}
	}
	unknown := []byte{99, 0, 0, 0, 0, '1'}
	sum := checksum(bucketNames, []byte("ann"), 99, unknown[5:])
	copy(unknown[1:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	var object json.RawMessage
	if err := unseal(bucketNames, []byte("ann"), unknown, &object); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "version") {
		t.Errorf("a record of version 99: %v, want ErrCorrupt that says so", err)
	}
}

func TestInstantSorts(t *testing.T) {
	times := []time.Time{
		{},
		time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, math.MinInt64+1), time.Unix(-1, 0), time.Unix(0, -1), time.Unix(0, 0),
		time.Unix(0, 1), time.Unix(1, 0), time.Unix(0, math.MaxInt64-1), time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i := 1; i < len(times); i++ {
		if order := bytes.Compare(instant(times[i-1]), instant(times[i])); order > 0 || order == 0 && i > 1 && i < len(times)-1 {
			t.Errorf("%s does not sort before %s", times[i-1], times[i])
		}
	}
	for _, want := range times[2 : len(times)-1] {
		if have := at(instant(want)); !have.Equal(want) {
			t.Errorf("%s came back as %s", want, have)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	for _, test := range []struct {
		schema schema
		want   error
		says   string
	}{
		{schema{Program: program, Version: len(migrations()) + 1}, store.ErrNewer, "newer jitbot"},
		{schema{Program: "other", Version: 1}, store.ErrForeign, "another program"},
	} {
		path := filepath.Join(t.TempDir(), "jitbot.db")
		b, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := seal(bucketMeta, []byte(keySchema), test.schema)
		err = errors.Join(err, b.db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), raw)
		}), b.Close())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a refused file is let go of
			_, err = Open(t.Context(), path, Options{Timeout: time.Millisecond})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "jitbot sweep") {
				t.Errorf("%v: %v, want %v that says %q", test.schema, err, test.want, test.says)
			}
		}
	}
}

// TestReindex checks that only index entries that differ are put.
func TestReindex(t *testing.T) {
	g := jit.Grant{ID: "g-22222", State: jit.Opening, Clock: jit.Clock{Begun: time.Unix(1, 0), OpenBy: time.Unix(9, 0)}, Paths: []guardpath.Path{{Guard: "A"}, {Guard: "b"}}}
	next := g
	next.Paths = []guardpath.Path{{Guard: "a"}, {Guard: "c"}}
	puts, err := reindex(&g, next)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, p := range puts {
		verb := "put "
		if p.value == nil {
			verb = "drop "
		}
		have = append(have, verb+string(p.key))
	}
	if want := []string{"drop b\x00g-22222", "put c\x00g-22222"}; !slices.Equal(have, want) {
		t.Errorf("%q, want %q", have, want)
	}
	next.Paths[0].Guard = "a\x00b"
	if _, err := reindex(&g, next); err == nil {
		t.Error("a guard with a zero byte would be found under another guard")
	}
}
