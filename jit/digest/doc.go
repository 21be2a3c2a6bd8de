// Package digest tells what is told on a schedule: the digest of what is reachable, at
// each time of the configuration's schedule, and each day the anchor of the record. Each
// once, over restarts too, and late rather than wrong.
//
// It imports jit, admission, inventory, reach, record and workqueue; whole programs test it in
// cmd/internal/e2e.
package digest
