package lookup

import (
	"context"

	"jitbot/jit"
	"jitbot/jit/inventory"
	"jitbot/jit/reach"
)

// maxScanReads bounds how many VMs one scan asks Azure about for somebody who
// may not see them all: it is rarer than a list.
const maxScanReads = 300

// Scan says how every VM stands that the caller may see, the exposed ones
// first, the widest of them before all. more says that there may be others.
// The rules are read afresh, by one list, and the VMs are listed anew after a
// minute: an older list would not say how they stand. VMs of a subscription that
// cannot be listed are left out, and others they may be.
func (s *Service) Scan(ctx context.Context, by jit.UserID) (findings []reach.Finding, more bool, err error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, false, err
	}
	vms, hidden := s.checks.VMs.All(ctx, inventory.VMsMaxAge)
	if hidden != nil && len(vms) == 0 {
		return nil, false, hidden
	}
	visible, err := s.visibleVMs(ctx, by)
	if err != nil {
		return nil, false, err
	}
	var mine []jit.VM
	for _, vm := range vms {
		if more = visible.azureReads > maxScanReads || ctx.Err() != nil; more {
			break
		}
		if visible.seesVM(ctx, vm) {
			mine = append(mine, vm)
		}
	}
	more = more || hidden != nil || visible.doubted
	if len(mine) == 0 {
		return nil, more, nil
	}
	out, _, err := s.checks.Classify(ctx, mine)
	for i := range out {
		out[i].Admin = visible.all
	}
	return out, more, err
}
