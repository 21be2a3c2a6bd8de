package check

import (
	"context"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/policies"
	"jitbot/jit/preflight"
)

// askedVMs is at how many machines of an entry it is looked what its approvers hold: more
// of them say the same, and Azure is asked for each person.
const askedVMs = 3

// approverActions names approvers who do not hold now what their entry asks of them. It is
// a warning: with PIM nobody holds it before they activate a role.
func (ms members) approverActions(ctx context.Context, client *azure.Client) []Finding {
	const what = "approvals"
	ask := slices.ContainsFunc(ms.config.Approvals, func(r policies.ApprovalRule) bool { return len(r.ApproverActions) > 0 })
	if !ms.entra || !ask {
		return nil
	}
	var vms []jit.VM
	for _, subscription := range client.Subscriptions() {
		some, err := client.VMs(ctx, subscription)
		if err != nil {
			return nil // said where the machines are looked at
		}
		vms = append(vms, some...)
	}
	var out []Finding
	for i, rule := range ms.config.Approvals {
		if len(rule.ApproverActions) == 0 {
			continue
		}
		matched := slices.DeleteFunc(slices.Clone(vms), func(vm jit.VM) bool { return !rule.Match.VM(vm) })
		lacking, err := ms.survey.Lacking(ctx, rule, matched[:min(len(matched), askedVMs)])
		if err != nil {
			out = append(out, Finding{What: what, Err: fmt.Errorf("approvals[%d].approver_actions: %w", i, mendEntra(err))})
		}
		for _, l := range lacking {
			out = append(out, Finding{What: what, Warning: true, Note: warningOf(i, l)})
		}
	}
	return out
}

func warningOf(entry int, l preflight.Lack) string {
	return fmt.Sprintf("approvals[%d].approver_actions: %s can't approve just now: %s", entry, l.Who.ID, l.Why)
}
