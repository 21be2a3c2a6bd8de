// Package reach evaluates effective rules: who reaches a port of a VM, by which
// rule in which layer, and what cannot be known. From that it says how a VM
// stands: Healthy, Unhealthy or Not applicable, as Defender for Cloud calls it.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview
//
// An answer is never better than what was read: a word, a next hop or a load
// balancer that is not resolved makes it "not known", never "shut".
//
// It imports jit, jit/ipset, jit/resource and jit/rules. The evaluator is fuzzed
// against a plain one that tries packets, and tested on shapes that Azure
// answered in jit/azure.
package reach
