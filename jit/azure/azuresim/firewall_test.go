package azuresim_test

import (
	"encoding/json"
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
		ctx := t.Context()
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

// TestFirewallLists reads all firewalls, and one group's, a page of one.
func TestFirewallLists(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
	client := w.clients().NewAzureFirewallsClient()
	var names []string
	for p := client.NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Value {
			names = append(names, *f.Name)
		}
	}
	w.DeleteFirewall(azuresim.DemoEdgeFirewall)
	for p := client.NewListPager("HUB", nil); p.More(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Value {
			names = append(names, *f.Name)
		}
	}
	if got := strings.Join(names, " "); got != "edge-fw hub-fw hub-fw" {
		t.Errorf("%s", got)
	}
	if n := len(w.FirewallCollections(azuresim.DemoFirewall)); n != 4 {
		t.Errorf("%d collections", n)
	}
	if err := w.PutFirewall(azuresim.Firewall{ID: azuresim.DemoFirewall, Location: "westeurope", Policy: "/nothing"}); err == nil || !strings.HasPrefix(err.Error(), "InvalidResourceReference") {
		t.Errorf("%v", err)
	}
	if err := w.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{Policy: "/nothing", Name: "x", Priority: 100}); err == nil {
		t.Error("no such policy")
	}
}

// TestFirewallRights has a bot that may write the firewall and join nothing.
func TestFirewallRights(t *testing.T) {
	w := newHub(t, 0)
	w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"*/join/action"} })
	if got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(map[string]any, map[string]any) {})); got.status != 403 || got.code() != "LinkedAuthorizationFailed" {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.Configure(func(s *azuresim.Settings) { s.DeniedActions = []string{"Microsoft.Network/virtualHubs/read"} })
	if got := w.ask("PUT", azuresim.DemoFirewall, w.firewallJSON(func(map[string]any, map[string]any) {})); got.status != 403 || !strings.Contains(got.text, "virtualHubs/read") {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.AddLock(azuresim.Lock{Name: "l", Scope: azuresim.DemoHubGroup, Level: azuresim.ReadOnly})
	if got := w.ask("PUT", azuresim.DemoFirewall, "{}"); got.status != 409 || got.code() != "ScopeLocked" {
		t.Errorf("%d %s", got.status, got.text)
	}
}
