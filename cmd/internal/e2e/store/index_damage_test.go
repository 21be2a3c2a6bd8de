package store_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// damage stops the service and changes the byte at the offset from the end of the
// words, wherever the store has them.
func (w *world) damage(words []byte, offset int) {
	w.T.Helper()
	w.Stop()
	raw, err := os.ReadFile(w.File)
	if err != nil {
		w.T.Fatal(err)
	}
	found := 0
	for at := 0; ; found++ {
		i := bytes.Index(raw[at:], words)
		if i < 0 {
			break
		}
		at += i + len(words)
		raw[at+offset] ^= 1
	}
	if found == 0 {
		w.T.Fatalf("the store does not hold %q", words)
	}
	if err := os.WriteFile(w.File, raw, 0o600); err != nil {
		w.T.Fatal(err)
	}
}

// wakeKey is the key of a grant in the index of what is to be looked at.
func wakeKey(g jit.Grant) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(g.Wake().UnixNano())^1<<63), g.ID...)
}

// guardKey is the key of a grant in the index of guards.
func guardKey(g jit.Grant, guard string) []byte {
	return []byte(strings.ToLower(guard) + "\x00" + string(g.ID))
}

// An entry of an index that cannot be read, or is not that of its grant, closes the
// grant, is said, and is rebuilt: nothing is open for longer, and the grant is closed
// in the record as well.
func TestDamagedIndexClosesItsGrant(t *testing.T) {
	for name, spoil := range map[string]func(w *world, g jit.Grant){
		"wake":       func(w *world, g jit.Grant) { w.damage(wakeKey(g), 0) },
		"wake key":   func(w *world, g jit.Grant) { w.damage(wakeKey(g), -1) },
		"guard":      func(w *world, g jit.Grant) { w.damage(guardKey(g, g.Paths[0].Guard), 0) },
		"guard key":  func(w *world, g jit.Grant) { w.damage(guardKey(g, g.Paths[0].Guard), -1) },
		"guard name": func(w *world, g jit.Grant) { w.damage(guardKey(g, g.Paths[0].Guard), -1-len(g.ID)-1) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				g, other := w.Open(2*time.Hour, "db-2"), w.Open(time.Hour, "web-2")
				spoil(w, g)
				w.Start()
				w.Pass(2 * time.Minute)
				if w.Reachable(azuresim.DemoDB2, adasAddress) {
					t.Error("the access is open")
				}
				ended := w.Want(g.ID, jit.Closed)
				if !strings.Contains(ended.Decision.Reason, "damaged") || !w.Told.Has(string(g.ID)+" closed to requester") {
					t.Errorf("it ended because %q", ended.Decision.Reason)
				}
				w.Want(other.ID, jit.Open)
				w.Pass(time.Until(other.Clock.Deadline) + 5*time.Second)
				w.Want(other.ID, jit.Closed)
				if ids, err := w.Store.Due(t.Context(), time.Now().Add(100*time.Hour)); err != nil || len(ids) != 0 {
					t.Errorf("due are %v, %v", ids, err)
				}
				w.CheckPromises(foreign)
			})
		})
	}
}

// A closing whose entry among the guards was damaged goes on to its end.
func TestDamagedIndexOfAClosing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "db-2")
		fault := w.Azure.AddFault(azuresim.Fault{Method: "DELETE", Path: "securityRules", Status: 503})
		if _, err := w.Service.Revoke(t.Context(), grace, g.ID, "enough"); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Second)
		g = w.Want(g.ID, jit.Closing)
		w.damage(guardKey(g, g.Paths[0].Guard), 0)
		_ = fault
		w.Azure.ClearFaults()
		w.Start()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}

// A counter of grants that cannot be read does not keep them from moving on.
func TestDamagedCounter(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(30*time.Minute, "web-1")
		w.damage([]byte("open\x01"), 0)
		w.Start()
		w.Pass(time.Until(g.Clock.Deadline) + 5*time.Second)
		w.Want(g.ID, jit.Closed)
		counts, err := w.Store.Counts(t.Context())
		if err != nil || counts[jit.Open] != 0 || counts[jit.Closed] != 1 {
			t.Errorf("counted are %v, %v", counts, err)
		}
	})
}

// What cannot be read counts as stuck, beside what can.
func TestStuckIsCountedWhatever(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		stuck, bad := w.Open(30*time.Minute, "web-1"), w.Open(30*time.Minute, "db-2")
		w.Azure.AddFault(azuresim.Fault{Method: "DELETE", Path: "securityRules", Status: 403, Code: "AuthorizationFailed"})
		w.Told.MayBeLate(time.Hour) // whose grant it is cannot be read
		w.Spoil(`"id":"`+string(bad.ID)+`","revision"`, `"id":"`+string(bad.ID)+`","rivision"`)
		w.Start()
		w.Pass(time.Until(stuck.Clock.Deadline) + 2*time.Minute)
		found := map[jit.ID]string{}
		for _, s := range w.Reconciler.Stuck(t.Context()) {
			found[s.Grant] = s.Fault
		}
		if len(found) != 2 || found[stuck.ID] == "" || !strings.Contains(found[bad.ID], "cannot be read") {
			t.Errorf("stuck are %v", found)
		}
	})
}
