// Package route finds what is between a source and a VM: the network security
// groups of each interface and its subnet, and the firewalls that routes or DNAT
// rules put on the way. The answer is a list of jit.Path, one for each guard
// where something must be written so that packets get through.
//
// A path that cannot be opened altogether is refused with a sentence that says
// why: a VM with nothing that filters, a firewall that cannot translate a port.
//
// It imports jit, jit/ipset and jit/resource. Whole ways through both kinds of
// firewalls are tested in cmd/internal/e2e.
package route
