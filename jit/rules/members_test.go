package rules_test

import (
	"net/netip"
	"testing"

	"jitbot/jit/ipset"
	"jitbot/jit/rules"
)

// The three questions to what a word of a rule stands for.
func TestMembers(t *testing.T) {
	set := func(s string) ipset.Addresses { return ipset.AddressesOf(netip.MustParsePrefix(s)) }
	private := set("10.0.0.0/8")
	internet := ipset.AllIPv4().Subtract(private)
	tags := rules.Tags{
		Internet:       rules.Members[netip.Addr]{Sure: internet},
		VirtualNetwork: rules.Members[netip.Addr]{Sure: set("10.0.0.0/16"), Maybe: private},
	}
	tests := []struct {
		word, asked               string
		mayMeet, contains, covers bool
	}{
		{"*", "203.0.113.0/24", true, true, true},
		{"Any", "203.0.113.0/24", true, true, true},
		{"INTERNET", "203.0.113.0/24", true, true, true},
		{"Internet", "10.0.0.4/32", false, false, false},
		{"Internet", "0.0.0.0/1", true, false, false},
		{"VirtualNetwork", "10.0.0.4/32", true, true, true},
		{"VirtualNetwork", "10.1.0.0/24", true, false, true},
		{"VirtualNetwork", "10.0.0.0/8", true, false, true},
		{"VirtualNetwork", "0.0.0.0/1", true, false, false},
		{"VirtualNetwork", "203.0.113.0/24", false, false, false},
		{"AzureLoadBalancer", "203.0.113.0/24", false, false, false},
		{"AzureLoadBalancer", "168.63.129.16/32", true, true, true},
		{"203.0.113.0/25", "203.0.113.0/24", true, false, false},
		{"203.0.113.0/25", "203.0.113.7/32", true, true, true},
		{"203.0.113.7", "203.0.113.7/32", true, true, true},
		{"203.0.113.0/25", "2001:db8::/64", false, false, false},
		{"AzureCloud.westeurope", "203.0.113.0/24", true, false, true},
		{"198.51.100.1-198.51.100.9", "203.0.113.0/24", true, false, true}, // a network security group takes no ranges
	}
	for _, tt := range tests {
		t.Run(tt.word+" "+tt.asked, func(t *testing.T) {
			m, asked := tags.Source(tt.word), set(tt.asked)
			if m.MayMeet(asked) != tt.mayMeet || m.Contains(asked) != tt.contains || m.Covers(asked) != tt.covers {
				t.Errorf("may meet %t, contains %t, covers %t", m.MayMeet(asked), m.Contains(asked), m.Covers(asked))
			}
			if doubt := len(m.Maybe) > 0 && tt.word != "VirtualNetwork"; doubt != (len(m.Doubts) > 0) {
				t.Errorf("doubts %q", m.Doubts)
			}
		})
	}
	tags.Ranges = true
	if m := tags.Source("198.51.100.1-198.51.100.9"); m.MayMeet(set("203.0.113.0/24")) || !m.Contains(set("198.51.100.8/31")) {
		t.Errorf("a range that is understood: %+v", m)
	}
}
