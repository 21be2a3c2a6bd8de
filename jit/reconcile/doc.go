// Package reconcile is the loop that makes Azure agree with the store. It is
// level-triggered: each pass starts from the store and from Azure, never from
// memory, so that recovery, retries, drift and orphans are the same code as
// normal work.
//
// A pass over a guard reads what the store says of it, reads its table, plans,
// applies, reads back, and moves on the grants and protections by what was read
// back and by nothing else. One pass a guard at a time, many guards side by side;
// closings go first, and while one is late nothing new is opened at its guards.
//
// What is promised: closing begins within a second of the deadline; nothing is
// written that the store did not intend before; open and closed are what was read
// back; what fails is tried again for ever.
//
// It changes no grant by itself: every transition is a method in package jit,
// run by the store in a transaction. It imports jit, admission, clock, closings,
// inventory, reach, resource, route, rules, text and workqueue. Nearly all of its tests run real
// Azure clients over the simulator in fake time: cmd/internal/e2e and
// cmd/internal/sim.
package reconcile
