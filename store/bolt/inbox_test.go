package bolt_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/store/bolt"
)

// waiting lists the accepted deliveries as key=payload@seconds.
func waiting(t *testing.T, b *bolt.Store) []string {
	t.Helper()
	var out []string
	err := b.Accepted(t.Context(), func(key string, payload []byte, at time.Time) error {
		out = append(out, fmt.Sprintf("%s=%s@%.0f", key, payload, at.Sub(b0()).Seconds()))
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return out
}

// accept wants the delivery to be fresh or not.
func accept(t *testing.T, b *bolt.Store, key string, at time.Time, want bool) {
	t.Helper()
	fresh, err := b.Accept(t.Context(), key, []byte("payload of "+key), at)
	if err != nil || fresh != want {
		t.Errorf("Accept(%s) = %v, %v; want %v", key, fresh, err, want)
	}
}

func finish(t *testing.T, b *bolt.Store, key string, at time.Time) {
	t.Helper()
	if err := b.Finish(t.Context(), key, at); err != nil {
		t.Errorf("Finish(%s): %v", key, err)
	}
}

func TestInbox(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	accept(t, b, "later", b0().Add(2*time.Second), true)
	accept(t, b, "first", b0(), true)
	accept(t, b, "first", b0().Add(time.Hour), false)
	accept(t, b, "between", b0().Add(time.Second), true)
	if _, err := b.Accept(t.Context(), "", nil, b0()); err == nil {
		t.Error("a delivery without a key was accepted")
	}
	finish(t, b, "between", b0().Add(time.Minute))
	finish(t, b, "between", b0().Add(time.Hour)) // once more changes nothing
	finish(t, b, "never heard of", b0())
	accept(t, b, "never heard of", b0(), false)

	want := []string{"first=payload of first@0", "later=payload of later@2"}
	if diff := cmp.Diff(want, waiting(t, b)); diff != "" {
		t.Error(diff)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
	if diff := cmp.Diff(want, waiting(t, b)); diff != "" {
		t.Errorf("after reopening: %s", diff)
	}

	// A finished key is known for a day, an unfinished one for ever.
	end := b0().Add(time.Minute + 24*time.Hour)
	accept(t, b, "between", end.Add(-1), false)
	accept(t, b, "other", end.Add(-1), true)
	accept(t, b, "between", end.Add(-1), false)
	finish(t, b, "other", end)
	accept(t, b, "between", end, true)
	accept(t, b, "first", end.AddDate(1, 0, 0), false)

	stop := errors.New("stop")
	err := b.Accepted(t.Context(), func(key string, _ []byte, at time.Time) error {
		finish(t, b, key, at) // the store can be used meanwhile
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("%v, want the error of the function", err)
	}
}

// TestInboxForgets checks that old keys go away with normal work, a few a time.
func TestInboxForgets(t *testing.T) {
	b := open(t, t.TempDir())
	for i := range 40 {
		key := fmt.Sprint("old", i)
		accept(t, b, key, b0(), true)
		finish(t, b, key, b0())
	}
	tomorrow := b0().Add(25 * time.Hour)
	for i := range 5 {
		accept(t, b, fmt.Sprint("new", i), tomorrow, true)
	}
	for i := range 40 {
		accept(t, b, fmt.Sprint("old", i), tomorrow, true)
	}
}
