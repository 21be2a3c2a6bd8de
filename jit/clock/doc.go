// Package clock is a clock that never goes back. Deadlines are instants that
// are stored and compared, so a wall clock that is set back would keep a port
// open for longer than was granted; the later of the wall clock and what has
// passed by the monotonic one counts.
//
// There is no interface and no fake: tests run in a bubble of testing/synctest,
// where time.Now is the bubble's.
//
// It imports the standard library alone. How far Azure's clock may differ, and
// what follows when it does, is decided in jit/reconcile.
package clock
