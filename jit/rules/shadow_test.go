package rules_test

import (
	"errors"
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/rules"
)

func TestShadow(t *testing.T) {
	const asg = "/subscriptions/1/resourceGroups/prod/providers/Microsoft.Network/applicationSecurityGroups/web"
	private := func(r *rules.Rule) { r.Sources = []string{"10.9.8.7/32"} }
	six := func(r *rules.Rule) { r.Sources, r.Destinations = []string{"2001:db8::7/128"}, []string{"fd00::4"} }
	same := func(*rules.Rule) {}
	tests := []struct {
		name  string
		allow func(*rules.Rule) // changes an allow of 203.0.113.7 to 10.0.0.4, port 22, priority 100
		deny  func(*rules.Rule) // changes a deny of everything with priority 90
		want  bool
	}{
		{"everything above", same, same, true},
		{"everything below", same, func(d *rules.Rule) { d.Priority = 101 }, false},
		{"an allow above", same, func(d *rules.Rule) { d.Allow = true }, false},
		{"outbound", same, func(d *rules.Rule) { d.Inbound = false }, false},
		{"the port", same, func(d *rules.Rule) { d.Ports = []string{"22"} }, true},
		{"another port", same, func(d *rules.Rule) { d.Ports = []string{"3389"} }, false},
		{"a range with the port", same, func(d *rules.Rule) { d.Ports = []string{"20-25"} }, true},
		{"a range beside the port", same, func(d *rules.Rule) { d.Ports = []string{"23-25", "1-21"} }, false},
		{"one of several ports", same, func(d *rules.Rule) { d.Ports = []string{"80", "22", "443"} }, true},
		{"one of several ports asked for", func(a *rules.Rule) { a.Ports = []string{"22", "8000-8010"} }, func(d *rules.Rule) { d.Ports = []string{"8010"} }, true},
		{"ports that run backwards cannot be read", same, func(d *rules.Rule) { d.Ports = []string{"25-20"} }, true},
		{"ports that cannot be read", same, func(d *rules.Rule) { d.Ports = []string{"ssh"} }, true},
		{"the protocol", same, func(d *rules.Rule) { d.Protocol = jit.TCP }, true},
		{"another protocol", same, func(d *rules.Rule) { d.Protocol = jit.UDP }, false},
		{"pings", same, func(d *rules.Rule) { d.Protocol = "icmp" }, false},
		{"one protocol of any", func(a *rules.Rule) { a.Protocol = jit.AnyProtocol }, func(d *rules.Rule) { d.Protocol = jit.UDP }, true},
		{"any protocol in other words", same, func(d *rules.Rule) { d.Protocol = "Any" }, true},
		{"source ports count as met", same, func(d *rules.Rule) { d.SourcePorts = []string{"1024-65535"} }, true},
		{"the source", same, func(d *rules.Rule) { d.Sources = []string{"203.0.113.7"} }, true},
		{"a range with the source", same, func(d *rules.Rule) { d.Sources = []string{"203.0.113.0/24"} }, true},
		{"a part of the source", func(a *rules.Rule) { a.Sources = []string{"203.0.113.0/24"} }, func(d *rules.Rule) { d.Sources = []string{"203.0.113.7/32"} }, true},
		{"another source", same, func(d *rules.Rule) { d.Sources = []string{"198.51.100.0/24"} }, false},
		{"one of several sources", same, func(d *rules.Rule) { d.Sources = []string{"198.51.100.0/24", "203.0.113.7"} }, true},
		{"all of IPv4", same, func(d *rules.Rule) { d.Sources = []string{"0.0.0.0/0"} }, true},
		{"Internet", same, func(d *rules.Rule) { d.Sources = []string{"Internet"} }, true},
		{"Internet, a private source", private, func(d *rules.Rule) { d.Sources = []string{"Internet"} }, false},
		{"Internet, a source half private", func(a *rules.Rule) { a.Sources = []string{"172.0.0.0/8"} }, func(d *rules.Rule) { d.Sources = []string{"INTERNET"} }, true},
		{"Internet, a shared address", func(a *rules.Rule) { a.Sources = []string{"100.64.0.1/32"} }, func(d *rules.Rule) { d.Sources = []string{"Internet"} }, false},
		{"VirtualNetwork may hold anybody", same, func(d *rules.Rule) { d.Sources = []string{"VirtualNetwork"} }, true},
		{"VirtualNetwork, a private source", private, func(d *rules.Rule) { d.Sources = []string{"VirtualNetwork"} }, true},
		{"AzureLoadBalancer is nobody", same, func(d *rules.Rule) { d.Sources = []string{"AzureLoadBalancer"} }, false},
		{"another tag", same, func(d *rules.Rule) { d.Sources = []string{"AzureCloud.westeurope"} }, true},
		{"a span of addresses", same, func(d *rules.Rule) { d.Sources = []string{"198.51.100.1-198.51.100.9"} }, true},
		{"a group as source, from outside", same, func(d *rules.Rule) { d.Sources, d.SourceGroups = nil, []string{asg} }, false},
		{"a group as source, from inside", private, func(d *rules.Rule) { d.Sources, d.SourceGroups = nil, []string{asg} }, true},
		{"a group as source, a source half private", func(a *rules.Rule) { a.Sources = []string{"172.0.0.0/8"} }, func(d *rules.Rule) { d.Sources, d.SourceGroups = nil, []string{asg} }, true},
		{"the destination", same, func(d *rules.Rule) { d.Destinations = []string{"10.0.0.4/32"} }, true},
		{"a range with the destination", same, func(d *rules.Rule) { d.Destinations = []string{"10.0.0.0/24"} }, true},
		{"another destination", same, func(d *rules.Rule) { d.Destinations = []string{"10.0.0.5", "10.0.1.0/24"} }, false},
		{"one of two destinations", func(a *rules.Rule) { a.Destinations = []string{"10.0.0.4", "10.0.0.5"} }, func(d *rules.Rule) { d.Destinations = []string{"10.0.0.5"} }, true},
		{"a group as destination", same, func(d *rules.Rule) { d.Destinations, d.Groups = nil, []string{asg} }, true},
		{"VirtualNetwork as destination", same, func(d *rules.Rule) { d.Destinations = []string{"VirtualNetwork"} }, true},
		{"Internet as destination", same, func(d *rules.Rule) { d.Destinations = []string{"Internet"} }, false},
		{"AzureLoadBalancer as destination", same, func(d *rules.Rule) { d.Destinations = []string{"AzureLoadBalancer"} }, false},
		{"IPv6 by everything", six, same, true},
		{"IPv6 by its range", six, func(d *rules.Rule) { d.Sources, d.Destinations = []string{"2001:db8::/32"}, []string{"fd00::/8"} }, true},
		{"IPv6 by IPv4", six, func(d *rules.Rule) { d.Sources = []string{"0.0.0.0/0"} }, false},
		{"IPv4 by IPv6", same, func(d *rules.Rule) { d.Sources = []string{"::/0"} }, false},
		{"IPv6 by Internet", six, func(d *rules.Rule) { d.Sources = []string{"Internet"} }, true},
		{"private IPv6 by Internet", func(a *rules.Rule) { a.Sources = []string{"fd00::7/128"} }, func(d *rules.Rule) { d.Sources = []string{"Internet"} }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			allow, deny := jittest.Placed(jittest.OursNamed("a"), 100), jittest.Foreign("no", 90)
			deny.Allow = false
			tt.allow(&allow)
			tt.deny(&deny)
			table := rules.Table{Name: "nsg", Rules: []rules.Rule{jittest.Foreign("other", 80), allow, deny}}
			if d, got := table.Shadow(allow); got != tt.want || got && d.Name != "no" {
				t.Errorf("shadowed: %t by %q, want %t", got, d.Name, tt.want)
			}
		})
	}
}

func TestInForce(t *testing.T) {
	want := jittest.Placed(jittest.OursNamed("a"), 100)
	settled := want
	settled.Settled = true
	edited := settled
	edited.Sources = []string{"*"}
	moved := settled
	moved.Priority = 101
	deny := jittest.Foreign("no", 90)
	deny.Allow = false
	tests := []struct {
		name  string
		table rules.Table
		want  bool
		err   bool
	}{
		{"there", rules.Table{Settled: true, Rules: []rules.Rule{settled}}, true, false},
		{"there, below a deny of something else", rules.Table{Settled: true, Rules: []rules.Rule{settled, func() rules.Rule { d := deny; d.Ports = []string{"80"}; return d }()}}, true, false},
		{"the rule is not settled", rules.Table{Settled: true, Rules: []rules.Rule{want}}, false, false},
		{"the guard is not settled", rules.Table{Rules: []rules.Rule{settled}}, false, false},
		{"not there", rules.Table{Settled: true, Rules: []rules.Rule{jittest.Foreign("SSH", 100)}}, false, false},
		{"edited", rules.Table{Settled: true, Rules: []rules.Rule{edited}}, false, false},
		{"moved", rules.Table{Settled: true, Rules: []rules.Rule{moved}}, false, false},
		{"shadowed", rules.Table{Name: "nsg-web", Settled: true, Rules: []rules.Rule{settled, deny}}, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.table.InForce(want)
			if got != tt.want || (err != nil) != tt.err {
				t.Fatalf("in force: %t, %v", got, err)
			}
			if err != nil && (!errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "nsg-web") || !strings.Contains(err.Error(), "90")) {
				t.Errorf("the refusal %q names neither the guard nor the deny", err)
			}
		})
	}
}
