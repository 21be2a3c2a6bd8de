// Package sweep closes what is past its until from the rules in Azure alone, with
// no store and no Slack, for a machine beside the one that opened them.
//
// Nothing but the descriptions of rules of our own installation is believed, and a
// rule that is not ours is never touched. What could not be removed or read is
// always told. It imports jit, admission, resource, rules and workqueue; whole lives test it
// in cmd/internal/e2e.
package sweep
