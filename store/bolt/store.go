package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/store"
)

var (
	_ jit.Grants       = (*Store)(nil)
	_ protection.Store = (*Store)(nil)
	_ jit.Record       = (*Store)(nil)
)

// Options may be left zero.
type Options struct {
	// Timeout is how long to wait for another process to let go of the file;
	// a second when zero.
	Timeout time.Duration
	// MaxSize is the size in bytes beyond which the file does not grow: writes
	// then fail and change nothing. No limit when zero.
	MaxSize int
}

// Store keeps grants, protections, the record with its notices, and the inbox of
// deliveries in one bbolt file. Its methods may be called by many goroutines.
type Store struct {
	path string
	db   *bbolt.DB
	file *os.File // the one that db uses

	writes chan *write
	quit   chan struct{} // closed by Close
	idle   chan struct{} // closed when the committer has ended
	closed sync.Once
	result error // of the first Close

	end     end                       // the committer's
	since   atomic.Pointer[time.Time] // when the write under way began; nil when there is none
	last    atomic.Uint64             // the newest transaction known to be in the file
	stopped atomic.Pointer[refusal]

	besideLock sync.Mutex // guards beside
	beside     *beside    // what says that this is no older copy

	wedged bool // bbolt panicked in a commit and may hold its locks; the committer's until idle
}

// Open opens the store at path, or creates it 0600 with the newest schema. It
// reads the file's pages once to be sure that bbolt can. Errors are ErrInUse
// after the timeout, ErrExposed, ErrForeign, ErrNewer and ErrCorrupt, each a
// sentence for the operator; or the context's.
func Open(ctx context.Context, path string, options Options) (_ *Store, err error) {
	if options.Timeout <= 0 {
		options.Timeout = time.Second
	}
	b := &Store{path: path, writes: make(chan *write), quit: make(chan struct{}), idle: make(chan struct{})}
	defer func() {
		if p := recover(); p != nil {
			b.wedged = true
			err = refuse(store.ErrCorrupt, nil, "the store %s is damaged (%v): move it away and put the last backup in its place", path, p)
		}
		if err != nil {
			_ = b.release() // nothing was begun; err says more
		}
	}()
	// A file cut while it is mapped faults; this makes it a panic, which can be
	// recovered.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	b.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         options.Timeout,
		MaxSize:         options.MaxSize,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: firstMap(),
		NoStatistics:    true,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) {
			f, err := openFile(ctx, path, options.Timeout)
			if err != nil {
				return nil, err
			}
			b.file = f
			return f, nil
		},
	})
	if err != nil {
		return nil, b.unusable(err)
	}
	var found uint64
	err = b.db.View(func(tx *bbolt.Tx) error { found = uint64(tx.ID()); return nil })
	if err == nil {
		err = migrate(b.db)
	}
	if err != nil {
		return nil, b.unusable(err)
	}
	b.beside = openBeside(path, found) // which was found before anything was written
	err = b.db.View(func(tx *bbolt.Tx) error {
		b.last.Store(uint64(tx.ID()))
		return numbered(tx)
	})
	if err != nil {
		return nil, b.unusable(err)
	}
	go b.commitLoop()
	return b, nil
}

// release gives the file and its lock back.
func (b *Store) release() error {
	_ = b.beside.close() // nothing waits to be written
	switch {
	case b.db != nil && !b.wedged:
		return b.db.Close()
	case b.file != nil:
		// bbolt may hold its own locks and wait for them for ever. Its map stays
		// and would keep the file's lock, which is therefore given back first.
		return errors.Join(unlock(b.file), b.file.Close())
	default:
		return nil
	}
}

// unusable says why the file cannot be opened and what to do.
func (b *Store) unusable(err error) error {
	var said *refusal
	switch {
	case errors.As(err, &said), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, bbolterrors.ErrTimeout):
		return refuse(store.ErrInUse, err,
			"the store %s is in use by another jitbot, and only one may be active: stop that one first, or speak to it", b.path)
	case errors.Is(err, errOther):
		return refuse(store.ErrForeign, err, "%s is a bbolt file of another program: name another file under store", b.path)
	case errors.Is(err, store.ErrNewer):
		return refuse(store.ErrNewer, err,
			"the store %s was written by a newer jitbot: install that version again, or put a backup of this version in its place", b.path)
	case errors.Is(err, store.ErrCorrupt):
		return refuse(store.ErrCorrupt, err, "%v: move %s away and put the last backup in its place", err, b.path)
	default:
		return refuse(store.ErrForeign, err, "the store %s cannot be opened (%v): look at its disk", b.path, err)
	}
}

// Close waits for the writes that were begun and for readers, and gives the
// file back. Writes and reads that come later get ErrClosed. Calling it again
// does nothing and returns the same.
func (b *Store) Close() error {
	b.closed.Do(func() {
		close(b.quit)
		select {
		case <-b.idle:
			b.result = b.release()
		case <-time.After(patience):
			b.result = errSlow // the file goes back with the process
		}
	})
	if b.result != nil {
		return fmt.Errorf("closing the store %s: %w", b.path, b.result)
	}
	return nil
}

// Check tells, cheaply, whether the store may still be trusted: ErrReplaced
// when the path leads to another file or to none, or when the file went back
// in time; ErrCorrupt when it was cut; ErrStopped when a write failed.
func (b *Store) Check(ctx context.Context) error {
	if stop := b.stopped.Load(); stop != nil {
		return stop
	}
	last := b.last.Load() // before the transaction begins, which is then no older
	return b.read(ctx, func(tx *bbolt.Tx) error {
		open, err := b.file.Stat()
		if err != nil {
			return fmt.Errorf("looking at the open store: %w", err)
		}
		named, err := os.Stat(b.path)
		if err != nil || !os.SameFile(open, named) {
			return refuse(ErrReplaced, err,
				"the store %s was replaced or removed while in use: stop jitbot, put the right file there and start it again", b.path)
		}
		if open.Size() < tx.Size() {
			return refuse(store.ErrCorrupt, nil,
				"the store %s was cut to %d of %d bytes while in use: stop jitbot and put the last backup in its place",
				b.path, open.Size(), tx.Size())
		}
		if uint64(tx.ID()) < last {
			return refuse(ErrReplaced, nil, "the store %s was overwritten with an older one while in use: stop jitbot and start it again", b.path)
		}
		return nil
	})
}

// Backup writes a consistent copy of the file to w and returns how many bytes
// it wrote. Writes go on meanwhile. It ends early with the context, at w's
// next Write.
func (b *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	err = b.read(ctx, func(tx *bbolt.Tx) error {
		var err error
		if n, err = tx.WriteTo(&bounded{ctx: ctx, w: w}); err != nil {
			return fmt.Errorf("copying the store: %w", err)
		}
		return nil
	})
	return n, err
}

// bounded is a writer that a context ends.
type bounded struct {
	ctx context.Context //nolint:containedctx // io.Writer has no place for one
	w   io.Writer
}

func (b *bounded) Write(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.w.Write(p)
}

// read runs f in a read transaction; a damaged page is an error.
func (b *Store) read(ctx context.Context, f func(*bbolt.Tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer recovered(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := b.db.View(f); !errors.Is(err, bbolterrors.ErrDatabaseNotOpen) {
		return err
	}
	return store.ErrClosed
}

// recovered turns a panic, which is how bbolt says that a page is damaged, into
// an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", store.ErrCorrupt, p)
	}
}
