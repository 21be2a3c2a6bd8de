package admission

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"jitbot/jit"
	"jitbot/jit/reach"
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
