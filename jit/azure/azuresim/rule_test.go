package azuresim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

func TestRuleLifeWithSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 15 * time.Second; s.EnforceRBAC = true })
		ctx := t.Context()
		before := w.DumpRules(azuresim.DemoWebNICNSG, nil)
		poller, err := w.ruleClient().BeginCreateOrUpdate(ctx, "PROD-web", "web-nic-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, err := poller.PollUntilDone(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if *got.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded || *got.Properties.SourceAddressPrefix != "203.0.113.7" {
			t.Errorf("rule is %+v", got.Properties)
		}
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("polled for %s, want two waits of ten seconds", d)
		}
		del, err := w.ruleClient().BeginDelete(ctx, "prod-web", "web-nic-nsg", "JIT", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := del.PollUntilDone(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if after := w.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
			t.Errorf("table changed:\n%s\n%s", before, after)
		}
		del, err = w.ruleClient().BeginDelete(ctx, "prod-web", "web-nic-nsg", "jit", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := del.PollUntilDone(ctx, nil); err != nil {
			t.Errorf("deleting an absent rule: %v", err)
		}
		for _, r := range w.Requests() {
			if r.Status >= http.StatusBadRequest {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestRuleWriteOnTheWire follows one write through its states: Updating with
// an etag, Succeeded with another one, the operation's address in between.
func TestRuleWriteOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 5 * time.Second })
		nsg := azuresim.DemoWebNICNSG
		etag := w.ETag(nsg)
		put := w.ask("PUT", nsg+"/securityRules/jit", ruleJSON(nil))
		if put.status != http.StatusCreated || put.body.Properties["provisioningState"] != "Updating" || put.header.Get("Retry-After") != "10" {
			t.Fatalf("PUT: %d %s", put.status, put.text)
		}
		poll := put.header.Get("Azure-AsyncOperation")
		if len(poll) < 3000 || !strings.HasPrefix(poll, host+"/subscriptions/") {
			t.Errorf("operation's address has %d characters: %.90s", len(poll), poll)
		}
		if put.body.Etag == etag || put.header.Get("ETag") != "" {
			t.Errorf("etag of the PUT: %s, header %q", put.body.Etag, put.header.Get("ETag"))
		}
		if got := w.ask("GET", poll, ""); got.status != 200 || got.body.Status != "InProgress" {
			t.Errorf("poll: %d %s", got.status, got.text)
		}
		if got := w.ask("GET", poll[:len(poll)-40], ""); got.status != http.StatusBadRequest {
			t.Errorf("shortened address: %d", got.status)
		}
		if !w.Busy(nsg) {
			t.Error("not busy")
		}
		time.Sleep(5 * time.Second)
		if got := w.ask("GET", poll, ""); got.body.Status != "Succeeded" {
			t.Errorf("poll: %s", got.text)
		}
		rule, group := w.ask("GET", nsg+"/securityRules/JIT", ""), w.ask("GET", nsg, "")
		if rule.body.Properties["provisioningState"] != "Succeeded" || rule.body.Etag == put.body.Etag || rule.body.Etag != group.body.Etag {
			t.Errorf("rule %s, group's etag %s", rule.text, group.body.Etag)
		}
		if group.header.Get("ETag") != group.body.Etag || !strings.HasPrefix(group.body.Etag, `W/"`) {
			t.Errorf("ETag header %q", group.header.Get("ETag"))
		}
		again := w.ask("PUT", nsg+"/securityRules/jit", ruleJSON(nil))
		if again.status != 200 || again.body.Properties["provisioningState"] != "Succeeded" || again.body.Etag != rule.body.Etag || again.header.Get("Azure-AsyncOperation") == "" {
			t.Errorf("unchanged PUT: %d %s", again.status, again.text)
		}
		del := w.ask("DELETE", nsg+"/securityRules/jit", "")
		if del.status != http.StatusAccepted || del.header.Get("Location") == "" || del.header.Get("Azure-AsyncOperation") == "" || del.text != "" {
			t.Errorf("DELETE: %d %v", del.status, del.header)
		}
		if got := w.ask("GET", nsg+"/securityRules/jit", ""); got.body.Properties["provisioningState"] != "Deleting" {
			t.Errorf("while deleting: %s", got.text)
		}
		if got := w.ask("GET", del.header.Get("Location"), ""); got.status != http.StatusAccepted {
			t.Errorf("result: %d", got.status)
		}
		time.Sleep(5 * time.Second)
		if got := w.ask("GET", del.header.Get("Location"), ""); got.status != http.StatusNoContent {
			t.Errorf("result: %d", got.status)
		}
		if got := w.ask("DELETE", nsg+"/securityRules/jit", ""); got.status != http.StatusNoContent {
			t.Errorf("DELETE of nothing: %d", got.status)
		}
	})
}

// ruleJSON is a good rule with properties changed; nil removes one.
func ruleJSON(changes map[string]any) string {
	p := map[string]any{
		"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 150, "description": "x",
		"sourceAddressPrefix": "203.0.113.7/32", "sourcePortRange": "*", "destinationAddressPrefix": "10.10.1.4", "destinationPortRanges": []string{"22"},
	}
	for k, v := range changes {
		if v == nil {
			delete(p, k)
			continue
		}
		p[k] = v
	}
	return toJSON(map[string]any{"properties": p})
}

func TestRuleValidation(t *testing.T) {
	w := newWorld(t)
	const unsupported, missing = "SecurityRuleParameterContainsUnsupportedValue", "SecurityRuleParametersMissing"
	for _, c := range []struct {
		why, name string
		changes   map[string]any
		code      string
		message   string
	}{
		{"priority", "", map[string]any{"priority": 4097}, "SecurityRuleInvalidPriority", "Security rule has invalid Priority. Value provided: 4097 Allowed range 100-4096."},
		{"priority low", "", map[string]any{"priority": 99}, "SecurityRuleInvalidPriority", ""},
		{"no priority", "", map[string]any{"priority": nil}, "SecurityRuleInvalidPriority", ""},
		{"port", "", map[string]any{"destinationPortRanges": []string{"66600"}}, "SecurityRuleInvalidPortRange", "Security rule has invalid Port range. Value provided: 66600. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535."},
		{"port range reversed", "", map[string]any{"destinationPortRanges": []string{"30-20"}}, "SecurityRuleInvalidPortRange", ""},
		{"port words", "", map[string]any{"sourcePortRange": "ssh"}, "SecurityRuleInvalidPortRange", ""},
		{"prefix", "", map[string]any{"sourceAddressPrefix": "10.0.0.0/42"}, "SecurityRuleInvalidAddressPrefix", ""},
		{"unknown tag", "", map[string]any{"sourceAddressPrefix": "Intranet"}, "SecurityRuleInvalidAddressPrefix", ""},
		{"description", "", map[string]any{"description": strings.Repeat("ü", 141)}, "SecurityRuleDescriptionTooLong", "Security rule description cannot exceed 140 chars."},
		{"same priority", "", map[string]any{"priority": 1000}, "SecurityRuleConflict", "Security rule jit conflicts with rule https. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules."},
		{"default's name", "denyallinbound", nil, "SecurityRuleConflict", ""},
		{"tag in a list", "", map[string]any{"sourceAddressPrefix": nil, "sourceAddressPrefixes": []string{"Internet"}}, unsupported, ""},
		{"star in a list", "", map[string]any{"sourceAddressPrefix": nil, "sourceAddressPrefixes": []string{"*"}}, unsupported, ""},
		{"star among ports", "", map[string]any{"destinationPortRanges": []string{"*"}}, unsupported, ""},
		{"both forms", "", map[string]any{"sourceAddressPrefixes": []string{"10.0.0.1"}}, missing, ""},
		{"both port forms", "", map[string]any{"destinationPortRange": "22"}, missing, ""},
		{"no source", "", map[string]any{"sourceAddressPrefix": nil}, missing, ""},
		{"no source port", "", map[string]any{"sourcePortRange": nil}, missing, ""},
		{"prefix and group", "", map[string]any{"sourceApplicationSecurityGroups": []any{map[string]string{"id": "/x"}}}, missing, ""},
		{"families", "", map[string]any{"sourceAddressPrefix": "2001:db8::1"}, "ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies", ""},
		{"long name", strings.Repeat("a", 81), nil, "InvalidResourceName", ""},
		{"name ends with a dash", "jit-", nil, "InvalidResourceName", ""},
		{"name with a blank", "j%20it", nil, "InvalidResourceName", ""},
		{"protocol", "", map[string]any{"protocol": "Sctp"}, "InvalidRequestFormat/InvalidJson", ""},
		{"access", "", map[string]any{"access": nil}, "InvalidRequestFormat/InvalidJson", ""},
		{"type", "", map[string]any{"priority": "high"}, "InvalidRequestFormat/InvalidJson", ""},
	} {
		name := c.name
		if name == "" {
			name = "jit"
		}
		before := w.DumpRules(azuresim.DemoWebNICNSG, nil)
		got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/"+name, ruleJSON(c.changes))
		if got.status != http.StatusBadRequest || got.code() != c.code || c.message != "" && got.body.Error.Message != c.message {
			t.Errorf("%s: %d %s", c.why, got.status, got.text)
		}
		if after := w.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
			t.Errorf("%s: the table has changed", c.why)
		}
	}
	if got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/jit", `{`); got.code() != "InvalidRequestFormat/InvalidJson" {
		t.Errorf("broken JSON: %d %s", got.status, got.text)
	}
}

func TestGoodRules(t *testing.T) {
	w := newWorld(t)
	for _, good := range []map[string]any{
		{"protocol": "tcp", "direction": "inbound"},
		{"priority": 1000, "direction": "Outbound"},
		{"sourceAddressPrefix": "Storage.WestEurope", "destinationPortRanges": []string{"0-65535", "22"}},
		{"sourceAddressPrefix": "2001:db8::/32", "destinationAddressPrefix": "fd00::4"},
		{"sourceAddressPrefix": nil, "sourceApplicationSecurityGroups": []any{map[string]string{"id": "/asg"}}},
	} {
		if got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/"+strings.Repeat("a", 80), ruleJSON(good)); got.status >= 300 {
			t.Errorf("%v: %d %s", good, got.status, got.text)
		}
	}
}

func TestRuleLimit(t *testing.T) {
	w := newWorld(t)
	nsg := azuresim.NSG{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Network/networkSecurityGroups/full", Location: "westeurope"}
	for i := range 1000 {
		nsg.Rules = append(nsg.Rules, azuresim.Rule{
			Name: fmt.Sprint("r", i), Priority: 100 + i, Access: "Allow", Direction: "Inbound", Protocol: "*", SourceAddressPrefix: "*",
			SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: "*",
		})
	}
	if err := w.PutNSG(nsg); err != nil {
		t.Fatal(err)
	}
	if got := w.ask("PUT", nsg.ID+"/securityRules/jit", ruleJSON(map[string]any{"priority": 4000})); got.code() != "SecurityRuleCountLimitReached" {
		t.Errorf("%d %s", got.status, got.text)
	}
	pages, rules, err := 0, 0, error(nil)
	for pager := w.ruleClient().NewListPager("dev", "full", nil); pager.More(); pages++ {
		var p armnetwork.SecurityRulesClientListResponse
		if p, err = pager.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
		rules += len(p.Value)
	}
	if pages != 5 || rules != 1000 {
		t.Errorf("%d rules in %d pages", rules, pages)
	}
}

func TestBothFacesOf404(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, path, code, cause string }{
		{"GET", azuresim.DemoWebNICNSG + "/securityRules/absent", "NotFound", ""},
		{"GET", azuresim.DemoWebNICNSG + "x", "ResourceNotFound", "gateway"},
		{"GET", azuresim.DemoWebNICNSG + "x/securityRules/absent", "ResourceNotFound", "gateway"},
		{"DELETE", azuresim.DemoWebNICNSG + "x/securityRules/absent", "ResourceNotFound", "gateway"},
		{"PUT", azuresim.DemoWebNICNSG + "x/securityRules/absent", "ParentResourceNotFound", "gateway"},
		{"GET", azuresim.DemoWebGroup + "x/providers/Microsoft.Network/networkSecurityGroups/y", "ResourceGroupNotFound", "gateway"},
		{"GET", azuresim.DemoWeb1 + "x", "ResourceNotFound", "gateway"},
		{"GET", "/subscriptions/9/providers/Microsoft.Compute/virtualMachines", "SubscriptionNotFound", "gateway"},
		{"GET", azuresim.DemoWebGroup + "/providers/Microsoft.Network/dragons/y", "InvalidResourceType", "gateway"},
		{"GET", azuresim.DemoWebGroup + "/providers/Nobody.Here/dragons/y", "InvalidResourceNamespace", "gateway"},
	} {
		got := w.ask(c.method, c.path, ruleJSON(nil))
		if got.status != http.StatusNotFound || got.code() != c.code || got.header.Get("x-ms-failure-cause") != c.cause {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.text)
		}
	}
}
