// Package digest makes the scheduled digest of what is reachable: at each time of
// the configuration's schedule once, over restarts too, and late rather than wrong.
//
// It imports jit, admission, inventory, reach and workqueue; whole programs test it in
// cmd/internal/e2e.
package digest
