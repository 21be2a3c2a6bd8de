package check

import (
	"context"
	"slices"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/reach"
)

const (
	maxRemovable = 200 // network security groups that are asked about one by one
	removeRule   = "Microsoft.Network/networkSecurityGroups/securityRules/delete"
)

// removable finds the network security groups before machines of a policy from which
// a deny assignment keeps jitbot from removing what it writes: the rights in the
// subscription, of which another line tells, do not show that.
func (c run) removable(ctx context.Context, client *azure.Client, vms []jit.VM) []error {
	var guards []string
	for _, vm := range vms {
		if _, ok := c.Config.Jit.Policy(vm); ok {
			guards = append(guards, reach.NSGsOf(vm)...)
		}
	}
	slices.Sort(guards)
	guards = slices.Compact(guards)
	return each(guards[:min(len(guards), maxRemovable)], func(guard string) error {
		own, err := client.OwnHoldings(ctx, guard)
		if err != nil {
			return mend("reading what jitbot may do at "+guard, err)
		}
		_, denied := own.DeniedBy(removeRule)
		if no := admission.RefuseUnremovable(own, guard); denied && no != nil {
			return no
		}
		return nil
	})
}
