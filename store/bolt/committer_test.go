package bolt

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/store"
)

func opened(t *testing.T) *Store {
	t.Helper()
	b, err := Open(t.Context(), filepath.Join(t.TempDir(), "jitbot.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // tests that care close it themselves
	return b
}

func create(b *Store, id jit.ID) error {
	g, e := jit.NewGrant(id, jit.Request{At: time.Unix(1, 0)})
	return b.Create(context.Background(), g, e)
}

// TestRefusedPut has bbolt refuse one write of a batch: the others are stored.
// The bubble shows when all of them are waiting.
func TestRefusedPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := opened(t)
		hold, held := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			err := b.write(t.Context(), func(*bbolt.Tx) ([]put, error) {
				close(held)
				<-hold
				return nil, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		before := b.last.Load()
		for i := range 10 {
			all.Go(func() {
				if err := create(b, jit.ID(fmt.Sprint("g-", i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := create(b, jit.ID(strings.Repeat("x", bbolt.MaxKeySize+1))); err == nil {
				t.Error("a key that is too long was stored")
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if err := b.Append(ctx, jit.Event{Kind: jit.EventDrift}); !errors.Is(err, context.Canceled) {
				t.Errorf("a write whose context ended in the queue: %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		cancel()
		close(hold)
		all.Wait()
		if n := b.last.Load() - before; n == 0 || n > 11 {
			t.Errorf("%d transactions for 10 writes", n)
		}
		all10, err := b.Unfinished(t.Context())
		if err != nil || len(all10) != 10 {
			t.Errorf("%d grants, %v; want 10", len(all10), err)
		}
		if err := errors.Join(b.Verify(t.Context()), b.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestGroup counts transactions: what waits together is stored together.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := opened(t)
		hold := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_ = b.write(t.Context(), func(*bbolt.Tx) ([]put, error) { <-hold; return nil, errors.New("no") })
		})
		synctest.Wait()
		before := b.last.Load()
		for i := range 100 {
			all.Go(func() {
				if err := create(b, jit.ID(fmt.Sprint("g-", i))); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(hold)
		all.Wait()
		// One that was gathered while the first ran is possible, not more.
		if n := b.last.Load() - before; n > 2 {
			t.Errorf("%d transactions for 100 writes that waited together", n)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestClosurePanics(t *testing.T) {
	b := opened(t)
	if err := create(b, "g-22222"); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("the panic came back as %v", p)
			}
		}()
		_, _ = b.Update(t.Context(), "g-22222", func(jit.Grant) (jit.Grant, []jit.Event, error) { panic("mine") })
	}()
	if err := errors.Join(create(b, "g-33333"), b.Verify(t.Context()), b.Close()); err != nil {
		t.Errorf("after a panic of a closure: %v", err)
	}
}

// TestStops has the disk fail: nothing is written any more, reading goes on.
func TestStops(t *testing.T) {
	for _, test := range []struct {
		name string
		fail func(b *Store) error // the write that fails
	}{
		{"the disk", func(b *Store) error {
			_ = b.file.Close()
			return create(b, "g-33333")
		}},
		{"bbolt panics in the middle", func(b *Store) error {
			return b.write(t.Context(), func(*bbolt.Tx) ([]put, error) {
				return []put{{bucket: "no such bucket", key: []byte("x"), value: []byte("y")}}, nil
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := opened(t)
			if err := create(b, "g-22222"); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"the write that failed": test.fail(b), "the next": create(b, "g-44444"), "Check": b.Check(t.Context()),
			} {
				if !errors.Is(err, store.ErrStopped) || !strings.Contains(err.Error(), "jitbot sweep") {
					t.Errorf("%s: %v, want ErrStopped", what, err)
				}
			}
			if _, err := b.Grant(t.Context(), "g-22222"); err != nil {
				t.Errorf("reading: %v", err)
			}
			if _, err := b.Grant(t.Context(), "g-44444"); !errors.Is(err, jit.ErrNotFound) {
				t.Errorf("a refused write is there: %v", err)
			}
			_ = b.Close() // the file may be closed already
			again, err := Open(t.Context(), b.path, Options{Timeout: time.Millisecond})
			if err != nil {
				t.Fatalf("opening again: %v", err)
			}
			if err := errors.Join(create(again, "g-44444"), again.Verify(t.Context()), again.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMaxSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jitbot.db")
	b, err := Open(t.Context(), path, Options{MaxSize: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; err == nil && i < 100; i++ {
		_, err = b.Accept(t.Context(), fmt.Sprint(i), make([]byte, 1<<14), time.Unix(1, 0))
	}
	if err == nil || errors.Is(err, store.ErrStopped) {
		t.Errorf("writing beyond the limit: %v, want an error that stops nothing", err)
	}
	if err := errors.Join(b.Verify(t.Context()), b.Close()); err != nil {
		t.Error(err)
	}
	if b, err = Open(t.Context(), path, Options{}); err != nil { // with more room all goes on
		t.Fatal(err)
	}
	if err := errors.Join(b.Finish(t.Context(), "0", time.Unix(1, 0)), b.Verify(t.Context()), b.Close()); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	b := opened(t)
	for range 2 {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines after Close, %d before Open", n, before)
	}
	_, readErr := b.Grant(t.Context(), "g-22222")
	for what, err := range map[string]error{"write": create(b, "g-22222"), "read": readErr, "Check": b.Check(t.Context())} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", what, err)
		}
	}
}
