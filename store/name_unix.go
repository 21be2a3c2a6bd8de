//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SyncName makes the name of a new file or folder durable: without it a power failure may
// lose a file whose contents are on the disk.
func SyncName(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("opening the folder of %s: %w", path, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("making the name of %s durable: %w", path, err)
	}
	return nil
}
