//go:build !unix

package store

// SyncName has nothing to do: folders cannot be synced.
func SyncName(string) error { return nil }
