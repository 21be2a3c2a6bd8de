//go:build linux || darwin

package check

import "syscall"

// freeSpace is how many bytes the folder's disk still takes from us.
func freeSpace(folder string) (free uint64, known bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil || fs.Bsize < 1 {
		return 0, false
	}
	return fs.Bavail * uint64(fs.Bsize), true
}
