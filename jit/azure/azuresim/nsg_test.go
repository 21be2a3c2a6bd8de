package azuresim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

// TestWholeGroupWrite reads a group with the SDK, adds a rule and writes all
// of it back: nobody's rule changes, a stale etag is refused.
func TestWholeGroupWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 3 * time.Second })
		ctx := t.Context()
		client, err := armnetwork.NewSecurityGroupsClient(azuresim.DemoSubscription, w.cred, w.options)
		if err != nil {
			t.Fatal(err)
		}
		before := w.DumpRules(azuresim.DemoDBSubnetNSG, nil)
		got, err := client.Get(ctx, "prod-db", "db-subnet-nsg", nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Properties.DefaultSecurityRules) != 6 || len(got.Properties.Subnets) != 1 || *got.Properties.SecurityRules[0].Etag != *got.Etag {
			t.Errorf("group: %+v", got.Properties)
		}
		rule := sdkRule(150, "203.0.113.7", "22")
		rule.Name = new("jit")
		group := got.SecurityGroup
		group.Properties.SecurityRules = append(group.Properties.SecurityRules, &rule)
		matching := func(etag string) context.Context {
			return policy.WithHTTPHeader(ctx, http.Header{"If-Match": {etag}})
		}
		poller, err := client.BeginCreateOrUpdate(matching(*got.Etag), "prod-db", "db-subnet-nsg", group, nil)
		if err != nil {
			t.Fatal(err)
		}
		done, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if *done.Etag == *got.Etag || *done.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded {
			t.Errorf("after: %s %s", *done.Etag, *done.Properties.ProvisioningState)
		}
		if after := w.DumpRules(azuresim.DemoDBSubnetNSG, func(name string) bool { return name == "jit" }); after != before {
			t.Errorf("foreign rules changed:\n%s%s", before, after)
		}
		_, err = client.BeginCreateOrUpdate(matching(*got.Etag), "prod-db", "db-subnet-nsg", group, nil)
		if err == nil || !strings.Contains(err.Error(), "PreconditionFailedEtagMismatch") {
			t.Errorf("stale: %v", err)
		}
		text, err := json.Marshal(group)
		if err != nil {
			t.Fatal(err)
		}
		stale := w.ask("PUT", azuresim.DemoDBSubnetNSG, string(text), "If-Match", "invalid")
		want := `Etag provided in if-match header W/"invalid" does not match etag ` + w.ETag(azuresim.DemoDBSubnetNSG) + ` of resource ` + azuresim.DemoDBSubnetNSG + ` in NRP data store.`
		if stale.status != 412 || stale.body.Error.Details[0].Message != want {
			t.Errorf("%d %s", stale.status, stale.text)
		}
		same := w.ask("PUT", azuresim.DemoDBSubnetNSG, string(text), "If-Match", *done.Etag)
		if same.status != 200 || same.body.Properties["provisioningState"] != "Succeeded" || w.ETag(azuresim.DemoDBSubnetNSG) != *done.Etag {
			t.Errorf("unchanged: %d %s", same.status, same.text)
		}
	})
}

func TestGroupLife(t *testing.T) {
	w := newWorld(t)
	id := azuresim.DemoDevGroup + "/providers/Microsoft.Network/networkSecurityGroups/new"
	if got := w.ask("PUT", id, `{"location":"westeurope","properties":{"flushConnection":true}}`); got.status != 201 || got.body.Properties["provisioningState"] != "Updating" {
		t.Errorf("create: %d %s", got.status, got.text)
	}
	if got := w.ask("GET", id, ""); got.body.Properties["flushConnection"] != true || got.body.Properties["provisioningState"] != "Succeeded" {
		t.Errorf("read: %s", got.text)
	}
	if got := w.ask("DELETE", azuresim.DemoDevNSG, ""); got.code() != "InUseNetworkSecurityGroupCannotBeDeleted" {
		t.Errorf("in use: %d %s", got.status, got.text)
	}
	if got := w.ask("DELETE", id, ""); got.status != 202 {
		t.Errorf("delete: %d %s", got.status, got.text)
	}
	if got := w.ask("GET", id, ""); got.status != 404 {
		t.Errorf("after: %d %s", got.status, got.text)
	}
	if got := w.ask("DELETE", id, ""); got.status != 204 {
		t.Errorf("again: %d %s", got.status, got.text)
	}
	two := toJSON(map[string]any{"location": "x", "properties": map[string]any{"securityRules": []any{
		namedRule("a", nil), namedRule("b", nil),
	}}})
	if got := w.ask("PUT", id, two); got.code() != "SecurityRuleConflict" {
		t.Errorf("conflict: %d %s", got.status, got.text)
	}
	w.Configure(func(s *azuresim.Settings) { s.RuleIfMatch = true })
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil), "If-Match", `W/"no"`); got.status != 412 {
		t.Errorf("rule with If-Match: %d", got.status)
	}
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(nil), "If-Match", w.ETag(azuresim.DemoDevNSG)); got.status != 201 {
		t.Errorf("rule with If-Match: %d", got.status)
	}
}

func namedRule(name string, changes map[string]any) map[string]any {
	var doc map[string]any
	if err := json.Unmarshal([]byte(ruleJSON(changes)), &doc); err != nil {
		panic(err)
	}
	doc["name"] = name
	return doc
}

// TestInventory reads the whole demo with the SDK, a page of two at a time.
func TestInventory(t *testing.T) {
	w := newWorld(t)
	w.Configure(func(s *azuresim.Settings) { s.PageSize, s.EnforceRBAC = 2, true })
	ctx := t.Context()
	vms, err := armcompute.NewVirtualMachinesClient(azuresim.DemoSubscription, w.cred, w.options)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]*armcompute.VirtualMachine{}
	for p := vms.NewListAllPager(&armcompute.VirtualMachinesClientListAllOptions{Expand: new(armcompute.ExpandTypesForListVMsInstanceView)}); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, vm := range page.Value {
			names[*vm.Name] = vm
		}
	}
	if len(names) != 10 || *names["db-3"].Properties.InstanceView.Statuses[1].Code != "PowerState/deallocated" || *names["db-2"].Properties.StorageProfile.OSDisk.OSType != armcompute.OperatingSystemTypesWindows {
		t.Errorf("machines: %v", names)
	}
	if got, err := vms.Get(ctx, "prod-db", "DB-1", nil); err != nil || got.Properties.InstanceView != nil || len(got.Properties.NetworkProfile.NetworkInterfaces) != 2 {
		t.Errorf("db-1: %+v %v", got.Properties, err)
	}
	if got, err := vms.Get(ctx, "prod-db", "db-1", &armcompute.VirtualMachinesClientGetOptions{Expand: new(armcompute.InstanceViewTypesInstanceView)}); err != nil || got.Properties.InstanceView == nil {
		t.Errorf("db-1: %v", err)
	}
	testNetworkInventory(t, w.cred, w.options)
	w.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = false }) // its own path wants a right of its own, unlike $expand
	if got, err := vms.InstanceView(ctx, "prod-db", "db-1", nil); err != nil || len(got.Statuses) != 2 {
		t.Errorf("instance view: %v", err)
	}
}

func testNetworkInventory(t *testing.T, cred azcore.TokenCredential, options *arm.ClientOptions) {
	t.Helper()
	ctx := t.Context()
	clients, err := armnetwork.NewClientFactory(azuresim.DemoSubscription, cred, options)
	if err != nil {
		t.Fatal(err)
	}
	nics := 0
	for p := clients.NewInterfacesClient().NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		nics += len(page.Value)
	}
	if nics != 12 {
		t.Errorf("%d interfaces", nics)
	}
	nic, err := clients.NewInterfacesClient().Get(ctx, "prod-web", "web-2-nic", nil)
	if err != nil {
		t.Fatal(err)
	}
	if six := nic.Properties.IPConfigurations[1].Properties; *six.PrivateIPAddressVersion != armnetwork.IPVersionIPv6 || *nic.Properties.VirtualMachine.ID != azuresim.DemoWeb2 {
		t.Errorf("interface: %+v", six)
	}
	groups := 0
	for p := clients.NewSecurityGroupsClient().NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		groups += len(page.Value)
	}
	for p := clients.NewSecurityGroupsClient().NewListPager("PROD-WEB", nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		groups += len(page.Value)
	}
	if groups != 6+3 {
		t.Errorf("%d groups", groups)
	}
	subnet, err := clients.NewSubnetsClient().Get(ctx, "prod-db", "db-vnet", "DB", nil)
	if err != nil || *subnet.Properties.NetworkSecurityGroup.ID != azuresim.DemoDBSubnetNSG {
		t.Errorf("subnet: %+v %v", subnet.Properties, err)
	}
	for p := clients.NewVirtualNetworksClient().NewListAllPager(nil); p.More(); {
		if _, err := p.NextPage(ctx); err != nil {
			t.Fatal(err)
		}
	}
	ip, err := clients.NewPublicIPAddressesClient().Get(ctx, "prod-web", "jump-ip", nil)
	if err != nil || *ip.Properties.IPAddress != "20.50.10.1" {
		t.Errorf("address: %v", err)
	}
}
