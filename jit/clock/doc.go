// Package clock is a clock that never goes back, and the trust in it. Deadlines
// are instants that are stored and compared, so a wall clock that is set back, or
// slow, would keep a port open for longer than was granted; the latest of the wall
// clock, of what has passed by the monotonic one, of the mark that was stored last
// and of Azure's clock counts, and while they disagree the clock is in doubt.
//
// There is no interface and no fake: tests run in a bubble of testing/synctest,
// where time.Now is the bubble's.
//
// It imports the standard library alone. What is not done while the clock is in
// doubt is decided in jit/reconcile.
package clock
