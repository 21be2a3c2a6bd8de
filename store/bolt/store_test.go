package bolt_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"jitbot/store"
	"jitbot/store/bolt"
	"jitbot/store/storetest"
)

// open opens the store in the folder and closes it with the test; the whole
// store is verified then.
func open(t *testing.T, dir string) *bolt.Store {
	t.Helper()
	b, err := bolt.Open(t.Context(), filepath.Join(dir, "jitbot.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Whatever a test did, the store is consistent after it.
		if err := b.Verify(context.WithoutCancel(t.Context())); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T, dir string) storetest.Store { return open(t, dir) })
}
