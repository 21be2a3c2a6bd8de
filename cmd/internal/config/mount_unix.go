//go:build linux || darwin

package config

import "syscall"

// readOnlyMount reports whether a file lies where nobody can write.
func readOnlyMount(file string) bool {
	const readOnly = 1 // ST_RDONLY, MNT_RDONLY
	var fs syscall.Statfs_t
	return syscall.Statfs(file, &fs) == nil && fs.Flags&readOnly != 0
}
