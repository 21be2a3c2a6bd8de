// Package app is the bot put together: Run wires the store, Azure, Slack and
// the domain, and serves health and metrics beside them; Sweep closes what is
// overdue without the bot; Role and Manifest print what Azure and Slack must be
// told.
//
// Run promises that the reconciler runs from the first moment and until the last
// grant is closed, whatever is wrong with Slack; that Slack is served only once
// what was overdue has been tried; and that it ends, telling which grants are
// live, when the store is no longer to be trusted.
//
// It may import every adapter and the domain, since it is the place that ties
// them together, and neither a simulator nor package check.
//
// Tests: here what Role and Manifest print; whole lives are in
// cmd/internal/e2e, the built programs in cmd/internal/e2e/program, and random
// lives in cmd/internal/sim.
package app
