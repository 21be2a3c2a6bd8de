package preflight_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/policies"
	"jitbot/jit/preflight"
	"jitbot/jit/rules"
)

const groupPrefix = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/"

func vmBehind(name, address, guard string) jit.VM {
	vm := jit.VM{ID: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/" + name, Name: name, Group: "rg"}
	if guard != "" {
		guard = groupPrefix + guard
	}
	vm.Interfaces = []jit.Interface{{ID: name + "-nic", Guard: guard, Addresses: []jit.Address{{Addr: netip.MustParseAddr(address)}}}}
	return vm
}

func nsgWith(name string, list ...rules.Rule) rules.Table {
	return rules.Table{Guard: groupPrefix + name, Name: name, Rules: list, Settled: true}
}

func denyRule(priority int, change func(*rules.Rule)) rules.Rule {
	r := jittest.Foreign("shut", priority)
	r.Allow = false
	if change != nil {
		change(&r)
	}
	return r
}

// filled are foreign rules that take the priorities of a band.
func filled(from, to int) []rules.Rule {
	var out []rules.Rule
	for p := from; p <= to; p++ {
		r := jittest.Foreign(fmt.Sprint("taken-", p), p)
		r.Ports = []string{"9"}
		out = append(out, r)
	}
	return out
}

// forecastConfig offers SSH to anybody and, to a range, RDP.
func forecastConfig() policies.Config {
	return policies.Config{
		Installation: "prod",
		Bands:        policies.Bands{Allow: policies.Band{From: 110, To: 119}, DenyOverride: policies.Band{From: 250, To: 259}, DenyRespect: policies.Band{From: 3900, To: 3909}},
		Approvals:    []policies.ApprovalRule{{Match: policies.Match{Name: "*-1"}}, {Match: policies.Match{Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}}}},
		Policies: []policies.Policy{
			{Match: policies.Match{Name: "none-*"}},
			{Match: policies.Match{Name: "range-*"}, Ports: []jit.PortPolicy{
				{Ports: jit.Ports{From: 3389, To: 3389, Protocol: jit.TCP}, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Longest: time.Hour},
			}},
			{
				Match: policies.Match{Name: "always-*"}, Always: true,
				Ports: []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Longest: time.Hour}},
			},
			{
				Match: policies.Match{Name: "any-*"},
				Ports: []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Longest: time.Hour}},
			},
		},
	}
}

func TestPredict(t *testing.T) {
	any1, range1, always1 := vmBehind("any-1", "10.0.0.4", "a"), vmBehind("range-1", "10.0.0.5", "a"), vmBehind("always-1", "10.0.0.6", "a")
	half := vmBehind("any-2", "10.0.0.7", "a")
	half.Interfaces = append(half.Interfaces, jit.Interface{ID: "second", Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.1.7")}}})
	off := vmBehind("any-3", "10.0.0.8", "a")
	off.Interfaces[0].Addresses = nil
	words := func(list ...string) func(*rules.Rule) { return func(r *rules.Rule) { r.Sources = list } }
	for _, tt := range []struct {
		name      string
		vms       []jit.VM
		rules     []rules.Rule
		locks     []admission.ManagementLock
		reachable int
		want      []string // the VMs and the words of each obstacle, in order
	}{
		{"all is well", []jit.VM{any1, range1, always1}, []rules.Rule{jittest.Foreign("https", 1000)}, nil, 3, nil},
		{"no policy, no port", []jit.VM{vmBehind("x", "10.0.0.9", ""), vmBehind("none-1", "10.0.0.9", "")}, nil, nil, 0, nil},
		{"no group", []jit.VM{vmBehind("any-4", "10.0.0.9", "")}, nil, nil, 0, []string{"any-4 machine: any-4 has no network security group on its interfaces"}},
		{"nobody to approve", []jit.VM{vmBehind("range-2", "10.0.0.9", "a")}, nil, nil, 0, []string{"range-2 machine: Nobody is named to approve access to port 3389 of range-2"}},
		{"always without a group", []jit.VM{vmBehind("always-2", "10.0.0.9", "")}, nil, nil, 0, []string{"always-2 machine: always-2 has no network", "always-2 always: always-2 has no network"}},
		{"no address", []jit.VM{off}, nil, nil, 0, []string{"any-3 machine: any-3 has no private address yet"}},
		{"one bare address", []jit.VM{half}, nil, nil, 0, []string{"any-2 machine: any-2 has no network security group at its address 10.0.1.7"}},
		{"group not read", []jit.VM{vmBehind("any-5", "10.0.0.9", "gone"), any1}, nil, nil, 1, []string{"any-5 rules: The network security group gone is not among"}},

		{"deny behind the band", []jit.VM{any1}, []rules.Rule{denyRule(120, nil)}, nil, 1, nil},
		{"deny inside the band, behind a free place", []jit.VM{any1}, []rules.Rule{denyRule(111, nil)}, nil, 1, nil},
		{"deny before the band", []jit.VM{any1, range1}, []rules.Rule{denyRule(100, nil)}, nil, 0, []string{
			"any-1 rules: The rule shut (priority 100) in a denies 22 to everybody who may ask before any allow of ours, so every request is refused; move it behind priority 119.",
			"range-1 rules: The rule shut (priority 100) in a denies 3389 to everybody who may ask",
		}},
		{"deny before the last free place", []jit.VM{any1}, append(filled(110, 117), denyRule(118, nil)), nil, 0, []string{"any-1 rules: The rule shut (priority 118)"}},
		{"deny of some", []jit.VM{any1}, []rules.Rule{denyRule(100, words("192.0.2.0/24"))}, nil, 1, nil},
		{"deny of the internet leaves what is inside", []jit.VM{any1, range1}, []rules.Rule{denyRule(100, words("Internet"))}, nil, 1, []string{"range-1 rules: The rule shut"}},
		{"deny of probes", []jit.VM{any1, range1}, []rules.Rule{denyRule(100, words("AzureLoadBalancer"))}, nil, 2, nil},
		{"deny of a wider range", []jit.VM{any1, range1}, []rules.Rule{denyRule(100, words("198.51.0.0/16"))}, nil, 1, []string{"range-1 rules: The rule shut"}},
		{"deny of another port", []jit.VM{any1}, []rules.Rule{denyRule(100, func(r *rules.Rule) { r.Ports = []string{"23-100"} })}, nil, 1, nil},
		{"deny of another protocol", []jit.VM{any1}, []rules.Rule{denyRule(100, func(r *rules.Rule) { r.Protocol = jit.UDP })}, nil, 1, nil},
		{"deny of another machine", []jit.VM{any1, range1}, []rules.Rule{denyRule(100, func(r *rules.Rule) { r.Destinations = []string{"10.0.0.5"} })}, nil, 1, []string{"range-1 rules: The rule shut"}},
		{"outbound deny", []jit.VM{any1}, []rules.Rule{jittest.Outbound(denyRule(100, nil))}, nil, 1, nil},

		{"allow band full", []jit.VM{any1, range1}, filled(110, 119), nil, 0, []string{"any-1 range-1 rules: Every priority from 110 to 119 in a is taken; end a grant there, or widen bands.allow."}},
		{"deny band full", []jit.VM{any1}, filled(250, 259), nil, 1, []string{"any-1 protect: Every priority from 250 to 259 in a is taken, so no deny fits"}},
		{"group full", []jit.VM{any1, range1}, filled(1000, 1999), nil, 0, []string{"any-1 range-1 rules: a holds 1000 rules, the most an NSG can; remove some."}},
		{"always under an allow", []jit.VM{any1, always1}, []rules.Rule{jittest.Foreign("ssh", 200)}, nil, 2, []string{"always-1 always: The rule ssh (priority 200) in a lets people in before any deny of ours"}},

		{"lock above", []jit.VM{any1, range1}, nil, []admission.ManagementLock{
			{Name: "keep", Scope: "/subscriptions/s/resourceGroups/RG", Level: "CanNotDelete"}, {Name: "beside", Scope: "/subscriptions/s/resourceGroups/r", Level: "ReadOnly"},
		}, 0, []string{"any-1 range-1 lock: The lock keep (CanNotDelete) on the resource group RG would let a rule be written in the network security group a and never be removed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := preflight.Predict(forecastConfig(), tt.vms, []rules.Table{nsgWith("a", tt.rules...)}, tt.locks)
			if out.Reachable != tt.reachable {
				t.Errorf("%d reachable, want %d", out.Reachable, tt.reachable)
			}
			var got []string
			for i, h := range out.Obstacles {
				line := ""
				for _, vm := range h.VMs {
					line += vm.Name + " "
				}
				line += string(h.Kind) + ": " + h.Why.Error()
				if i < len(tt.want) && strings.HasPrefix(line, tt.want[i]) {
					line = tt.want[i]
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("obstacles (-want +got):\n%s", diff)
			}
		})
	}
}

// A VM behind a guard at its subnet and at its interface is one obstacle of a
// lock over both.
func TestPredictCountsOnce(t *testing.T) {
	vm := vmBehind("any-1", "10.0.0.4", "a")
	vm.Interfaces[0].Addresses[0].SubnetGuard = groupPrefix + "b"
	lock := admission.ManagementLock{Name: "keep", Scope: "/subscriptions/s", Level: "ReadOnly"}
	out := preflight.Predict(forecastConfig(), []jit.VM{vm}, []rules.Table{nsgWith("a"), nsgWith("b")}, []admission.ManagementLock{lock})
	if len(out.Obstacles) != 1 || len(out.Obstacles[0].VMs) != 1 || out.Matched != 1 || out.Reachable != 0 {
		t.Errorf("%+v", out)
	}
	if !slices.ContainsFunc(out.Obstacles, func(h preflight.Obstacle) bool {
		return strings.Contains(h.Why.Error(), "lets no rule of the network security group a be changed")
	}) {
		t.Errorf("%v", out.Obstacles)
	}
}

// vmBehindFirewall is a VM that is reached from outside by a firewall's DNAT
// rules; with a policy, those of the firewall's policy.
func vmBehindFirewall(name, group, policy string) jit.VM {
	vm := vmBehind(name, "10.0.0.4", group)
	vm.Interfaces[0].Addresses[0].FirewallHops = []guardpath.FirewallHop{{
		Firewall: classicFirewall, Policy: policy, Subnets: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/26")},
		Public: []netip.Addr{netip.MustParseAddr("20.0.0.1")}, Routed: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
	}}
	return vm
}

const (
	classicFirewall = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/azureFirewalls/fw"
	firewallPolicy  = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/firewallPolicies/po"
)

func TestPredictBehindAFirewall(t *testing.T) {
	empty := rules.Table{Guard: classicFirewall, Name: "fw", Settled: true}
	full := empty
	for p := 110; p <= 119; p++ {
		full.Collections = append(full.Collections, rules.Collection{Name: fmt.Sprint("c", p), Priority: p}, rules.Collection{Name: fmt.Sprint("d", p), Priority: p, DNAT: true})
	}
	denying := empty
	denying.Rules = []rules.Rule{denyRule(105, nil)}
	lock := func(level, scope string) []admission.ManagementLock {
		return []admission.ManagementLock{{Name: "keep", Scope: scope, Level: level}}
	}
	for _, tt := range []struct {
		name  string
		vm    jit.VM
		table rules.Table
		locks []admission.ManagementLock
		want  string // of the only obstacle; empty: none
	}{
		{"all is well", vmBehindFirewall("any-1", "a", ""), empty, nil, ""},
		{"without a group", vmBehindFirewall("any-1", "", ""), empty, nil, ""},
		{"no protection without a group", vmBehindFirewall("always-1", "", ""), empty, nil, "always: always-1 has no network security group on its interfaces or subnets, and its firewall"},
		{"the band is full", vmBehindFirewall("any-1", "a", ""), full, nil, "rules: Every priority from 110 to 119 in fw is taken"},
		{"a deny before it", vmBehindFirewall("any-1", "a", ""), denying, nil, "rules: The rule shut (priority 105) in fw denies 22 to everybody"},
		{"our group of the policy is not there yet", vmBehindFirewall("any-1", "a", firewallPolicy), empty, nil, ""},
		{"a firewall is written, not deleted", vmBehindFirewall("any-1", "a", ""), empty, lock("CanNotDelete", "/subscriptions/s/resourceGroups/hub"), ""},
		{"a firewall that is read only", vmBehindFirewall("any-1", "a", ""), empty, lock("ReadOnly", classicFirewall), "lock: The lock keep (ReadOnly) on the firewall fw lets no rule of the firewall fw be changed"},
		{"a group of a policy is deleted", vmBehindFirewall("any-1", "a", firewallPolicy), empty, lock("CanNotDelete", firewallPolicy), "lock: The lock keep (CanNotDelete) on the firewall policy po would let a rule be written in the firewall policy po and never be removed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := preflight.Predict(forecastConfig(), []jit.VM{tt.vm}, []rules.Table{nsgWith("a"), tt.table}, tt.locks)
			if len(out.Obstacles) == 0 && tt.want == "" && out.Reachable == 1 {
				return
			}
			if len(out.Obstacles) != 1 || tt.want == "" || !strings.HasPrefix(string(out.Obstacles[0].Kind)+": "+out.Obstacles[0].Why.Error(), tt.want) {
				t.Errorf("%d reachable, %+v", out.Reachable, out.Obstacles)
			}
		})
	}
}
