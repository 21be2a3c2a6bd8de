package admission

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/route"
)

// Topology reads what is around the VMs. What could not be read is not
// known, and never guessed; the note says so to people.
func (c Checker) Topology(ctx context.Context, vms []jit.VM) (around func(jit.VM) reach.Topology, note string) {
	if c.Adapters.Topology == nil {
		return func(jit.VM) reach.Topology { return reach.Topology{} }, ""
	}
	read, err := c.Adapters.Topology.Topology(ctx, vms)
	if err != nil {
		c.Adapters.Log.WarnContext(ctx, "what is around the virtual machines could not be read", slog.Any("error", err))
		note = fmt.Sprintf("What is around it (networks, routes, load balancers) could not be read (%s), "+
			"so what hangs on that is not known.", Outline(err))
	}
	return func(vm jit.VM) reach.Topology { return read[strings.ToLower(vm.ID)] }, note
}

// topologyWithin is how long a request may wait for what is around its VMs, which
// decides nothing.
const topologyWithin = 10 * time.Second

// unknown says of the VMs what is not known of how they are reached: addresses that
// cannot be read, and what on the way cannot be resolved.
func (c Checker) unknown(ctx context.Context, vms []jit.VM) []string {
	var notes []string
	within, cancel := context.WithTimeout(ctx, topologyWithin)
	defer cancel()
	around, note := c.Topology(within, vms)
	for _, vm := range vms {
		for _, text := range route.Unread(vm) {
			notes = append(notes, fmt.Sprintf("%s has %s as an address, which no rule of jitbot can name: it is not opened, "+
				"and whether it is open is not known.", vm.Name, text))
		}
		for _, text := range around(vm).Unknown() {
			notes = append(notes, vm.Name+": "+text)
		}
	}
	if note != "" {
		notes = append(notes, note)
	}
	return notes
}
