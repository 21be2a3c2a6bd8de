//go:build unix

package bolt

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"jitbot/store"
)

// firstMap is how many bytes bbolt maps at first. Mapping is free, mapping
// again waits for every reader, a long backup too.
func firstMap() int {
	if strconv.IntSize < 64 {
		return 0
	}
	return 1 << 30
}

// private refuses a file that is not a regular one of our own, or that others
// may read or write.
func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return refuse(store.ErrForeign, nil, "the store %s is not a regular file: name another under store", path)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return refuse(ErrExposed, nil, "the store %s belongs to user %d: run jitbot as that user, or chown the file", path, s.Uid)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return refuse(ErrExposed, nil, "the store %s is open to others (mode %04o): run chmod 600 %s", path, mode, path)
	}
	return nil
}

// lock tries to take the lock of the open file; held means that somebody else
// has it. bbolt takes the same lock of the same descriptor once more, which
// succeeds.
func lock(f *os.File) (held bool, err error) {
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return false, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return true, nil
		case !errors.Is(err, syscall.EINTR):
			return false, err
		}
	}
}

// unlock gives the lock back while the file may still be mapped.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
