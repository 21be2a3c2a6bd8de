package simulated

import (
	"bytes"
	"os"
)

// CopyStore is what the store holds now, as a backup has it.
func (w *World) CopyStore() []byte {
	w.T.Helper()
	w.Stop()
	defer w.Start()
	raw, err := os.ReadFile(w.File)
	if err != nil {
		w.T.Fatal(err)
	}
	return raw
}

// PutBack stops the service, puts a copy of the store in the place of the store, and
// starts again.
func (w *World) PutBack(raw []byte) {
	w.T.Helper()
	w.Stop()
	if err := os.WriteFile(w.File, raw, 0o600); err != nil {
		w.T.Fatal(err)
	}
	w.Start()
}

// Spoil stops the service and damages every record that holds the words, which
// keep their length.
func (w *World) Spoil(old, damaged string) {
	w.T.Helper()
	w.Stop()
	raw, err := os.ReadFile(w.File)
	if err != nil {
		w.T.Fatal(err)
	}
	if len(old) != len(damaged) || !bytes.Contains(raw, []byte(old)) {
		w.T.Fatalf("the store does not say %s", old)
	}
	if err := os.WriteFile(w.File, bytes.ReplaceAll(raw, []byte(old), []byte(damaged)), 0o600); err != nil {
		w.T.Fatal(err)
	}
}
