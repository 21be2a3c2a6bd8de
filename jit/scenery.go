package jit

import (
	"context"
	"fmt"
	"slices"
)

// TopologyReader knows what is around virtual machines.
type TopologyReader interface {
	// Surroundings reads what is around each of the VMs, by VM id in lower
	// case. It reads lists: many VMs cost no more requests than one. A VM about
	// whose network nothing was found is left out.
	Topology(ctx context.Context, vms []VM) (map[string]Topology, error)
}

// Unexamined say what is on the way and is not looked at.
func (s Topology) Unexamined() []string {
	var out []string
	for _, hop := range s.Appliances {
		out = append(out, fmt.Sprintf("The routes of its subnet lead to the virtual appliance %s: a firewall is on the route and is not looked at yet.", hop))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
