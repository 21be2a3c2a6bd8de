package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"jitbot/store"
	"jitbot/store/bolt"
)

// BackupTo writes a copy of the store to the file and gives its size. The file has the
// name only once it is whole: it was opened and verified as a store, and is on the
// disk. fs.ErrExist when there is one of that name and force is false.
func (h *Host) BackupTo(ctx context.Context, file string, force bool) (size int64, err error) {
	if _, err := os.Lstat(file); err == nil && !force {
		return 0, fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".jitbot-backup-*") // 0600
	if err != nil {
		return 0, fmt.Errorf("creating the copy: %w", err)
	}
	temporary := f.Name()
	defer func() { _ = os.Remove(temporary) }() // gone by then where all went well
	err = h.Backup(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	if err := errors.Join(err, statErr, f.Close()); err != nil {
		return 0, fmt.Errorf("writing the copy: %w", err)
	}
	if err := verifyCopy(ctx, temporary); err != nil {
		return 0, fmt.Errorf("the copy is not whole: %w", err)
	}
	if force {
		err = os.Rename(temporary, file)
	} else {
		err = moveNew(temporary, file)
	}
	if err != nil {
		return 0, fmt.Errorf("giving the copy its name: %w", err)
	}
	return info.Size(), store.SyncName(file)
}

// verifyCopy opens the copy as a store and reads all of it.
func verifyCopy(ctx context.Context, file string) error {
	defer func() { _ = os.Remove(file + ".newest") }() // a backup is no newest store
	s, err := bolt.Open(ctx, file, bolt.Options{})
	if err != nil {
		return err // a sentence already
	}
	return errors.Join(s.Verify(ctx), s.Close())
}

// moveNew renames a file to a name that nothing has.
func moveNew(from, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was being done
	}
	if err := errors.Join(f.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}
