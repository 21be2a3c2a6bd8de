package admission

import (
	"errors"
	"net/netip"

	"jitbot/jit"
)

// IPFlow is a packet to a VM that Azure's IP flow verify is asked about. It knows IPv4
// alone, and single ports.
type IPFlow struct {
	VM, Interface string // resource ids
	Location      string // of the VM
	From, To      netip.Addr
	Port          jit.Ports
}

// IPFlowAnswer is what becomes of it by network security groups and admin rules, and
// by which rule; empty where none is named.
type IPFlowAnswer struct {
	Allow bool
	Rule  string
}

// ErrNoWatcher means that there is no Network Watcher in the region of a VM.
var ErrNoWatcher = errors.New("no Network Watcher is there")
