package admission

import (
	"context"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/policies"
	"jitbot/jit/resource"
)

// CurrentRule is the approval rule of a grant as configuration and tags have it now, and
// its VMs. It is refused where that cannot be told.
func (c Checker) CurrentRule(ctx context.Context, g jit.Grant) (policies.ApprovalRule, []jit.VM, error) {
	all, err := c.VMs.ListOrStale(ctx, inventory.VMsMaxAge)
	if err != nil {
		return policies.ApprovalRule{}, nil, err
	}
	var vms []jit.VM
	for _, t := range g.Request.Targets {
		if !c.VMs.Lists(t.VM) {
			return policies.ApprovalRule{}, nil, jit.Refuse(jit.ErrBusy, "Azure does not show the subscription of %s just now, "+
				"so who may decide %s is not known; click again in a minute.", t.Name, g.ID)
		}
		for _, vm := range all {
			if resource.Same(vm.ID, t.VM) {
				vms = append(vms, vm)
			}
		}
	}
	if len(vms) != len(g.Request.Targets) {
		return policies.ApprovalRule{}, nil, jit.Refuse(jit.ErrPolicy, "A VM of %s does not exist any more; cancel it and ask again.", g.ID)
	}
	rule, err := c.ApprovalRule(vms, g)
	return rule, vms, err
}
