package jit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Scenery knows what is around virtual machines.
type Scenery interface {
	// Surroundings reads what is around each of the VMs, by VM id in lower
	// case. It reads lists: many VMs cost no more requests than one. A VM about
	// whose network nothing was found is left out.
	Surroundings(ctx context.Context, vms []VM) (map[string]Surroundings, error)
}

// surroundings reads what is around the VMs. What could not be read is not
// known, and never guessed; the note says so to people.
func (j judge) surroundings(ctx context.Context, vms []VM) (around func(VM) Surroundings, note string) {
	if j.world.Scenery == nil {
		return func(VM) Surroundings { return Surroundings{} }, ""
	}
	read, err := j.world.Scenery.Surroundings(ctx, vms)
	if err != nil {
		j.world.Log.WarnContext(ctx, "what is around the virtual machines could not be read", slog.Any("error", err))
		note = fmt.Sprintf("What is around it (networks, routes, load balancers) could not be read (%s), so what hangs on that is not known.", outline(err))
	}
	return func(vm VM) Surroundings { return read[strings.ToLower(vm.ID)] }, note
}

// notes say what is on the way and is not looked at.
func (s Surroundings) notes() []string {
	var out []string
	for _, hop := range s.Appliances {
		out = append(out, fmt.Sprintf("The routes of its subnet lead to the virtual appliance %s: a firewall is on the route and is not looked at yet.", hop))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
