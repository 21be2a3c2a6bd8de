// Package rules knows security rules: what is ours by name, priority and
// description; what a source or destination word means; which rule shadows
// which; which rules a guard should hold now (Desired); and the plan of changes
// that gets it there.
//
// What is promised: a rule that is not ours is never named by a plan; no plan
// uses a priority that somebody holds; where all agrees, the plan is empty; what
// shuts comes first. The same grant always gives the same rules, so that a
// repeated write is the same write.
//
// What a word means is decided in one place, as two sets: what it surely
// contains and what it may contain. Every question about rules is asked of
// these, each erring to its safe side.
//
// It imports jit, jit/ipset, jit/resource and jit/text. All of it is pure, and is tested by
// properties here; what Azure does with the rules is tested in
// cmd/internal/e2e.
package rules
