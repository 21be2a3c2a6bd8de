// Package preflight says before anybody asks what would be refused: which VMs
// of a policy no request could open, which protections could not hold, and
// which approval rules too few people could satisfy. It is what jitbot check
// prints. It changes nothing and needs no store.
//
// Forecast asks with requests that stand for all: one is refused only where all
// of them are.
//
// It imports jit, admission, ipset, reach, resource, route and rules. It is also
// tested on planted faults in cmd/internal/check.
package preflight
