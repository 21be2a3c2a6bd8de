package store_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// oldStore is where an earlier version left a store and the rules that stood in
// Azure then; see the README there.
const oldStore = "../../../../store/bolt/testdata/before-house"

// oldFile is a copy of the store of oldStore.
func oldFile(t *testing.T) string {
	t.Helper()
	packed, err := os.Open(oldStore + ".db.gz")
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
	file := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// putOldRules writes the rules of oldStore into Azure.
func (w *world) putOldRules() {
	w.T.Helper()
	raw, err := os.ReadFile(oldStore + ".rules.json")
	if err != nil {
		w.T.Fatal(err)
	}
	var byGuard map[string][]rules.Rule
	if err := json.Unmarshal(raw, &byGuard); err != nil {
		w.T.Fatal(err)
	}
	for guard, all := range byGuard {
		var changes []rules.Change
		for i := range all {
			changes = append(changes, rules.Change{Put: &all[i]})
		}
		for _, err := range w.Client.Apply(w.T.Context(), guard, changes) {
			if err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

// What an earlier version left open is closed by this one: it reads the store,
// takes the rules in Azure for its own, keeps what is protected, and leaves
// nothing behind.
func TestStoreOfAnEarlierVersion(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.AddFirewalls()
		w.QuickFirewalls()
		tables, firewalls, foreign := w.tables(), w.Firewalls(), w.Foreign()
		time.Sleep(70 * time.Minute)
		w.putOldRules()
		time.Sleep(time.Until(time.Date(2000, 1, 1, 1, 16, 40, 0, time.UTC))) // when it was stopped
		w.StartOn(oldFile(t))
		w.Pass(2 * time.Minute)
		w.Want("g-3hxbm", jit.Closed)
		held := []jit.ID{"g-5wfsz", "g-76th9", "g-wcdgx", "g-swha2", "g-7sjpz"}
		for _, id := range held {
			w.Want(id, jit.Open)
		}
		w.Pass(3 * time.Hour)
		for _, id := range held {
			w.Want(id, jit.Closed)
		}
		w.Want("g-w4323", jit.Lapsed)
		if w.Firewalls() != firewalls {
			t.Error("the firewalls are not as before")
		}
		w.CheckPromises(foreign)

		protections, err := w.Store.Protections(t.Context())
		if err != nil || len(protections) != 2 {
			t.Fatalf("protected are %+v, %v", protections, err)
		}
		for _, p := range protections {
			if p.State != protection.Protected {
				t.Errorf("%s is %s", p.Name, p.State)
			}
			if _, err := w.Service.Unprotect(t.Context(), carol, []string{p.Name}); err != nil {
				t.Fatal(err)
			}
		}
		w.Pass(10 * time.Minute)
		if got := w.tables(); got != tables {
			t.Errorf("the network security groups are not as before:\n%s\nwere\n%s", got, tables)
		}
	})
}

// tables is everything in network security groups.
func (w *world) tables() string {
	out := ""
	for _, nsg := range w.Azure.NSGs() {
		out += nsg + "\n" + w.Azure.DumpRules(nsg, nil)
	}
	return out
}
