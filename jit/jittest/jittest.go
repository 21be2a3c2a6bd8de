// Package jittest holds the values that the tests of several packages of the
// domain start from: a grant, a guard, rules of ours and of others, and a table
// that takes changes as Azure does. Only tests import it.
package jittest

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
)

// Resource ids.
const (
	VMGroup  = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/prod"
	VMID     = VMGroup + "/providers/Microsoft.Compute/virtualMachines/web-01"
	HubID    = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/azureFirewalls/hub-fw"
	PolicyID = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/firewallPolicies/edge-policy"
	NICGuard = "/g/nic"
)

// Ann is the Entra user who asks.
const Ann = "aaaaaaaa-0000-0000-0000-000000000001"

// Asker is Ann as a person.
var Asker = jit.Person{ID: "U1", Entra: Ann, Name: "ann@example.com"}

// Start is when NewGrant was asked for.
var Start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// Owner is the installation that tests are about.
var Owner = rules.Owner{Installation: "prod", Bands: policies.Bands{
	Allow:        policies.Band{From: 100, To: 249},
	DenyOverride: policies.Band{From: 250, To: 299},
	DenyRespect:  policies.Band{From: 3900, To: 4096},
}}

// Narrow is the same with bands that fill up soon.
var Narrow = rules.Owner{Installation: "prod", Bands: policies.Bands{
	Allow: policies.Band{From: 100, To: 111}, DenyOverride: policies.Band{From: 112, To: 115}, DenyRespect: policies.Band{From: 200, To: 205},
}}

// NewGrant is a request that was just stored.
func NewGrant() jit.Grant {
	g, _ := jit.NewGrant("g-7k2qd", jit.Request{
		By: Asker, Targets: []jit.Target{{VM: VMID, Name: "web-01", Group: "prod"}},
		Ports: []jit.Ports{TCP(22, 22)}, Sources: Prefixes("203.0.113.7/32"), Duration: 2 * time.Hour, Reason: "deploy", At: Start,
	})
	return g
}

// TCP is a range of TCP ports.
func TCP(from, to uint16) jit.Ports { return jit.Ports{From: from, To: to, Protocol: jit.TCP} }

// Prefixes reads the words.
func Prefixes(words ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(words))
	for _, w := range words {
		out = append(out, netip.MustParsePrefix(w))
	}
	return out
}

// Address is one in a subnet with the guard.
func Address(a, subnetGuard string) jit.Address {
	return jit.Address{Addr: netip.MustParseAddr(a), SubnetGuard: subnetGuard}
}

// Machine is a VM with tags, each as key=value.
func Machine(group, name string, tags ...string) jit.VM {
	vm := jit.VM{
		ID:   "/subscriptions/1/resourceGroups/" + group + "/providers/Microsoft.Compute/virtualMachines/" + name,
		Name: name, Group: group, Tags: map[string]string{},
	}
	for _, tag := range tags {
		k, v, _ := strings.Cut(tag, "=")
		vm.Tags[k] = v
	}
	return vm
}

// OursNamed is an allow of ours without a priority.
func OursNamed(suffix string) rules.Rule {
	return rules.Rule{
		Name: "jitbot-prod-g-7k2qd-" + suffix, Inbound: true, Allow: true, Protocol: jit.TCP, SourcePorts: []string{"*"},
		Sources: []string{"203.0.113.7/32"}, Destinations: []string{"10.0.0.4"}, Ports: []string{"22"}, Description: "jitbot",
	}
}

// DenyNamed is a deny of ours without a priority.
func DenyNamed(suffix string) rules.Rule {
	return rules.Rule{
		Name: "jitbot-prod-deny-" + suffix, Inbound: true, Protocol: jit.AnyProtocol, SourcePorts: []string{"*"},
		Sources: []string{"*"}, Destinations: []string{"10.0.0.4"}, Ports: []string{"22"}, Description: "jitbot",
	}
}

// Foreign is somebody else's rule that lets everything in.
func Foreign(name string, priority int) rules.Rule {
	return rules.Rule{
		Name: name, Priority: priority, Inbound: true, Allow: true, Protocol: jit.AnyProtocol,
		Sources: []string{"*"}, SourcePorts: []string{"*"}, Destinations: []string{"*"}, Ports: []string{"*"},
	}
}

// Placed is the rule with the priority.
func Placed(r rules.Rule, priority int) rules.Rule {
	r.Priority = priority
	return r
}

// Outbound is the rule turned outbound.
func Outbound(r rules.Rule) rules.Rule {
	r.Inbound = false
	return r
}

// Put does what Azure does with the changes, one after the other: a priority
// of a direction is held by one rule, a name by one rule whatever its case,
// and a network security group holds 1,000 rules.
func Put(t interface{ Fatalf(string, ...any) }, o rules.Owner, table rules.Table, changes []rules.Change) rules.Table {
	list := slices.Clone(table.Rules)
	for _, c := range changes {
		same := func(r rules.Rule) bool { return strings.EqualFold(r.Name, c.Name()) }
		if i := slices.IndexFunc(list, same); i >= 0 && c.Put == nil {
			if _, ours := o.Ours(list[i]); !ours {
				t.Fatalf("%s is removed and not ours", c.Remove)
			}
		} else if i >= 0 {
			if _, ours := o.Ours(list[i]); !ours {
				t.Fatalf("%s is overwritten and not ours", c.Put.Name)
			}
		}
		list = slices.DeleteFunc(list, same)
		if c.Put == nil {
			continue
		}
		for _, r := range list {
			if r.Priority == c.Put.Priority && r.Inbound == c.Put.Inbound {
				t.Fatalf("%s would share priority %d with %s", c.Put.Name, r.Priority, r.Name)
			}
		}
		if list = append(list, *c.Put); len(list) > 1000 {
			t.Fatalf("%s would be rule %d", c.Put.Name, len(list))
		}
	}
	table.Rules = list
	return table
}
