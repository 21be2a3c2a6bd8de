package azuresim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit/azure/azuresim"
)

// TestDraftUndoes deploys, with the SDK, a draft that was made before a group was
// written: the group is gone, and so is the draft.
func TestDraftUndoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, time.Minute)
		w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false }) // whoever deploys is no bot
		ctx := t.Context()
		before := w.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil)
		if err := w.DraftFirewallPolicy(azuresim.DemoEdgePolicy); err != nil {
			t.Fatal(err)
		}
		if err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{Policy: azuresim.DemoEdgePolicy, Name: "later", Priority: 700}); err != nil {
			t.Fatal(err)
		}
		drafts := w.clients().NewFirewallPolicyDraftsClient()
		if got, err := drafts.Get(ctx, "hub", "edge-policy", nil); err != nil || *got.Name != "default" || got.Properties.BasePolicy == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		group, err := w.clients().NewFirewallPolicyRuleCollectionGroupDraftsClient().Get(ctx, "hub", "edge-policy", "DefaultNetworkRuleCollectionGroup", nil)
		if err != nil || *group.Properties.Priority != 200 || len(group.Properties.RuleCollections) != 1 {
			t.Fatalf("%+v, %v", group, err)
		}
		poller, err := w.clients().NewFirewallPolicyDeploymentsClient().BeginDeploy(ctx, "hub", "edge-policy", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if got := w.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil); got != before {
			t.Errorf("deployed, the policy is\n%s\nand was\n%s", got, before)
		}
		if _, err := drafts.Get(ctx, "hub", "edge-policy", nil); err == nil {
			t.Error("the draft is still there")
		}
	})
}
