// Package inventory keeps the list of virtual machines of each subscription, read again
// when it is old, and finds in it the VMs that people name: by name, by group and
// name, or by tag. Who may not be shown a VM is answered as if it were not there.
//
// The list serves names and choices, and nothing is opened by it: whoever opens
// access reads the VM afresh. A subscription that Azure does not show hides the VMs
// of no other.
//
// It imports jit and resource. It is tested over lists in memory with fake time, and
// with real Azure clients in cmd/internal/e2e.
package inventory
