package jit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// TopologyReader knows what is around virtual machines.
type TopologyReader interface {
	// Surroundings reads what is around each of the VMs, by VM id in lower
	// case. It reads lists: many VMs cost no more requests than one. A VM about
	// whose network nothing was found is left out.
	Topology(ctx context.Context, vms []VM) (map[string]Topology, error)
}

// Topology reads what is around the VMs. What could not be read is not
// known, and never guessed; the note says so to people.
func (j Checker) Topology(ctx context.Context, vms []VM) (around func(VM) Topology, note string) {
	if j.Adapters.Topology == nil {
		return func(VM) Topology { return Topology{} }, ""
	}
	read, err := j.Adapters.Topology.Topology(ctx, vms)
	if err != nil {
		j.Adapters.Log.WarnContext(ctx, "what is around the virtual machines could not be read", slog.Any("error", err))
		note = fmt.Sprintf("What is around it (networks, routes, load balancers) could not be read (%s), so what hangs on that is not known.", Outline(err))
	}
	return func(vm VM) Topology { return read[strings.ToLower(vm.ID)] }, note
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
