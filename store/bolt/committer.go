package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"jitbot/jit"
	"jitbot/store"
)

// batchSize bounds how many writes share a transaction, and so how long the
// first of them waits.
const batchSize = 512

// patience is how long a write waits for the disk. It may still be stored when it has
// waited in vain; whoever waits for it may not do anything else.
const patience = 5 * time.Second

// errSlow says that the disk does not answer.
var errSlow = fmt.Errorf("the disk of the store has not answered for %s: %w", patience, jit.ErrBusy)

// put is one change of a bucket.
type put struct {
	bucket string
	key    []byte
	value  []byte // nil removes the key
}

// plan reads and computes, and returns what to put. It puts nothing itself, so
// that one that fails leaves no trace in the transaction it shares with others.
type plan func(tx *bbolt.Tx) ([]put, error)

// latest holds what the last run of a plan found. A plan may still run when its
// caller has gone with the context's error, hence the lock.
type latest[T any] struct {
	mu    sync.Mutex
	value T
}

func (l *latest[T]) set(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value = v
}

func (l *latest[T]) get() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value
}

// write is a plan on its way to the disk.
type write struct {
	ctx  context.Context //nolint:containedctx // goes with the plan to the committer
	plan plan
	err  error
	done chan struct{} // closed when err is final
}

// write has the committer run the plan, maybe more than once, and store its
// puts. An error of the plan is returned as it is. The context is honoured
// while the committer is busy with others and while it works, and so is
// patience, with an error that is jit.ErrBusy; when they end after the committer has taken the write, the write may still be stored.
func (b *Store) write(ctx context.Context, p plan) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &write{ctx: ctx, plan: p, done: make(chan struct{})}
	select {
	case <-b.quit:
		return store.ErrClosed
	default:
	}
	if b.Waiting() > patience {
		return errSlow
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case b.writes <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.quit:
		return store.ErrClosed
	case <-late.C:
		return errSlow
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return errSlow
	}
}

// Waiting is for how long the write under way has waited for the disk; 0 when none is.
// Reads do not wait for it.
func (b *Store) Waiting() time.Duration {
	since := b.since.Load()
	if since == nil {
		return 0
	}
	return time.Since(*since)
}

// commitLoop is the one writer. Writes that come while a transaction is being
// synced are waiting when it is done and share the next one; there is no timer,
// so a lone write never waits. It ends with Close.
func (b *Store) commitLoop() {
	defer close(b.idle)
	debug.SetPanicOnFault(true) // for this goroutine: a cut file is an error, not the end
	batch := make([]*write, 0, batchSize)
	for {
		batch = batch[:0]
		select {
		case <-b.quit:
			return
		case w := <-b.writes:
			batch = append(batch, w)
		}
		batch = b.gather(batch)
		now := time.Now()
		b.since.Store(&now)
		b.commit(batch)
		b.since.Store(nil)
		for i, w := range batch {
			close(w.done)
			batch[i] = nil
		}
	}
}

// gather adds the writes that are waiting already.
func (b *Store) gather(batch []*write) []*write {
	yielded := false
	for len(batch) < batchSize {
		select {
		case w := <-b.writes:
			batch = append(batch, w)
			yielded = false
			continue
		default:
		}
		if yielded {
			break
		}
		// Writers that were answered a moment ago and write again are runnable
		// but have not run: let them, or half of the syncs would be for one.
		runtime.Gosched()
		yielded = true
	}
	return batch
}

// commit stores the batch in one transaction; when its puts fail, each write
// alone, so that one that bbolt refuses does not hurt the others.
func (b *Store) commit(batch []*write) {
	err := b.try(batch)
	if err != nil && len(batch) > 1 && b.stopped.Load() == nil {
		for i := range batch {
			b.settle(batch[i:i+1], b.try(batch[i:i+1]))
		}
		return
	}
	b.settle(batch, err)
}

// settle gives an error of the transaction to all who shared it.
func (b *Store) settle(batch []*write, err error) {
	if err == nil {
		return
	}
	for _, w := range batch {
		w.err = err
	}
}

// try runs the plans in one transaction and commits it. Errors of plans are
// theirs; the error returned is the transaction's.
func (b *Store) try(batch []*write) (err error) {
	if stop := b.stopped.Load(); stop != nil {
		return stop
	}
	defer func() {
		if p := recover(); p != nil {
			b.wedged = true
			err = b.stop(fmt.Errorf("%w: %v", store.ErrCorrupt, p))
		}
	}()
	tx, err := b.db.Begin(true)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	puts := 0
	for _, w := range batch {
		n, err := w.run(tx)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		puts += n
	}
	if puts == 0 {
		return tx.Rollback()
	}
	if err := number(tx); err != nil {
		return errors.Join(fmt.Errorf("numbering the transaction: %w", err), tx.Rollback())
	}
	id := uint64(tx.ID()) // gone after Commit
	switch err := tx.Commit(); {
	case err == nil:
		b.committed(id)
		return nil
	case errors.Is(err, bbolterrors.ErrMaxSizeReached):
		return fmt.Errorf("writing: %w", err)
	default:
		return b.stop(err)
	}
}

// run plans in the transaction and puts. The error returned is that of putting.
func (w *write) run(tx *bbolt.Tx) (int, error) {
	puts := w.prepare(tx)
	for _, p := range puts {
		var err error
		b := tx.Bucket([]byte(p.bucket))
		if p.value == nil {
			err = b.Delete(p.key)
		} else {
			err = b.Put(p.key, p.value)
		}
		if err != nil {
			return 0, fmt.Errorf("writing %s %q: %w", p.bucket, p.key, err)
		}
	}
	return len(puts), nil
}

// prepare runs the plan, whose error becomes w.err with nothing to put. A
// damaged page that it meets is its own error too, because nothing of it was
// put.
func (w *write) prepare(tx *bbolt.Tx) (puts []put) {
	if w.err = w.ctx.Err(); w.err != nil {
		return nil
	}
	defer recovered(&w.err)
	if puts, w.err = w.plan(tx); w.err != nil {
		return nil
	}
	return puts
}

// stop refuses every write from now on. After an error of fsync the kernel may
// call pages clean that never reached the disk, so trying again could seem to
// succeed and lose what was answered.
func (b *Store) stop(cause error) error {
	stop := &refusal{kind: store.ErrStopped, cause: cause}
	stop.text = fmt.Sprintf(
		"writing to the store %s failed (%v), and nothing is written any more: look at its disk and start jitbot again; %s",
		b.path, cause, meanwhile)
	b.stopped.CompareAndSwap(nil, stop)
	return b.stopped.Load()
}
