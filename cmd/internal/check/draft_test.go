package check_test

import (
	"testing"

	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// A draft of a firewall policy in which jitbot has rules is named, and is no fault.
func TestCheckNamesADraft(t *testing.T) {
	looked(t, func(p *premises) {
		p.behindFirewalls()
		if err := p.azure.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{
			Policy: azuresim.DemoEdgePolicy, Name: guardpath.GroupName(p.o.Config.Jit.Installation), Priority: 150,
		}); err != nil {
			t.Fatal(err)
		}
		if err := p.azure.DraftFirewallPolicy(azuresim.DemoEdgePolicy); err != nil {
			t.Fatal(err)
		}
	}, "no FAULT", "ok     azure rules    The firewall policy edge-policy has a draft")
}
