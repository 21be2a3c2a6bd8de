// Package reach evaluates effective security rules, as Network Watcher's IP flow
// verify does: who reaches a port of a VM, by which rule of which guard, and what
// cannot be known (VerifyFlow). From that it says how a VM stands (Classify):
// Healthy, Unhealthy or Not applicable, as Defender for Cloud calls it.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview
//
// An answer is never better than what was read: a word, a next hop or a load
// balancer that is not resolved makes it "not known", never "shut".
//
// It imports jit, jit/ipset, jit/resource, jit/rules and jit/text. The evaluator is fuzzed
// against a plain one that tries packets, and tested on shapes that Azure
// answered in jit/azure.
package reach
