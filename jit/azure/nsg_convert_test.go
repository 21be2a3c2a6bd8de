package azure

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/rules"
)

func TestFromRule(t *testing.T) {
	tests := []struct {
		name, body string
		want       rules.Rule
	}{
		{
			"what the bot writes", `{"name":"r","properties":{"provisioningState":"Succeeded","protocol":"Tcp","sourceAddressPrefix":"203.0.113.7/32",
			 "sourcePortRange":"*","destinationAddressPrefix":"10.0.0.4","destinationPortRanges":["22"],"access":"Allow","direction":"Inbound","priority":100,"description":"d"}}`,
			rules.Rule{
				Name: "r", Priority: 100, Inbound: true, Allow: true, Protocol: "tcp", Sources: []string{"203.0.113.7/32"}, SourcePorts: []string{"*"},
				Destinations: []string{"10.0.0.4"}, Ports: []string{"22"}, Description: "d", Settled: true,
			},
		},
		{
			"both forms, as Azure sends them", `{"name":"r","properties":{"provisioningState":"Updating","protocol":"*","sourceAddressPrefix":"10.0.0.1","sourceAddressPrefixes":[],
			 "sourcePortRange":"","sourcePortRanges":["1-2","3"],"destinationAddressPrefix":"","destinationAddressPrefixes":["10.0.0.4","10.0.0.5"],
			 "destinationPortRange":"22","destinationPortRanges":["23","22"],"access":"Deny","direction":"Outbound","priority":4096}}`,
			rules.Rule{
				Name: "r", Priority: 4096, Protocol: "*", Sources: []string{"10.0.0.1"}, SourcePorts: []string{"1-2", "3"},
				Destinations: []string{"10.0.0.4", "10.0.0.5"}, Ports: []string{"23", "22"},
			},
		},
		{
			"application security groups", `{"name":"r","properties":{"provisioningState":"Succeeded","protocol":"Icmp","sourcePortRange":"*","destinationPortRange":"*",
			 "sourceApplicationSecurityGroups":[{"id":"/a"}],"destinationApplicationSecurityGroups":[{"id":"/b"},{"id":"/c"}],"access":"allow","direction":"inbound","priority":200}}`,
			rules.Rule{
				Name: "r", Priority: 200, Inbound: true, Allow: true, Protocol: "icmp", SourcePorts: []string{"*"}, Ports: []string{"*"},
				SourceGroups: []string{"/a"}, Groups: []string{"/b", "/c"}, Settled: true,
			},
		},
		{"nothing known", `{"name":"r"}`, rules.Rule{Name: "r"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r securityRule
			if err := json.Unmarshal([]byte(tt.body), &r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, fromRule(&r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestToRule(t *testing.T) {
	rules := []rules.Rule{
		{
			Name: "one", Priority: 100, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"203.0.113.7/32"}, SourcePorts: []string{"*"},
			Destinations: []string{"10.0.0.4"}, Ports: []string{"22"}, Description: "d",
		},
		{
			Name: "many", Priority: 250, Inbound: true, Protocol: "*", Sources: []string{"*"}, SourcePorts: []string{"1", "2-3"},
			Destinations: []string{"fd00::4", "fd00::5"}, Ports: []string{"22", "3389"},
		},
		{Name: "groups", Priority: 300, Allow: true, Protocol: "ah", SourceGroups: []string{"/a"}, Groups: []string{"/b", "/c"}, SourcePorts: []string{"*"}, Ports: []string{"*"}},
		{Name: "udp", Priority: 300, Protocol: jit.UDP, Sources: []string{"Internet"}, Destinations: []string{"VirtualNetwork"}},
		{Name: "foreign", Priority: 300, Protocol: "sctp"},
	}
	for _, want := range rules {
		t.Run(want.Name, func(t *testing.T) {
			body, err := json.Marshal(toRule(want))
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []string{"sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix", "destinationPortRange"} {
				plural := form + "s"
				if strings.HasSuffix(form, "x") {
					plural = form + "es"
				}
				if strings.Contains(string(body), `"`+form+`"`) && strings.Contains(string(body), `"`+plural+`"`) {
					t.Errorf("%s is written in both forms: %s", form, body)
				}
			}
			var back securityRule
			if err := json.Unmarshal(body, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, fromRule(&back)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProtocolSpelling(t *testing.T) {
	for in, want := range map[jit.Protocol]armnetwork.SecurityRuleProtocol{
		"tcp": "Tcp", "udp": "Udp", "icmp": "Icmp", "esp": "Esp", "ah": "Ah", "*": "*", "odd": "odd",
	} {
		if got := protocol(in); got != want {
			t.Errorf("protocol(%s) = %s, want %s", in, got, want)
		}
	}
}
