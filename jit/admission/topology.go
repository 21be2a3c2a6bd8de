package admission

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"jitbot/jit"
)

// Topology reads what is around the VMs. What could not be read is not
// known, and never guessed; the note says so to people.
func (j Checker) Topology(ctx context.Context, vms []jit.VM) (around func(jit.VM) jit.Topology, note string) {
	if j.Adapters.Topology == nil {
		return func(jit.VM) jit.Topology { return jit.Topology{} }, ""
	}
	read, err := j.Adapters.Topology.Topology(ctx, vms)
	if err != nil {
		j.Adapters.Log.WarnContext(ctx, "what is around the virtual machines could not be read", slog.Any("error", err))
		note = fmt.Sprintf("What is around it (networks, routes, load balancers) could not be read (%s), so what hangs on that is not known.", jit.Outline(err))
	}
	return func(vm jit.VM) jit.Topology { return read[strings.ToLower(vm.ID)] }, note
}
