// Package workqueue runs keyed work: each key at most once at a time, many keys
// side by side up to a limit, and what failed again after a pause that grows to
// a cap, with jitter, or after the time that the failure itself asks for.
// A key that is added while its work runs is run once more.
//
// Whoever owns a Queue waits for it: no work outlives Wait.
//
// It imports the standard library alone. It is also tested under load and
// faults by the whole lives in cmd/internal/e2e.
package workqueue
