// Package store holds tests only: what becomes of grants and protections when the
// store hangs, is full, is damaged, is an older copy or is one of an earlier version, in
// the world of package simulated.
package store
