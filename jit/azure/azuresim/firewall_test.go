package azuresim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

const office = "203.0.113.7"

// newHub is newWorld with the firewalls, whose writes take as long as given.
func newHub(t *testing.T, takes time.Duration) *world {
	t.Helper()
	w := newWorld(t)
	azuresim.SeedFirewalls(w.Sim)
	w.Configure(func(s *azuresim.Settings) { s.FirewallTime, s.EnforceRBAC = takes, true })
	return w
}

func (w *world) clients() *armnetwork.ClientFactory {
	w.t.Helper()
	f, err := armnetwork.NewClientFactory(azuresim.DemoSubscription, w.cred, w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func ours(name string) bool { return strings.HasPrefix(name, "jit") }

func texts(all ...string) []*string {
	var list []*string
	for _, text := range all {
		list = append(list, &text)
	}
	return list
}

// natCollection opens port 2222 of the firewall for the office to app-1's ssh.
func natCollection() *armnetwork.AzureFirewallNatRuleCollection {
	return &armnetwork.AzureFirewallNatRuleCollection{Name: new("jit-nat"), Properties: &armnetwork.AzureFirewallNatRuleCollectionProperties{
		Priority: new(int32(200)), Action: &armnetwork.AzureFirewallNatRCAction{Type: new(armnetwork.AzureFirewallNatRCActionTypeDnat)},
		Rules: []*armnetwork.AzureFirewallNatRule{{
			Name: new("g-1"), Protocols: []*armnetwork.AzureFirewallNetworkRuleProtocol{new(armnetwork.AzureFirewallNetworkRuleProtocolTCP)},
			SourceAddresses: texts(office), DestinationAddresses: texts(azuresim.DemoFirewallIP), DestinationPorts: texts("2222"),
			TranslatedAddress: new("10.40.1.4"), TranslatedPort: new("22"),
		}},
	}}
}

// TestFirewallLife opens a port by a NAT rule with the SDK and closes it:
// both take minutes, and everybody else's rules stay byte for byte.
func TestFirewallLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, 4*time.Minute)
		ctx := context.Background()
		client := w.clients().NewAzureFirewallsClient()
		before := w.DumpFirewall(azuresim.DemoFirewall, nil)
		if err := w.PutRule(azuresim.DemoAppNSG, azuresim.Rule{
			Name: "jit", Priority: 150, Access: "Allow", Direction: "Inbound", Protocol: "Tcp", SourceAddressPrefix: azuresim.DemoFirewallSubnet,
			SourcePortRange: "*", DestinationAddressPrefix: "10.40.1.4", DestinationPortRange: "22",
		}); err != nil {
			t.Fatal(err)
		}
		open := func() bool {
			yes, _ := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp")
			return yes
		}
		write := func(change func(*armnetwork.AzureFirewall)) {
			t.Helper()
			got, err := client.Get(ctx, "hub", "hub-fw", nil)
			if err != nil {
				t.Fatal(err)
			}
			first := *got.Etag
			change(&got.AzureFirewall)
			start, was := time.Now(), open()
			poller, err := client.BeginCreateOrUpdate(policy.WithHTTPHeader(ctx, http.Header{"If-Match": {first}}), "hub", "hub-fw", got.AzureFirewall, nil)
			if err != nil {
				t.Fatal(err)
			}
			meanwhile, err := client.Get(ctx, "hub", "HUB-FW", nil)
			if err != nil || *meanwhile.Properties.ProvisioningState != armnetwork.ProvisioningStateUpdating || *meanwhile.Etag == first || open() != was {
				t.Errorf("meanwhile: %v %v", meanwhile.Properties, err)
			}
			done, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d < 4*time.Minute || d > 5*time.Minute {
				t.Errorf("took %s", d)
			}
			if *done.Etag == *meanwhile.Etag || *done.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded {
				t.Errorf("after: %s", *done.Etag)
			}
		}
		write(func(f *armnetwork.AzureFirewall) {
			f.Properties.NatRuleCollections = append(f.Properties.NatRuleCollections, natCollection())
		})
		if yes, why := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp"); !yes {
			t.Errorf("not open: %q", why)
		}
		if yes, _ := w.Path(azuresim.DemoApp, addr("203.0.113.8"), 22, "Tcp"); yes {
			t.Error("open for others")
		}
		if after := w.DumpFirewall(azuresim.DemoFirewall, ours); after != before {
			t.Errorf("foreign parts changed:\n%s\n%s", before, after)
		}
		write(func(f *armnetwork.AzureFirewall) {
			f.Properties.NatRuleCollections = f.Properties.NatRuleCollections[:len(f.Properties.NatRuleCollections)-1]
		})
		if after := w.DumpFirewall(azuresim.DemoFirewall, nil); after != before || open() {
			t.Errorf("not as before:\n%s\n%s", before, after)
		}
		if n := w.Counts(); n.FirewallWrites != 2 || n.GuardWrites != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// firewallJSON is the demo's classic firewall as read, changed.
func (w *world) firewallJSON(change func(doc, properties map[string]any)) string {
	w.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(w.ask("GET", azuresim.DemoFirewall, "").text), &doc); err != nil {
		w.t.Fatal(err)
	}
	change(doc, doc["properties"].(map[string]any))
	return toJSON(doc)
}

// TestFirewallKeepsTheUnknown writes properties nobody has heard of.
func TestFirewallKeepsTheUnknown(t *testing.T) {
	w := newHub(t, 0)
	const odd = `{"z":[1.50,1e3,"<&>é"],"a":12345678901234567890}`
	body := `{"location":"westeurope","zones":["1","2"],"novel":` + odd + `,"properties":{"futureMode":` + odd + `,"provisioningState":"Failed",
		"networkRuleCollections":[{"id":"x","etag":"stale","name":"c","hint":` + odd + `,"properties":{"priority":100,"provisioningState":"Failed","extra":` + odd + `,
		"action":{"type":"Allow","more":1},"rules":[{"name":"r","protocols":["TCP"],"sourceAddresses":["10.0.0.1-10.0.0.9"],"destinationAddresses":["AzureMonitor"],"destinationPorts":["*"],"later":` + odd + `}]}}]}}`
	id := azuresim.DemoHubGroup + "/providers/Microsoft.Network/azureFirewalls/new"
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false })
	if got := w.ask("PUT", id, body); got.status != 201 || strings.Count(got.text, odd) != 5 || got.body.Properties["provisioningState"] != "Updating" {
		t.Fatalf("%d %s", got.status, got.text)
	}
	first := w.ask("GET", id, "")
	if strings.Count(first.text, odd) != 5 || strings.Contains(first.text, "Failed") || strings.Contains(first.text, "stale") || first.header.Get("ETag") != first.body.Etag {
		t.Errorf("%s", first.text)
	}
	dump := w.DumpFirewall(id, nil)
	if got := w.ask("PUT", id, first.text, "If-Match", first.body.Etag); got.status != 200 {
		t.Errorf("%d %s", got.status, got.text)
	}
	if again := w.DumpFirewall(id, nil); again != dump || strings.Count(dump, odd) != 5 {
		t.Errorf("%s\n%s", dump, again)
	}
	if got := w.ask("DELETE", id, ""); got.status != 202 {
		t.Errorf("%d", got.status)
	}
	if got := w.ask("GET", id, ""); got.status != 404 || got.code() != "ResourceNotFound" {
		t.Errorf("%d %s", got.status, got.text)
	}
	if got := w.ask("DELETE", id, ""); got.status != 204 {
		t.Errorf("%d", got.status)
	}
}

func natDoc(count int, change map[string]any) map[string]any {
	var rules []any
	for i := range count {
		rule := map[string]any{
			"name": fmt.Sprintf("r%d", i), "protocols": []string{"TCP"}, "sourceAddresses": []string{office}, "destinationAddresses": []string{azuresim.DemoFirewallIP},
			"destinationPorts": []string{fmt.Sprint(10000 + i)}, "translatedAddress": "10.40.1.4", "translatedPort": "22",
		}
		for k, v := range change {
			rule[k] = v
		}
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
		{"too many NAT destinations", general, func(p map[string]any) { p["natRuleCollections"] = []any{natDoc(251, nil)} }},
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
	if got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(_, p map[string]any) { p["natRuleCollections"] = []any{natDoc(250, nil)} })); got.status != 200 {
		t.Errorf("250 NAT destinations: %d %s", got.status, got.text)
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

func TestFirewallWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newHub(t, 4*time.Minute)
		same := w.firewallJSON(func(map[string]any, map[string]any) {})
		if got := w.ask("PUT", azuresim.DemoFirewall, same); got.status != 200 || !w.FirewallBusy(azuresim.DemoFirewall) {
			t.Fatalf("%d %s", got.status, got.text)
		}
		for mode, code := range map[azuresim.Writers]string{
			azuresim.Parallel: "AnotherOperationInProgress", azuresim.RefuseConflict: "AnotherOperationInProgress",
			azuresim.RefuseRetryable: "RetryableError/RetryableErrorDueToAnotherOperation",
		} {
			w.Configure(func(s *azuresim.Settings) { s.Writers = mode })
			for _, method := range []string{"PUT", "DELETE"} {
				w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false })
				if got := w.ask(method, azuresim.DemoFirewall, same); got.code() != code {
					t.Errorf("%s in mode %d: %d %s", method, mode, got.status, got.text)
				}
			}
		}
		// Somebody else's hand cancels what was running.
		first := w.ask("PUT", azuresim.DemoEdgeFirewall, w.ask("GET", azuresim.DemoEdgeFirewall, "").text)
		if err := w.PutFirewallJSON(azuresim.DemoEdgeFirewall, []byte(w.ask("GET", azuresim.DemoEdgeFirewall, "").text)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if got := w.ask("GET", first.header.Get("Azure-AsyncOperation"), ""); got.body.Status != "Canceled" {
			t.Errorf("%s", got.text)
		}
		// A write that fails has no effect, and the next one mends it.
		w.AddFault(azuresim.OperationFails().On("PUT", "/azurefirewalls/").Only(1))
		opened := w.firewallJSON(func(_, p map[string]any) { p["natRuleCollections"] = []any{natDoc(1, nil)} })
		w.ask("PUT", azuresim.DemoFirewall, opened)
		time.Sleep(4 * time.Minute)
		if got := w.ask("GET", azuresim.DemoFirewall, ""); got.body.Properties["provisioningState"] != "Failed" {
			t.Errorf("%s", got.text)
		}
		if _, why := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp"); strings.Contains(strings.Join(why, " "), "jit/r0") {
			t.Errorf("it filters: %q", why)
		}
		w.ask("PUT", azuresim.DemoFirewall, opened)
		time.Sleep(4 * time.Minute)
		if _, why := w.Path(azuresim.DemoApp, addr(office), 22, "Tcp"); !strings.Contains(strings.Join(why, " "), "jit/r0") {
			t.Errorf("it does not filter: %q", why)
		}
	})
}

// TestFirewallRights has a bot that may write the firewall and join nothing.
func TestFirewallRights(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"*/join/action"} })
	if got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(map[string]any, map[string]any) {})); got.status != 403 || got.code() != "LinkedAuthorizationFailed" {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.AddLock(azuresim.Lock{Name: "l", Scope: azuresim.DemoHubGroup, Level: azuresim.ReadOnly})
	if got := w.ask("PUT", azuresim.DemoFirewall, "{}"); got.status != 409 || got.code() != "ScopeLocked" {
		t.Errorf("%d %s", got.status, got.text)
	}
}
