package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"jitbot/jit/record"
	"jitbot/store"
	"jitbot/store/bolt"
)

// b0 is an instant of the tests.
func b0() time.Time { return time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC) }

// harmed is what came of a damaged file.
type harmed int

const (
	unharmed  harmed = iota // opens, and everything in it is as it was
	notOpened               // Open says so
	notSound                // Verify says so
)

// examine opens a damaged file. Whatever the damage, it is told, or it hit
// nothing that is in use; there is no panic and no end.
func examine(t *testing.T, path string, file []byte, want map[string]string) harmed {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bolt.Open(t.Context(), path, bolt.Options{})
	if err != nil {
		if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrForeign) && !errors.Is(err, store.ErrNewer) {
			t.Errorf("Open: %v, want ErrCorrupt or ErrForeign", err)
		}
		return notOpened
	}
	found := b.Verify(t.Context())
	if found != nil && !errors.Is(found, store.ErrCorrupt) && !errors.Is(found, record.ErrBroken) {
		t.Errorf("Verify: %v, want ErrCorrupt", found)
	}
	if found != nil {
		use(t, b)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if found != nil {
		return notSound
	}
	if !maps.Equal(contents(t, path), want) {
		t.Error("damaged, and nobody noticed")
	}
	return unharmed
}

// copied is a copy of the store without the room that the file has to grow.
func copied(t *testing.T, path string) []byte {
	t.Helper()
	var out bytes.Buffer
	b := open(t, filepath.Dir(path))
	_, err := b.Backup(t.Context(), &out)
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDamage(t *testing.T) {
	source := filled(t, 60)
	want := contents(t, source)
	whole := copied(t, source)
	page := os.Getpagesize()
	pages := len(whole) / page
	random := rand.New(rand.NewPCG(1, 2))
	zero := make([]byte, page)

	for _, damage := range []struct {
		name  string
		times int
		harm  func(i int, file []byte) []byte
		least int // how many of them must be noticed
	}{
		{"a bit flips", 400, func(_ int, file []byte) []byte {
			file[random.IntN(len(file))] ^= 1 << random.IntN(8)
			return file
		}, 120},
		{"a page is zero", pages, func(i int, file []byte) []byte {
			copy(file[i*page:], zero)
			return file
		}, 10},
		{"a page is another", 2 * pages, func(i int, file []byte) []byte {
			to, from := i/2, random.IntN(pages)
			copy(file[to*page:(to+1)*page], file[from*page:])
			return file
		}, 10},
		{"a page is another with its own number", 2 * pages, func(i int, file []byte) []byte {
			to, from := i/2, random.IntN(pages)
			copy(file[to*page+8:(to+1)*page], file[from*page+8:])
			return file
		}, 10},
		{"a sector is garbage", 2 * pages, func(i int, file []byte) []byte {
			at := (i*page/2 + 512*random.IntN(page/1024)) % len(file)
			for j := at; j < at+512; j++ {
				file[j] = byte(random.Uint32())
			}
			return file
		}, 10},
		{"cut", 100, func(i int, file []byte) []byte { return file[:len(file)*i/100] }, 10},
		{"cut within the heads", 40, func(i int, file []byte) []byte { return file[:1+i*page/16] }, 40},
	} {
		t.Run(damage.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jitbot.db")
			seen := make(map[harmed]int)
			for i := range damage.times {
				file := damage.harm(i, bytes.Clone(whole))
				if len(file) == 0 {
					continue // an empty file is a new store
				}
				seen[examine(t, path, file, want)]++
				if t.Failed() {
					t.Fatalf("trial %d", i)
				}
			}
			summary := fmt.Sprintf("%d not opened, %d not sound, %d unharmed", seen[notOpened], seen[notSound], seen[unharmed])
			if seen[notOpened]+seen[notSound] < damage.least {
				t.Errorf("%s; want %d noticed", summary, damage.least)
			}
			t.Log(summary)
		})
	}
}
