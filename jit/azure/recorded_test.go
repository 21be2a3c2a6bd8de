package azure

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

// Shapes as Azure writes them, from public recordings and from the
// specification's examples: a rule in the singular form, one in the plural, a
// default rule, and both kinds of firewalls.
const (
	recordedGroup = `{"id":"/nsg","name":"web-nsg","etag":"W/\"g\"","properties":{"provisioningState":"Succeeded","securityRules":[
		{"name":"ssh","properties":{"provisioningState":"Succeeded","protocol":"Tcp","sourceAddressPrefix":"203.0.113.7/32","sourcePortRange":"*",
			"destinationAddressPrefix":"10.0.0.4","destinationPortRanges":["22"],"access":"Allow","direction":"Inbound","priority":100,
			"sourceAddressPrefixes":[],"destinationAddressPrefixes":[],"sourcePortRanges":[]}},
		{"name":"web","properties":{"protocol":"TCP","sourceAddressPrefixes":["198.51.100.0/24","192.0.2.9"],"sourcePortRange":"*",
			"destinationAddressPrefix":"*","destinationPortRanges":["80","8000-8010"],"access":"Allow","direction":"Inbound","priority":200}},
		{"name":"SecurityCenter-JITRule_-1105480617_9EF6964FE766478B9EC568B32FB82045","properties":{"protocol":"*","sourceAddressPrefix":"*",
			"sourcePortRange":"*","destinationAddressPrefix":"10.0.0.4","destinationPortRange":"3389","access":"Deny","direction":"Inbound","priority":1000,
			"description":"ASC JIT Network Access rule for policy 'default' of VM 'WIN'."}},
		{"name":"rdp","properties":{"protocol":"*","sourceAddressPrefix":"Internet","sourcePortRange":"*","destinationAddressPrefix":"VirtualNetwork",
			"destinationPortRange":"3389","access":"Allow","direction":"Inbound","priority":2000}}],
		"defaultSecurityRules":[
		{"name":"AllowVnetInBound","properties":{"protocol":"*","sourceAddressPrefix":"VirtualNetwork","sourcePortRange":"*","destinationAddressPrefix":"VirtualNetwork","destinationPortRange":"*","access":"Allow","direction":"Inbound","priority":65000}},
		{"name":"AllowAzureLoadBalancerInBound","properties":{"protocol":"*","sourceAddressPrefix":"AzureLoadBalancer","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*","access":"Allow","direction":"Inbound","priority":65001}},
		{"name":"DenyAllInBound","properties":{"protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*","access":"Deny","direction":"Inbound","priority":65500}}]}}`

	recordedFirewall = `{"id":"/fw","name":"hub","properties":{"provisioningState":"Succeeded",
		"natRuleCollections":[{"name":"in","properties":{"priority":112,"action":{"type":"Dnat"},"rules":[
			{"name":"ssh","protocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["1.2.3.4"],"destinationPorts":["8443"],"translatedAddress":"10.0.0.4","translatedPort":"22"}]}}],
		"networkRuleCollections":[{"name":"net","properties":{"priority":112,"action":{"type":"Deny"},"rules":[
			{"name":"range","protocols":["TCP","UDP"],"sourceAddresses":["192.168.1.1-192.168.1.12","10.1.4.12"],"destinationAddresses":["*"],"destinationPorts":["443-444","8443"]}]}}],
		"applicationRuleCollections":[{"name":"app","properties":{"priority":110,"action":{"type":"Deny"},"rules":[
			{"name":"rule1","protocols":[{"protocolType":"Https","port":443}],"targetFqdns":["www.test.com"],"sourceAddresses":["216.58.216.164","10.0.0.0/24"]}]}}]}}`

	recordedRuleGroup = `{"id":"/p/ruleCollectionGroups/g","name":"g","properties":{"provisioningState":"Succeeded","priority":100,"ruleCollections":[
		{"ruleCollectionType":"FirewallPolicyNatRuleCollection","name":"nat","priority":100,"action":{"type":"DNAT"},"rules":[
			{"ruleType":"NatRule","name":"ssh","ipProtocols":["TCP"],"sourceAddresses":["203.0.113.0/24"],"destinationAddresses":["152.23.32.23"],"destinationPorts":["8080"],"translatedAddress":"10.0.0.4","translatedPort":"22"}]},
		{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"net","priority":101,"action":{"type":"Allow"},"rules":[
			{"ruleType":"NetworkRule","name":"any","ipProtocols":["Any"],"sourceIpGroups":["/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/ipGroups/ops"],"destinationAddresses":["10.0.0.4"],"destinationPorts":["*"]}]},
		{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"app","priority":102,"action":{"type":"Allow"},"rules":[
			{"ruleType":"ApplicationRule","name":"out","protocols":[{"protocolType":"Https","port":443}],"targetFqdns":["*.example.com"],"sourceAddresses":["*"]}]}]}}`
)

// What the path evaluator answers of the shapes that Azure sends.
func TestReachOfRecordedShapes(t *testing.T) {
	var group securityGroup
	var fw firewall
	var list ruleGroup
	for text, into := range map[string]any{recordedGroup: &group, recordedFirewall: &fw, recordedRuleGroup: &list} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	chain := policyChain{{groups: []ruleGroup{list}}}
	surroundings := func(table rules.Table) reach.Topology {
		s := reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16"), Firewalls: []reach.Firewall{{Name: "fw", Subnets: prefixes("10.0.9.0/26"), Routed: prefixes("192.168.0.0/16")}}}
		for _, r := range table.Rules {
			if f := &s.Firewalls[0]; r.To.IsValid() {
				f.DNATRules = append(f.DNATRules, r)
			} else {
				f.NetworkRules = append(f.NetworkRules, r)
			}
		}
		return s
	}
	vm := func(guard string) jit.VM {
		return jit.VM{Name: "web-1", Interfaces: []jit.Interface{{ID: "/nic", Guard: guard, Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.0.4")}}}}}
	}
	for _, c := range []struct {
		name, guard string
		around      reach.Topology
		source      string
		port        uint16
		protocol    jit.Protocol
		want        reach.Answer
		says        string
	}{
		{"singular", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "203.0.113.7", 22, jit.TCP, reach.AnswerAllow, "rule ssh (priority 100)"},
		{"singular, a neighbour", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "203.0.113.8", 22, jit.TCP, reach.AnswerDeny, "DenyAllInBound"},
		{"plural and ranges", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "192.0.2.9", 8005, jit.TCP, reach.AnswerAllow, "rule web (priority 200)"},
		{"the other protocol", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "192.0.2.9", 8005, jit.UDP, reach.AnswerDeny, "DenyAllInBound"},
		{"Defender's deny before an allow", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "Internet", 3389, jit.TCP, reach.AnswerDeny, "just-in-time rule of Microsoft Defender for Cloud"},
		{"from inside", "/nsg", reach.Topology{VirtualNetwork: prefixes("10.0.0.0/16")}, "10.0.3.3", 22, jit.TCP, reach.AnswerAllow, "AllowVnetInBound"},
		{"DNAT of a classic firewall", "", surroundings(fw.table()), "203.0.113.200", 22, jit.TCP, reach.AnswerAllow, "rule in/ssh (priority 112) of the firewall fw, 1.2.3.4 port 8443 leads to port 22"},
		{"a deny of a classic firewall on the route", "", surroundings(fw.table()), "192.168.1.7", 444, jit.UDP, reach.AnswerDeny, "net/range"},
		{"what no rule of it means", "", surroundings(fw.table()), "192.168.1.13", 444, jit.TCP, reach.AnswerDeny, "no rule of the firewall fw allows it"},
		{"DNAT of a policy", "", surroundings(chain.table("")), "203.0.113.200", 22, jit.TCP, reach.AnswerAllow, "rule g/nat/ssh (priority 100)"},
		{"DNAT of a policy, to others", "", surroundings(chain.table("")), "198.51.100.1", 22, jit.TCP, reach.AnswerDeny, ""},
		{"an IP group", "", surroundings(chain.table("")), "192.168.1.7", 22, jit.TCP, reach.AnswerUnknown, "ipGroups/ops"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := reach.VerifyFlow(vm(c.guard), []rules.Table{fromGroup(&group)}, c.around, reach.Flow{Source: c.source, Ports: jit.Ports{From: c.port, To: c.port, Protocol: c.protocol}})
			if v.Decision != c.want || !strings.Contains(fmt.Sprint(v.Why), c.says) {
				t.Errorf("%s, want %s with %q: %v", v.Decision, c.want, c.says, v.Why)
			}
		})
	}
}
