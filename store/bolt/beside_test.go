package bolt_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jitbot/store/bolt"
)

// A store that was not copied is the newest over restarts, once it was taken for it; an
// older copy is not, however much is written to it, nor one of another boot or folder.
func TestNewest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jitbot.db")
	at := time.Now()
	// with opens the store, writes so often, and says whether it was the newest.
	with := func(writes int, take bool) bool {
		t.Helper()
		s, err := bolt.Open(t.Context(), path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		newest := s.Newest()
		if take {
			s.TakeAsNewest()
		}
		for range writes {
			at = at.Add(time.Minute)
			if _, err := s.Mark(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return newest
	}
	if with(1, true) || !with(0, false) {
		t.Error("a new store is none, and then it is")
	}
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !with(1, false) {
		t.Error("a restart makes it older")
	}
	if err := os.WriteFile(path, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if with(5, false) || with(0, false) {
		t.Error("an older copy is taken for the newest")
	}
	if with(1, true) || !with(1, false) {
		t.Error("it is not believed once it was taken for it")
	}
	beside := path + ".newest"
	raw, err := os.ReadFile(beside)
	if err != nil {
		t.Fatal(err)
	}
	boot, last, _ := strings.Cut(string(raw), " ")
	if err := os.WriteFile(beside, []byte(strings.Repeat("x", len(boot))+" "+last), 0o600); err != nil {
		t.Fatal(err)
	}
	if with(0, true) || !with(0, false) {
		t.Error("what another boot wrote is believed")
	}
	if err := os.Chmod(beside, 0o666); err != nil {
		t.Fatal(err)
	}
	if with(0, true) {
		t.Error("what others may write is believed")
	}
}
