package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"jitbot/store"
	"jitbot/store/bolt"
)

// littleSpace is how many free bytes are too few: a write that fails stops the
// bot, and a backup needs as much as the file again.
const littleSpace = 100 << 20

// store looks at the file and its folder. inUse is told whether a jitbot runs with it.
func (c run) store(ctx context.Context, inUse chan<- bool) []Finding {
	const what = "store"
	folder := filepath.Dir(c.Config.Store)
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		inUse <- false
		return verdict(what, "", fmt.Errorf("there is no folder %s for it; make one with mode 0700", folder))
	}
	var faults []error
	// Whoever may write to the folder may put another file in the store's place.
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && mode&os.ModeSticky == 0 {
		faults = append(faults, fmt.Errorf("others may write to its folder %s (mode %04o), and so replace it; run chmod go-w %s",
			folder, mode.Perm(), folder))
	}
	free, known := freeSpace(folder)
	note := c.Config.Store
	if known && free < littleSpace {
		faults = append(faults, fmt.Errorf("only %s are free in %s; make room, since jitbot stops when it cannot write", size(free), folder))
	}
	file, err := c.file(ctx, inUse)
	faults = append(faults, err)
	note += file
	if known {
		note += ", " + size(free) + " are free"
	}
	return verdict(what, note, faults...)
}

// file says how the file is.
func (c run) file(ctx context.Context, inUse chan<- bool) (string, error) {
	if _, err := os.Stat(c.Config.Store); errors.Is(err, os.ErrNotExist) {
		inUse <- false
		return " does not exist yet and is made by jitbot run", nil
	}
	s, err := bolt.Open(ctx, c.Config.Store, bolt.Options{})
	inUse <- errors.Is(err, store.ErrInUse)
	switch {
	case errors.Is(err, store.ErrInUse):
		return " is in use by a jitbot that runs", nil
	case err != nil:
		return "", err
	}
	return " is whole and its owner's alone", errors.Join(s.Verify(ctx), s.Close())
}

// size is a number of bytes for people.
func size(n uint64) string {
	const kilo = 1000
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if n < kilo {
			return fmt.Sprintf("%d %s", n, unit)
		}
		n /= kilo
	}
	return fmt.Sprintf("%d TB", n)
}
