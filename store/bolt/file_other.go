//go:build !unix

package bolt

import (
	"io/fs"
	"os"

	"jitbot/store"
)

// firstMap is 0: elsewhere a larger map makes a larger file.
func firstMap() int { return 0 }

// private refuses what is not a regular file; there are no modes to look at.
func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return refuse(store.ErrForeign, nil, "the store %s is not a regular file: name another under store", path)
	}
	return nil
}

// lock leaves locking to bbolt, which does it with a time limit.
func lock(*os.File) (held bool, err error) { return false, nil }

// unlock leaves it to the end of the process.
func unlock(*os.File) error { return nil }
