package azuresim_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

func TestRouteTables(t *testing.T) {
	w := newHub(t, 0)
	ctx := t.Context()
	client := w.clients().NewRouteTablesClient()
	count := 0
	for p := client.NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Value)
	}
	got, err := client.Get(ctx, "hub", "CORE-routes", nil)
	if err != nil || count != 2 || len(got.Properties.Routes) != 2 || len(got.Properties.Subnets) != 1 {
		t.Fatalf("%d tables, %+v %v", count, got.Properties, err)
	}
	if hop := got.Properties.Routes[0].Properties; *hop.NextHopType != armnetwork.RouteNextHopTypeVirtualAppliance || *hop.NextHopIPAddress != "10.50.0.4" {
		t.Errorf("%+v", hop)
	}
	firewall, err := w.clients().NewAzureFirewallsClient().Get(ctx, "hub", "edge-fw", nil)
	if err != nil || *firewall.Properties.IPConfigurations[0].Properties.PrivateIPAddress != "10.50.0.4" || *firewall.Properties.FirewallPolicy.ID != azuresim.DemoEdgePolicy {
		t.Errorf("%+v %v", firewall.Properties, err)
	}
	subnet, err := w.clients().NewSubnetsClient().Get(ctx, "hub", "hub-vnet", "apps", nil)
	if err != nil || !strings.HasSuffix(*subnet.Properties.RouteTable.ID, "/apps-routes") {
		t.Errorf("%+v %v", subnet.Properties, err)
	}
	fires, err := w.clients().NewSubnetsClient().Get(ctx, "hub", "hub-vnet", "AzureFirewallSubnet", nil)
	if err != nil || len(fires.Properties.IPConfigurations) != 1 {
		t.Errorf("%+v %v", fires.Properties, err)
	}
	ip, err := w.clients().NewPublicIPAddressesClient().Get(ctx, "hub", "fw-ip-2", nil)
	if err != nil || *ip.Properties.IPAddress != azuresim.DemoFirewallIP2 || !strings.Contains(*ip.Properties.IPConfiguration.ID, "/azureFirewalls/hub-fw/") {
		t.Errorf("%+v %v", ip.Properties, err)
	}
	w.DeleteRouteTable(*got.ID)
	if _, err := client.Get(ctx, "hub", "core-routes", nil); err == nil {
		t.Error("still there")
	}
}

func TestBalancersAndGroups(t *testing.T) {
	w := newHub(t, 0)
	ctx := t.Context()
	root := azuresim.DemoHubGroup + "/providers/Microsoft.Network/"
	config := root + "networkInterfaces/app-1-nic/ipConfigurations/ipconfig1"
	w.PutLoadBalancer(azuresim.LoadBalancer{
		ID: root + "loadBalancers/lb", Location: "westeurope",
		Frontends: []azuresim.Frontend{{Name: "f", PublicIP: root + "publicIPAddresses/lb-ip"}, {Name: "inside", Subnet: "/x/subnets/apps", Address: "10.40.1.10"}},
		Pools:     []azuresim.BackendPool{{Name: "p", IPConfigs: []string{config}}},
		NATRules:  []azuresim.InboundNATRule{{Name: "n", Frontend: "f", Protocol: "Tcp", FrontendPort: 50022, BackendPort: 22, IPConfig: config}, {Name: "spare", Frontend: "f", Protocol: "Tcp", FrontendPort: 50023, BackendPort: 22}},
		Rules:     []azuresim.BalancingRule{{Name: "r", Frontend: "f", Pool: "p", Protocol: "Tcp", FrontendPort: 80, BackendPort: 8080}},
	})
	w.PutPublicIP(azuresim.PublicIP{ID: root + "publicIPAddresses/lb-ip", Location: "westeurope", Address: "20.50.40.1"})
	w.PutASG(azuresim.ApplicationSecurityGroup{ID: root + "applicationSecurityGroups/apps", Location: "westeurope"})
	lb, err := w.clients().NewLoadBalancersClient().Get(ctx, "hub", "lb", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := lb.Properties
	if *p.InboundNatRules[0].Properties.BackendIPConfiguration.ID != config || *p.InboundNatRules[0].Properties.BackendPort != 22 ||
		*p.BackendAddressPools[0].Properties.BackendIPConfigurations[0].ID != config || *p.LoadBalancingRules[0].Properties.FrontendPort != 80 ||
		*p.FrontendIPConfigurations[1].Properties.PrivateIPAddress != "10.40.1.10" {
		t.Errorf("%+v", p)
	}
	nic, err := w.clients().NewInterfacesClient().Get(ctx, "hub", "app-1-nic", nil)
	if err != nil || len(nic.Properties.IPConfigurations[0].Properties.LoadBalancerInboundNatRules) != 1 || len(nic.Properties.IPConfigurations[0].Properties.LoadBalancerBackendAddressPools) != 1 {
		t.Errorf("%+v %v", nic.Properties, err)
	}
	ip, err := w.clients().NewPublicIPAddressesClient().Get(ctx, "hub", "lb-ip", nil)
	if err != nil || *ip.Properties.IPConfiguration.ID != *p.FrontendIPConfigurations[0].ID {
		t.Errorf("%+v %v", ip.Properties, err)
	}
	asg, err := w.clients().NewApplicationSecurityGroupsClient().Get(ctx, "hub", "apps", nil)
	if err != nil || *asg.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded {
		t.Errorf("%+v %v", asg.Properties, err)
	}
	count := 0
	for p := w.clients().NewLoadBalancersClient().NewListAllPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Value)
	}
	for p := w.clients().NewApplicationSecurityGroupsClient().NewListPager("hub", nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Value)
	}
	if count != 2 {
		t.Errorf("%d", count)
	}
	w.DeleteLoadBalancer(*lb.ID)
	if got := w.ask("GET", *lb.ID, ""); got.status != 404 {
		t.Errorf("%d", got.status)
	}
}

func TestLocksAtScope(t *testing.T) {
	w := newHub(t, 0)
	w.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoSubscriptionScope, Level: azuresim.CanNotDelete, Notes: "ask first"})
	w.AddLock(azuresim.Lock{Name: "frozen", Scope: azuresim.DemoFirewall, Level: azuresim.ReadOnly})
	w.AddLock(azuresim.Lock{Name: "other", Scope: azuresim.DemoWebGroup, Level: azuresim.ReadOnly})
	const locks = "/providers/Microsoft.Authorization/locks?api-version=2020-05-01"
	for scope, want := range map[string]int{azuresim.DemoFirewall: 2, azuresim.DemoHubGroup: 2, azuresim.DemoSubscriptionScope: 3} {
		if got := w.ask("GET", scope+locks, ""); got.status != 200 || len(got.body.Value) != want {
			t.Errorf("%s: %d %s", scope, got.status, got.text)
		}
	}
	if got := w.ask("GET", azuresim.DemoHubGroup+locks+"&$filter=atScope()", ""); len(got.body.Value) != 1 || got.body.Value[0]["properties"].(map[string]any)["level"] != "CanNotDelete" {
		t.Errorf("%s", got.text)
	}
	for method, code := range map[string]string{"PUT": "", "DELETE": "ScopeLocked"} {
		if got := w.ask(method, jitGroup, groupJSON(500, nil)); got.code() != code {
			t.Errorf("%s: %d %s", method, got.status, got.text)
		}
	}
	w.RemoveLock(azuresim.DemoSubscriptionScope, "keep")
}

func TestAzurePolicyDenies(t *testing.T) {
	w := newHub(t, 0)
	w.AddPolicyAssignment(azuresim.PolicyAssignment{
		Name: "no-ssh", DisplayName: "No SSH", Definition: "deny-ssh", DefinitionName: "Deny SSH from outside", Scope: azuresim.DemoDevGroup,
		Denies: func(p azuresim.PolicyWrite) bool {
			return p.Type == "microsoft.network/networksecuritygroups/securityrules" && strings.Contains(string(p.Body), `"22"`)
		},
	})
	path := azuresim.DemoDevNSG + "/securityRules/jit"
	got := w.ask("PUT", path, ruleJSON(nil))
	var body struct {
		Error struct {
			Code, Target, Message string
			AdditionalInfo        []struct {
				Type string
				Info map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != 403 || body.Error.Code != "RequestDisallowedByPolicy" || body.Error.Target != "jit" {
		t.Fatalf("%d %s", got.status, got.text)
	}
	want := `Resource 'jit' was disallowed by policy. Policy identifiers: '[{"policyAssignment":{"name":"No SSH","id":"` + azuresim.DemoDevGroup + `/providers/Microsoft.Authorization/policyAssignments/no-ssh"},`
	if info := body.Error.AdditionalInfo[0]; info.Type != "PolicyViolation" || info.Info["policyAssignmentName"] != "no-ssh" || info.Info["policyDefinitionDisplayName"] != "Deny SSH from outside" || !strings.HasPrefix(body.Error.Message, want) {
		t.Errorf("%s", got.text)
	}
	for _, allowed := range []answer{
		w.ask("PUT", path, ruleJSON(map[string]any{"destinationPortRanges": []string{"80"}})), w.ask("GET", path, ""), w.ask("DELETE", path, ""),
		w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/jit", ruleJSON(nil)),
	} {
		if allowed.status >= 300 {
			t.Errorf("%d %s", allowed.status, allowed.text)
		}
	}
	w.AddPolicyAssignment(azuresim.PolicyAssignment{Name: "no-ssh", Scope: azuresim.DemoDevGroup, Deletes: true})
	if got := w.ask("DELETE", path, ""); got.code() != "RequestDisallowedByPolicy" || !strings.Contains(got.text, `"denyAction"`) {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.RemovePolicyAssignment(azuresim.DemoDevGroup, "NO-ssh")
	if got := w.ask("PUT", path, ruleJSON(nil)); got.status >= 300 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestDefenderRules(t *testing.T) {
	w := newHub(t, 0)
	denies, err := w.DefenderProtect(azuresim.DefenderJIT{VM: azuresim.DemoWeb1, Ports: []string{"22", "3389"}})
	if err != nil || len(denies) != 2 {
		t.Fatalf("%+v %v", denies, err)
	}
	allows, err := w.DefenderOpen(azuresim.DefenderJIT{VM: azuresim.DemoWeb1, Ports: []string{"22"}, Protocol: "Tcp", Source: office})
	if err != nil || len(allows) != 2 {
		t.Fatalf("%+v %v", allows, err)
	}
	deny, allow := denies[0].Rule, allows[0].Rule
	name := regexp.MustCompile(`^SecurityCenter-JITRule_(-?\d+)_[0-9A-F]{32}$`).FindStringSubmatch(deny.Name)
	if name == nil || !regexp.MustCompile(`^SecurityCenter-JITRule-`+name[1]+`-[0-9A-F]{32}$`).MatchString(allow.Name) {
		t.Errorf("%s %s", deny.Name, allow.Name)
	}
	if deny.Priority != 4096 || allow.Priority != 100 || deny.DestinationAddressPrefix != "10.10.1.4" || allow.DestinationPortRange != "22" ||
		deny.Description != "ASC JIT Network Access rule for policy 'default' of VM 'web-1'." {
		t.Errorf("%+v %+v", deny, allow)
	}
	if yes, why := w.Reachable(azuresim.DemoWeb1, addr(office), 22, "Tcp"); !yes {
		t.Error(why)
	}
	two, err := w.DefenderProtect(azuresim.DefenderJIT{VM: azuresim.DemoDB1, Policy: "p", Ports: []string{"22"}})
	if err != nil || len(two) != 2 || two[0].Rule.Name == two[1].Rule.Name || two[0].Rule.Name[len(two[0].Rule.Name)-32:] != two[1].Rule.Name[len(two[1].Rule.Name)-32:] {
		t.Errorf("%+v %v", two, err)
	}
	if _, err := w.DefenderOpen(azuresim.DefenderJIT{VM: "/nothing", Ports: []string{"22"}}); err == nil {
		t.Error("no such machine")
	}
	if _, err := w.DefenderOpen(azuresim.DefenderJIT{VM: azuresim.DemoWeb1, Ports: []string{"x"}}); err == nil {
		t.Error("no such port")
	}
}
