//go:build !linux && !darwin

package config

// readOnlyMount is not known here.
func readOnlyMount(string) bool { return false }
