// Package e2e holds tests only: whole lives of grants and protections over a
// real store, the real Azure clients and the simulated subscription, in fake
// time. What the domain promises across its packages is tested here. A file is
// named for what goes wrong in it, or for what changes under a grant: drift,
// moved machines, shared addresses, locks, firewalls; a crash at each step in crash.
//
// Its subpackages are decide, firewall, protect, pace and store: how requests are
// decided, and lives behind firewalls, of protections, at the pace of Slack and over a
// store with faults; simulated, the world that these tests share with
// cmd/internal/sim and cmd/internal/check, and program, the tests of the built
// programs over sockets.
package e2e
