package azuresim_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

func natDoc(count int, change map[string]any) map[string]any {
	var rules []any
	for i := range count {
		rule := map[string]any{
			"name": fmt.Sprintf("r%d", i), "protocols": []string{"TCP"}, "sourceAddresses": []string{office}, "destinationAddresses": []string{azuresim.DemoFirewallIP},
			"destinationPorts": []string{fmt.Sprint(10000 + i)}, "translatedAddress": "10.40.1.4", "translatedPort": "22",
		}
		maps.Copy(rule, change)
		rules = append(rules, rule)
	}
	return map[string]any{"name": "jit", "properties": map[string]any{"priority": 200, "action": map[string]any{"type": "Dnat"}, "rules": rules}}
}

func TestFirewallValidation(t *testing.T) {
	w := newHub(t, 0)
	before := w.DumpFirewall(azuresim.DemoFirewall, nil)
	const general, port = "AzureFirewallInvalidRequest", "AzureFirewallRuleInvalidDnatPortOrRangeFormat"
	of := func(list, key string, value any) func(map[string]any) {
		return func(p map[string]any) {
			c := natDoc(1, nil)
			if list != "natRuleCollections" {
				c["properties"].(map[string]any)["action"] = map[string]any{"type": "Allow"}
			}
			switch key {
			case "name":
				c[key] = value
			case "priority", "action":
				c["properties"].(map[string]any)[key] = value
			default:
				c["properties"].(map[string]any)["rules"].([]any)[0].(map[string]any)[key] = value
			}
			p[list] = append(p[list].([]any), c)
		}
	}
	for _, c := range []struct {
		why, code string
		change    func(map[string]any)
	}{
		{"low priority", general, of("natRuleCollections", "priority", 99)},
		{"high priority", general, of("networkRuleCollections", "priority", 65001)},
		{"taken priority", general, of("natRuleCollections", "priority", 1000)},
		{"taken name", general, of("natRuleCollections", "name", "SITE")},
		{"long name", "InvalidResourceName", of("natRuleCollections", "name", strings.Repeat("n", 81))},
		{"odd rule name", "InvalidResourceName", of("networkRuleCollections", "name", "a b")},
		{"wrong action", general, of("natRuleCollections", "action", map[string]any{"type": "Allow"})},
		{"no action", general, of("networkRuleCollections", "action", map[string]any{})},
		{"destination port 64000", port, of("natRuleCollections", "destinationPorts", []string{"64000"})},
		{"range of ports", port, of("natRuleCollections", "destinationPorts", []string{"22-23"})},
		{"two ports", port, of("natRuleCollections", "destinationPorts", []string{"22", "23"})},
		{"translated port 0", port, of("natRuleCollections", "translatedPort", "0")},
		{"any protocol", general, of("natRuleCollections", "protocols", []string{"Any"})},
		{"no protocol", general, of("networkRuleCollections", "protocols", []string{})},
		{"not our address", general, of("natRuleCollections", "destinationAddresses", []string{azuresim.DemoEdgeIP})},
		{"two addresses", general, of("natRuleCollections", "destinationAddresses", []string{azuresim.DemoFirewallIP, azuresim.DemoFirewallIP2})},
		{"IPv6", general, of("networkRuleCollections", "sourceAddresses", []string{"2001:db8::1"})},
		{"no source", general, of("natRuleCollections", "sourceAddresses", []string{})},
		{"no destination", general, of("networkRuleCollections", "destinationAddresses", []string{})},
		{"bad port", general, of("networkRuleCollections", "destinationPorts", []string{"70000"})},
		{"translated to a name", general, of("natRuleCollections", "translatedAddress", "app-1")},
		{"a policy too", "AzureFirewallPolicyAndRuleCollectionsConflict", func(p map[string]any) { p["firewallPolicy"] = map[string]any{"id": azuresim.DemoEdgePolicy} }},
		{"too many NAT destinations", general, func(p map[string]any) { p["natRuleCollections"] = []any{natDoc(249, nil)} }},
		{"unreadable", "InvalidRequestFormat/InvalidJson", func(p map[string]any) { p["natRuleCollections"] = "all" }},
		{"another subnet", general, func(p map[string]any) {
			p["ipConfigurations"].([]any)[0].(map[string]any)["properties"].(map[string]any)["subnet"] = map[string]any{"id": "/x/subnets/apps"}
		}},
	} {
		got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(_, p map[string]any) { c.change(p) }))
		if got.status != 400 || got.code() != c.code {
			t.Errorf("%s: %d %s", c.why, got.status, got.text)
		}
	}
	if after := w.DumpFirewall(azuresim.DemoFirewall, nil); after != before {
		t.Errorf("something was written:\n%s", after)
	}
	if got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(_, p map[string]any) { p["natRuleCollections"] = []any{natDoc(248, nil)} })); got.status != 200 {
		t.Errorf("248 NAT destinations beside two public addresses: %d %s", got.status, got.text)
	}
	if got := w.ask("PUT", azuresim.DemoFirewall, "{}"); got.code() != "LocationRequired" {
		t.Errorf("%s", got.text)
	}
	stale := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(map[string]any, map[string]any) {}), "If-Match", "invalid")
	if stale.status != 412 || stale.code() != "PreconditionFailed/PreconditionFailedEtagMismatch" ||
		!strings.HasPrefix(stale.body.Error.Details[0].Message, `Etag provided in if-match header W/"invalid" does not match etag W/"`) {
		t.Errorf("%d %s", stale.status, stale.text)
	}
}

// FuzzFirewall writes anything: nothing breaks, and what was taken and read
// back is the same when it is written again.
func FuzzFirewall(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `[]`, `{"properties":null}`, `{"properties":{"networkRuleCollections":[null]}}`,
		`{"location":"x","properties":{"ipConfigurations":[{"name":"a","properties":null}],"natRuleCollections":null,"future":{"a":1e3}}}`,
		toJSON(map[string]any{"location": "x", "properties": map[string]any{"networkRuleCollections": []any{}, "firewallPolicy": map[string]any{"id": azuresim.DemoEdgePolicy}}}),
		toJSON(map[string]any{"location": "x", "properties": map[string]any{"natRuleCollections": []any{natDoc(2, nil)}}}),
		groupJSON(500, nil),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := azuresim.New(azuresim.Options{})
		azuresim.SeedFirewalls(s)
		const id = azuresim.DemoHubGroup + "/providers/Microsoft.Network/azureFirewalls/new"
		if err := s.PutRuleCollectionGroupJSON(azuresim.DemoEdgePolicy, "g", []byte(text)); err == nil {
			once := s.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil)
			if err := s.PutRuleCollectionGroupJSON(azuresim.DemoEdgePolicy, "g", []byte(text)); err != nil || s.DumpFirewallPolicy(azuresim.DemoEdgePolicy, nil) != once {
				t.Errorf("%v\n%s", err, once)
			}
		}
		if err := s.PutFirewallJSON(id, []byte(text)); err != nil {
			return
		}
		once := s.DumpFirewall(id, nil)
		if err := s.PutFirewallJSON(id, []byte(text)); err != nil || s.DumpFirewall(id, nil) != once {
			t.Errorf("%v\n%s", err, once)
		}
		s.Path(azuresim.DemoApp, addr(office), 443, "Tcp")
	})
}
