package azuresim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

const jitGroup = azuresim.DemoEdgePolicy + "/ruleCollectionGroups/jitbot"

// sdkGroup lets the office to core-1's remote desktop.
func sdkGroup(priority int32) armnetwork.FirewallPolicyRuleCollectionGroup {
	return armnetwork.FirewallPolicyRuleCollectionGroup{Properties: &armnetwork.FirewallPolicyRuleCollectionGroupProperties{
		Priority: &priority,
		RuleCollections: []armnetwork.FirewallPolicyRuleCollectionClassification{&armnetwork.FirewallPolicyFilterRuleCollection{
			RuleCollectionType: new(armnetwork.FirewallPolicyRuleCollectionTypeFirewallPolicyFilterRuleCollection),
			Name:               new("jit"), Priority: new(int32(100)), Action: &armnetwork.FirewallPolicyFilterRuleCollectionAction{Type: new(armnetwork.FirewallPolicyFilterRuleCollectionActionTypeAllow)},
			Rules: []armnetwork.FirewallPolicyRuleClassification{&armnetwork.Rule{
				RuleType: new(armnetwork.FirewallPolicyRuleTypeNetworkRule), Name: new("g-1"),
				IPProtocols:     []*armnetwork.FirewallPolicyRuleNetworkProtocol{new(armnetwork.FirewallPolicyRuleNetworkProtocolTCP)},
				SourceAddresses: texts(office), DestinationAddresses: texts("10.50.1.4"), DestinationPorts: texts("3389"),
			}},
		}},
	}}
}

// TestRuleGroupLife writes a group of its own with the SDK and deletes it.
func TestRuleGroupLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, 4*time.Minute)
		ctx := t.Context()
		client := w.clients().NewFirewallPolicyRuleCollectionGroupsClient()
		before := w.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil)
		if err := w.PutRule(azuresim.DemoCoreNSG, azuresim.Rule{
			Name: "jit", Priority: 150, Access: "Allow", Direction: "Inbound", Protocol: "Tcp", SourceAddressPrefix: office,
			SourcePortRange: "*", DestinationAddressPrefix: "10.50.1.4", DestinationPortRange: "3389",
		}); err != nil {
			t.Fatal(err)
		}
		open := func() bool {
			yes, _ := w.Path(azuresim.DemoCore, addr(office), 3389, "Tcp")
			return yes
		}
		state := func(id string) any { return w.ask("GET", id, "").body.Properties["provisioningState"] }
		start := time.Now()
		poller, err := client.BeginCreateOrUpdate(ctx, "hub", "edge-policy", "jitbot", sdkGroup(50000), nil)
		if err != nil {
			t.Fatal(err)
		}
		if open() || state(azuresim.DemoEdgePolicy) != "Updating" || state(azuresim.DemoEdgeFirewall) != "Updating" || state(azuresim.DemoCorpPolicy) != "Succeeded" {
			t.Errorf("meanwhile: %v %v", state(azuresim.DemoEdgePolicy), state(azuresim.DemoEdgeFirewall))
		}
		done, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 4*time.Minute || d > 4*time.Minute+10*time.Second || *done.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded || !open() {
			t.Errorf("after %s: %+v", d, done.Properties)
		}
		if after := w.DumpFirewallPolicy(azuresim.DemoEdgePolicy, ours); after != before {
			t.Errorf("foreign groups changed:\n%s\n%s", before, after)
		}
		// The policy is busy a little longer than its group.
		busy := w.ask("DELETE", jitGroup, "")
		if busy.status != 409 || busy.code() != "FirewallPolicyRuleCollectionGroupDeleteNotAllowedWhenUpdatingOrDeleting" || !strings.Contains(busy.text, "can not be deleted because it is in Updating state from previous operation ID : ") {
			t.Errorf("%d %s", busy.status, busy.text)
		}
		time.Sleep(15 * time.Second)
		if state(azuresim.DemoEdgePolicy) != "Succeeded" {
			t.Error("the policy is busy for ever")
		}
		del, err := client.BeginDelete(ctx, "hub", "edge-policy", "jitbot", nil)
		if err != nil {
			t.Fatal(err)
		}
		if state(jitGroup) != "Deleting" || !open() {
			t.Errorf("while deleting: %v", state(jitGroup))
		}
		if _, err := del.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second}); err != nil {
			t.Fatal(err)
		}
		if after := w.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil); after != before || open() {
			t.Errorf("not as before:\n%s\n%s", before, after)
		}
		if got := w.ask("GET", jitGroup, ""); got.status != 404 || got.code() != "NotFound" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := w.ask("DELETE", jitGroup, ""); got.status != 204 {
			t.Errorf("%d", got.status)
		}
		names := 0
		for p := client.NewListPager("hub", "edge-policy", nil); p.More(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			names += len(page.Value)
		}
		if names != 3 {
			t.Errorf("%d groups", names)
		}
	})
}

// groupJSON is a group with one collection, changed.
func groupJSON(priority int, change func(collection map[string]any)) string {
	c := map[string]any{
		"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "jit", "priority": 100, "action": map[string]any{"type": "Allow"},
		"rules": []any{networkRule("g-1")},
	}
	if change != nil {
		change(c)
	}
	return toJSON(map[string]any{"properties": map[string]any{"priority": priority, "ruleCollections": []any{c}}})
}

func networkRule(name string) map[string]any {
	return map[string]any{
		"ruleType": "NetworkRule", "name": name, "ipProtocols": []string{"TCP"}, "sourceAddresses": []string{office},
		"destinationAddresses": []string{"10.50.1.4"}, "destinationPorts": []string{"3389"},
	}
}

func natRule(destination string) map[string]any {
	return map[string]any{
		"ruleType": "NatRule", "name": "n", "ipProtocols": []string{"TCP"}, "sourceAddresses": []string{office}, "destinationAddresses": []string{destination},
		"destinationPorts": []string{"2222"}, "translatedAddress": "10.50.1.4", "translatedPort": "3389",
	}
}

func nat(c, rule map[string]any) {
	c["ruleCollectionType"], c["action"], c["rules"] = "FirewallPolicyNatRuleCollection", map[string]any{"type": "DNAT"}, []any{rule}
}

func TestRuleGroupValidation(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.PolicyLag = 0 })
	const general = "FirewallPolicyRuleCollectionGroupInvalidRequest"
	for _, c := range []struct {
		why, code string
		body      string
	}{
		{"low priority", general, groupJSON(99, nil)},
		{"high priority", general, groupJSON(65001, nil)},
		{"taken priority", general, groupJSON(200, nil)},
		{"collection's priority", general, groupJSON(500, func(c map[string]any) { c["priority"] = 65001 })},
		{"no such type", "InvalidRequestFormat", groupJSON(500, func(c map[string]any) { c["ruleCollectionType"] = "Other" })},
		{"NAT in a filter", "InvalidRequestFormat", groupJSON(500, func(c map[string]any) { c["rules"] = []any{natRule(azuresim.DemoEdgeIP)} })},
		{"mixed", "InvalidRequestFormat", groupJSON(500, func(c map[string]any) {
			c["rules"] = []any{networkRule("a"), map[string]any{"ruleType": "ApplicationRule", "name": "b"}}
		})},
		{"same name twice", general, groupJSON(500, func(c map[string]any) { c["rules"] = []any{networkRule("a"), networkRule("A")} })},
		{"wrong action", general, groupJSON(500, func(c map[string]any) { c["action"] = map[string]any{"type": "DNAT"} })},
		{"not the firewall's address", general, groupJSON(500, func(c map[string]any) { nat(c, natRule(azuresim.DemoFirewallIP)) })},
		{"unreadable", "InvalidRequestFormat/InvalidJson", "{"},
	} {
		if got := w.ask("PUT", jitGroup, c.body); got.status != 400 || got.code() != c.code {
			t.Errorf("%s: %d %s", c.why, got.status, got.text)
		}
	}
	if got := w.ask("PUT", jitGroup, groupJSON(500, func(c map[string]any) { nat(c, natRule(azuresim.DemoEdgeIP)) })); got.status != 201 {
		t.Errorf("%d %s", got.status, got.text)
	}
	if got := w.ask("PUT", azuresim.DemoEdgePolicy+"x/ruleCollectionGroups/jit", groupJSON(500, nil)); got.code() != "ParentResourceNotFound" {
		t.Errorf("%d %s", got.status, got.text)
	}
	if got := w.ask("GET", azuresim.DemoEdgePolicy+"x/ruleCollectionGroups", ""); got.code() != "ResourceNotFound" {
		t.Errorf("%d %s", got.status, got.text)
	}
	if got := w.ask("PATCH", jitGroup, groupJSON(500, nil)); got.status != 405 {
		t.Errorf("%d %s", got.status, got.text)
	}
	if got := w.ask("DELETE", azuresim.DemoEdgePolicy+"/ruleCollectionGroups/DefaultDnatRuleCollectionGroup", ""); got.status != 400 || !strings.Contains(got.text, "can not be deleted") {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// TestRuleGroupWriters has two groups of one policy, and of a base policy.
func TestRuleGroupWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, 4*time.Minute)
		const busy = "FirewallPolicyRuleCollectionGroupUpdateNotAllowedWhenUpdatingOrDeleting"
		w.Configure(func(s *azuresim.Settings) { s.PolicyBusyStatus, s.EnforceRBAC = 400, false })
		other := azuresim.DemoEdgePolicy + "/ruleCollectionGroups/jit-other"
		// The base policy occupies those that inherit from it.
		w.ask("PUT", azuresim.DemoCorpPolicy+"/ruleCollectionGroups/jit", groupJSON(500, nil))
		if got := w.ask("PUT", other, groupJSON(501, nil)); got.status != 400 || got.code() != busy {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := w.ask("PUT", azuresim.DemoEdgeFirewall, w.ask("GET", azuresim.DemoEdgeFirewall, "").text); got.code() != "AnotherOperationInProgress" {
			t.Errorf("%d %s", got.status, got.text)
		}
		time.Sleep(5 * time.Minute)
		// A firewall that is being changed occupies its policy.
		w.ask("PUT", azuresim.DemoEdgeFirewall, w.ask("GET", azuresim.DemoEdgeFirewall, "").text)
		if got := w.ask("PUT", other, groupJSON(501, nil)); got.code() != "AnotherOperationInProgress" {
			t.Errorf("%d %s", got.status, got.text)
		}
		time.Sleep(5 * time.Minute)
		first := w.ask("PUT", other, groupJSON(501, nil))
		if first.status != 201 {
			t.Fatalf("%d %s", first.status, first.text)
		}
		// Somebody else's hand is quicker.
		w.DeleteRuleCollectionGroup(azuresim.DemoEdgePolicy, "jit-other")
		time.Sleep(5 * time.Minute)
		if got := w.ask("GET", other, ""); got.status != 404 {
			t.Errorf("%d %s", got.status, got.text)
		}
		// A faulted firewall fails the update.
		w.AddFault(azuresim.OperationFails().On("PUT", "/azurefirewalls/").Only(1))
		w.ask("PUT", azuresim.DemoEdgeFirewall, w.ask("GET", azuresim.DemoEdgeFirewall, "").text)
		time.Sleep(5 * time.Minute)
		put := w.ask("PUT", other, groupJSON(501, nil))
		time.Sleep(5 * time.Minute)
		if got := w.ask("GET", put.header.Get("Azure-AsyncOperation"), ""); got.body.Status != "Failed" || got.code() != "FirewallPolicyUpdateFailed" {
			t.Errorf("%s", got.text)
		}
	})
}

// TestRuleGroupOddities are the switches, and what is kept.
func TestRuleGroupOddities(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.PolicyLag, s.NullUnchanged, s.GroupIfMatch = 0, true, true })
	const odd = `{"z":[1.50,1e3,"<&>"],"a":12345678901234567890}`
	body := strings.Replace(groupJSON(500, nil), `"ruleCollections":[{`, `"future":`+odd+`,"ruleCollections":[{"novel":`+odd+`,`, 1)
	if got := w.ask("PUT", jitGroup, body); got.status != 201 || strings.Count(got.text, odd) != 2 {
		t.Fatalf("%d %s", got.status, got.text)
	}
	got := w.ask("GET", jitGroup, "")
	if strings.Count(got.text, odd) != 2 || got.header.Get("ETag") != `"`+got.body.Etag+`"` {
		t.Errorf("%s", got.text)
	}
	if same := w.ask("PUT", jitGroup, got.text, "If-Match", got.header.Get("ETag")); same.status != 200 || same.text != "null" {
		t.Errorf("%d %s", same.status, same.text)
	}
	if stale := w.ask("PUT", jitGroup, groupJSON(501, nil), "If-Match", `"no"`); stale.status != 412 {
		t.Errorf("%d %s", stale.status, stale.text)
	}
	if stale := w.ask("DELETE", jitGroup, "", "If-Match", `"no"`); stale.status != 412 {
		t.Errorf("%d %s", stale.status, stale.text)
	}
	// The whole group is replaced, and the SDK understands "null".
	ctx := t.Context()
	client := w.clients().NewFirewallPolicyRuleCollectionGroupsClient()
	for range 2 {
		poller, err := client.BeginCreateOrUpdate(ctx, "hub", "edge-policy", "jitbot", sdkGroup(500), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := poller.Poll(ctx)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := w.ask("GET", jitGroup, ""); strings.Contains(got.text, "novel") || strings.Contains(got.text, "future") {
		t.Errorf("%s", got.text)
	}
	policy := w.ask("GET", azuresim.DemoEdgePolicy, "")
	if list := policy.body.Properties; len(list["ruleCollectionGroups"].([]any)) != 4 || len(list["firewalls"].([]any)) != 1 || policy.header.Get("ETag") == "" {
		t.Errorf("%s", policy.text)
	}
	policies := w.clients().NewFirewallPoliciesClient()
	count := 0
	for p := policies.NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Value {
			count++
			if *v.Name == "edge-policy" && *v.Properties.BasePolicy.ID != azuresim.DemoCorpPolicy || *v.Name == "corp-policy" && len(v.Properties.ChildPolicies) != 1 {
				t.Errorf("%+v", v.Properties)
			}
		}
	}
	if count != 2 || len(w.FirewallPolicies()) != 2 || len(w.Firewalls()) != 2 {
		t.Errorf("%d policies", count)
	}
	if got := w.ask("GET", azuresim.DemoEdgePolicy+"x", ""); got.status != 404 {
		t.Errorf("%d", got.status)
	}
}
