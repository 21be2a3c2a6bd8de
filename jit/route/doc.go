// Package route finds what is between a source and a VM: the network security
// groups of each interface and its subnet, and the firewalls that are next hops
// by the route tables or by DNAT rules. The answer of Paths is a list of guardpath.Path,
// one for each guard where something must be written so that packets get through;
// that of ProtectionPaths, one for each NSG where a deny must be.
//
// A path that cannot be opened altogether is refused with a sentence that says
// why: a VM with nothing that filters, a firewall that cannot translate a port.
//
// It imports jit, jit/ipset and jit/resource. What Azure's route tables say is read in
// jit/azure, and whole lives of grants behind both kinds of firewalls are tested in cmd/internal/e2e.
package route
