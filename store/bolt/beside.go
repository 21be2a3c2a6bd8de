package bolt

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// bootID changes whenever the machine is started. Where the system tells none, what is
// beside the store is believed without.
const bootID = "/proc/sys/kernel/random/boot_id"

// beside is a file beside the store's, <store>.newest, that says which transaction was
// the last in it, and in which run of this machine. A store that has not got as far, or
// that comes from another machine or from before the last boot, may be an older copy:
// its disk may have gone back as well. The committer writes it after each commit, with no
// sync: what a crash of the machine loses is of another boot.
type beside struct {
	file  *os.File
	boot  string
	known bool // the store was the newest when it was opened, or was taken for it since
}

// openBeside compares the store at path, whose last transaction is last, with what is
// beside it. A store that is not known to be the newest is not taken for it later either,
// however much is written to it, until TakeAsNewest. Where there can be no such file, or
// others may write it, it is never known.
func openBeside(path string, last uint64) *beside {
	n := &beside{boot: "unknown"}
	f, err := os.OpenFile(path+".newest", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return n
	}
	info, err := f.Stat()
	if err != nil || private(f.Name(), info) != nil {
		_ = f.Close() // nothing was written
		return n
	}
	n.file = f
	if raw, err := os.ReadFile(bootID); err == nil {
		n.boot = strings.TrimSpace(string(raw))
	}
	n.known = n.wasAtMost(last)
	if !n.known && f.Truncate(0) != nil {
		_ = n.close()
		n.file = nil
	}
	return n
}

// wasAtMost reports whether what is written says of this run of the machine that the
// last transaction was this or an earlier one.
func (n *beside) wasAtMost(last uint64) bool {
	raw := make([]byte, besideSize)
	if _, err := n.file.ReadAt(raw, 0); err != nil {
		return false
	}
	boot, text, _ := strings.Cut(strings.TrimSpace(string(raw)), " ")
	was, err := strconv.ParseUint(text, 10, 64)
	return err == nil && boot == n.boot && was <= last
}

func (n *beside) close() error {
	if n == nil || n.file == nil {
		return nil
	}
	return n.file.Close()
}

// besideSize is that of what is written, so that it is overwritten by one write.
const besideSize = 80

// note writes the last transaction. What cannot be written is not known.
func (n *beside) note(last uint64) {
	if !n.known {
		return
	}
	_, err := n.file.WriteAt(fmt.Appendf(nil, "%-*s\n", besideSize-1, fmt.Sprint(n.boot, " ", last)), 0)
	if err != nil {
		n.known = false
		_ = n.file.Truncate(0) // frees, so that it is done where nothing can be written
	}
}

// Newest implements reconcile.State.
func (b *Store) Newest() bool {
	b.besideLock.Lock()
	defer b.besideLock.Unlock()
	return b.beside.known
}

// TakeAsNewest implements reconcile.State.
func (b *Store) TakeAsNewest() {
	b.besideLock.Lock()
	defer b.besideLock.Unlock()
	b.beside.known = b.beside.file != nil
	b.beside.note(b.last.Load())
}

// committed keeps the last transaction that is in the file, here and beside it.
func (b *Store) committed(id uint64) {
	b.last.Store(id)
	b.besideLock.Lock()
	defer b.besideLock.Unlock()
	b.beside.note(id)
}
