package check_test

import (
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// Who does not hold what the entry asks of approvers is warned of, by name, and is no
// fault: a role of PIM is activated for the click.
func TestApproversWithoutTheActionsOfTheirEntry(t *testing.T) {
	p := newPremises(t)
	rule := policies.ApprovalRule{
		Approvers: []string{slacksim.DemoApproversID}, Required: 1, ApproverActions: []string{"Microsoft.Authorization/roleAssignments/write"},
	}
	p.config().Approvals = []policies.ApprovalRule{rule}
	warned := func() (out []string) {
		for _, line := range p.check() {
			switch {
			case strings.HasPrefix(line, "FAULT"):
				t.Errorf("a fault: %s", line)
			case strings.HasPrefix(line, "warn "):
				out = append(out, line)
			}
		}
		return out
	}
	got := warned()
	if len(got) != 2 {
		t.Fatalf("warned of %q", got)
	}
	for i, id := range []string{slacksim.DemoApproverID, slacksim.DemoApprover2ID} {
		for _, word := range []string{"approvals[0].approver_actions: " + id, "lacks the Azure action Microsoft.Authorization/roleAssignments/write", "must be activated first"} {
			if !strings.Contains(strings.Join(got, "\n"), word) {
				t.Errorf("%d: %q does not say %q", i, got, word)
			}
		}
	}
	p.azure.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: azuresim.RoleOwner, Principal: azuresim.DemoGrace})
	if got := warned(); len(got) != 1 || !strings.Contains(got[0], slacksim.DemoApprover2ID) {
		t.Errorf("when one has a role, warned of %q", got)
	}
}
