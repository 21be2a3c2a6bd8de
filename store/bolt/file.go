package bolt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"jitbot/store"
)

// lockPause is how often a held lock is tried again.
const lockPause = 20 * time.Millisecond

// openFile opens the file for bbolt, creating it 0600, and hands it over only
// when it is ours alone, locked, and whole: bbolt itself panics on truncated
// files, follows damaged pages in circles and waits for locks without asking a
// context.
func openFile(ctx context.Context, path string, timeout time.Duration) (_ *os.File, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unopened(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // nothing was written
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, refuse(store.ErrForeign, err, "the store %s cannot be read (%v): look at its disk", path, err)
	}
	if err := private(path, info); err != nil {
		return nil, err
	}
	if err := waitLock(ctx, f, path, timeout); err != nil {
		return nil, err
	}
	// The size is read again under the lock: the process before us wrote.
	if info, err = f.Stat(); err != nil {
		return nil, refuse(store.ErrForeign, err, "the store %s cannot be read (%v): look at its disk", path, err)
	}
	if info.Size() == 0 {
		return f, store.SyncName(path) // else a power failure could lose a file that has answers in it
	}
	return f, sound(ctx, f, path, info.Size())
}

// sound inspects the file and says what to do when it is no good.
func sound(ctx context.Context, f *os.File, path string, size int64) error {
	err := inspect(ctx, f, size)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrForeign):
		return refuse(store.ErrForeign, err, "%s is not a store of jitbot: move it away, or name another file under store", path)
	case errors.Is(err, store.ErrCorrupt):
		return refuse(store.ErrCorrupt, err, "%v: move %s away and put the last backup in its place", err, path)
	default:
		return err
	}
}

// unopened explains why the operating system does not open the path.
func unopened(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse(store.ErrForeign, err, "the folder of the store %s does not exist: create it with mode 0700", path)
	case errors.Is(err, fs.ErrPermission):
		return refuse(store.ErrForeign, err, "the store %s may not be opened: run jitbot as the user that owns the file and its folder", path)
	default:
		return refuse(store.ErrForeign, err, "the store %s cannot be opened (%v): name a regular file under store", path, err)
	}
}

// waitLock takes the file's lock, which is what keeps a second instance out.
func waitLock(ctx context.Context, f *os.File, path string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, store.ErrInUse)
	defer cancel()
	for {
		held, err := lock(f)
		if err != nil {
			return refuse(store.ErrForeign, err, "the store %s cannot be locked (%v): put it on a local disk", path, err)
		}
		if !held {
			return nil
		}
		select {
		case <-time.After(lockPause):
			continue
		case <-ctx.Done():
		}
		if cause := context.Cause(ctx); !errors.Is(cause, store.ErrInUse) {
			return cause
		}
		return refuse(store.ErrInUse, nil,
			"the store %s is in use by another jitbot, and only one may be active: stop that one first, or speak to it", path)
	}
}
