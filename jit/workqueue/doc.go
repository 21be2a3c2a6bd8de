// Package workqueue runs keyed work: each key at most once at a time, many keys
// side by side up to a limit, and what failed again after a pause that grows to
// a cap, with jitter, or after the time that the failure itself asks for.
// A key is in the queue once, however often it is added; added as urgent while its
// work runs it is run once more. There is no order among keys, and nothing is
// stored: what must not be lost is found again by whoever adds keys.
//
// Whoever owns a Queue waits for it: no work outlives Wait.
//
// It imports the standard library alone. It is also tested under load and
// faults by the lives of grants in cmd/internal/e2e.
package workqueue
