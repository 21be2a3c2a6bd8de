package bolt

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

// A delivery whose storing was given up may be stored all the same; after a Finish that
// was begun later it is not dealt with, and it is never accepted.
func TestFinishEndsWhatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := opened(t)
		for n := range 20 {
			key := fmt.Sprint("delivery-", n)
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
			ctx, cancel := context.WithCancel(t.Context())
			all.Go(func() { _, _ = b.Accept(ctx, key, []byte("x"), time.Now()) }) // it is given up, or not
			synctest.Wait()
			all.Go(cancel)
			close(hold)
			all.Wait()
			if err := b.Finish(t.Context(), key, time.Now()); err != nil {
				t.Fatal(err)
			}
			err := b.Accepted(t.Context(), func(key string, _ []byte, _ time.Time) error {
				t.Errorf("%s waits", key)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if fresh, err := b.Accept(t.Context(), key, []byte("x"), time.Now()); fresh || err != nil {
				t.Errorf("it was accepted after that: %v, %v", fresh, err)
			}
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}
