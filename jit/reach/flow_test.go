package reach_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

const defenderHex = "9EF6964FE766478B9EC568B32FB82045"

func azureDefaults() []rules.Rule {
	d := []rules.Rule{jittest.Foreign("AllowVnetInBound", 65000), jittest.Foreign("AllowAzureLoadBalancerInBound", 65001), jittest.Foreign("DenyAllInBound", 65500)}
	d[0].Sources, d[0].Destinations = []string{"VirtualNetwork"}, []string{"VirtualNetwork"}
	d[1].Sources, d[2].Allow = []string{"AzureLoadBalancer"}, false
	return d
}

// ssh is an allow of port 22.
func ssh(name string, priority int, change func(*rules.Rule)) rules.Rule {
	r := jittest.Foreign(name, priority)
	r.Protocol, r.Ports = jit.TCP, []string{"22"}
	if change != nil {
		change(&r)
	}
	return r
}

func from(words ...string) func(*rules.Rule) { return func(r *rules.Rule) { r.Sources = words } }

func denying(words ...string) func(*rules.Rule) {
	return func(r *rules.Rule) { r.Allow, r.Sources = false, words }
}

func nsg(name string, list ...rules.Rule) rules.Table {
	return rules.Table{Guard: "/g/" + name, Name: name, Rules: list, Defaults: azureDefaults()}
}

// oneNIC is a VM at 10.0.0.4 behind the named guards.
func oneNIC(nicGuard, subnetGuard string) jit.VM {
	return jit.VM{ID: jittest.VMID, Name: "web-01", Interfaces: []jit.Interface{{ID: "/n/nic", Guard: nicGuard, Addresses: []jit.Address{jittest.Address("10.0.0.4", subnetGuard)}}}}
}

func network24() reach.Topology {
	return reach.Topology{VirtualNetwork: jittest.Prefixes("10.0.0.0/16"), Interfaces: []jit.Interface{}}
}

type reachCase struct {
	name   string
	vm     jit.VM
	tables []rules.Table
	around func(*reach.Topology)
	source string
	want   reach.Answer
	says   []string // each in some reason
}

func (c reachCase) run(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		around := network24()
		if c.around != nil {
			c.around(&around)
		}
		got := reach.VerifyFlow(c.vm, c.tables, around, reach.Flow{Source: c.source, Ports: jittest.TCP(22, 22)})
		var all []string
		for _, r := range got.Why {
			all = append(all, r.Text)
		}
		text := strings.Join(all, "\n")
		if got.Decision != c.want {
			t.Errorf("decision %s, want %s, because\n%s", got.Decision, c.want, text)
		}
		for _, s := range c.says {
			if !strings.Contains(text, s) {
				t.Errorf("%q is not said in\n%s", s, text)
			}
		}
	})
}

func TestReachThroughGroups(t *testing.T) {
	client, nic, both := "203.0.113.7", oneNIC("/g/nic", ""), oneNIC("/G/NIC", "/g/subnet")
	for _, c := range []reachCase{
		{"the defaults", nic, []rules.Table{nsg("nic")}, nil, client, reach.AnswerDeny, []string{"rule DenyAllInBound (priority 65500, a default rule of Azure) of nic at the network interface denies it"}},
		{"the defaults, from inside", nic, []rules.Table{nsg("nic")}, nil, "10.0.3.9", reach.AnswerAllow, []string{"AllowVnetInBound"}},
		{"the defaults, a probe", nic, []rules.Table{nsg("nic")}, nil, "168.63.129.16/32", reach.AnswerAllow, nil},
		{"defaults that were not listed", nic, []rules.Table{{Guard: "/g/nic"}}, nil, client, reach.AnswerDeny, []string{"DenyAllInBound"}},
		{"a rule", nic, []rules.Table{nsg("nic", ssh("open", 300, nil))}, nil, client, reach.AnswerAllow, []string{"203.0.113.7 to port 22 of 10.0.0.4: rule open (priority 300) of nic at the network interface allows it."}},
		{"both allow", both, []rules.Table{nsg("nic", ssh("a", 300, nil)), nsg("subnet", ssh("b", 400, nil))}, nil, client, reach.AnswerAllow, []string{"rule a", "rule b (priority 400) of subnet at the subnet allows it"}},
		{"the subnet does not", both, []rules.Table{nsg("nic", ssh("a", 300, nil)), nsg("subnet")}, nil, client, reach.AnswerDeny, []string{"of subnet at the subnet denies it"}},
		{"the interface does not", both, []rules.Table{nsg("nic"), nsg("subnet", ssh("b", 300, nil))}, nil, client, reach.AnswerDeny, []string{"of nic at the network interface denies it"}},
		{"a guard that was not read", both, []rules.Table{nsg("nic", ssh("a", 300, nil))}, nil, client, reach.AnswerUnknown, []string{"the rules of subnet at the subnet were not read"}},
		{"a guard that was not read, and one that denies", both, []rules.Table{nsg("nic")}, nil, client, reach.AnswerDeny, nil},
		{"part of the range", nic, []rules.Table{nsg("nic", ssh("half", 300, from("203.0.113.0/25")))}, nil, "203.0.113.0/24", reach.AnswerPartly, []string{"203.0.113.0/25 to port 22 of 10.0.0.4: rule half", "203.0.113.128/25 to port 22 of 10.0.0.4: rule DenyAllInBound"}},
		{"ranges that make up the whole", nic, []rules.Table{nsg("nic", ssh("a", 300, from("203.0.113.0/25", "203.0.113.128/25")))}, nil, "203.0.113.0/24", reach.AnswerAllow, []string{"203.0.113.0/24 to port 22"}},
		{"some source ports", nic, []rules.Table{nsg("nic", ssh("high", 300, func(r *rules.Rule) { r.SourcePorts = []string{"1024-65535"} }))}, nil, client, reach.AnswerPartly, []string{"from source port 1024-65535 to port 22"}},
		{"all in the words of the effective rules", nic, []rules.Table{nsg("nic", ssh("open", 300, func(r *rules.Rule) {
			r.Protocol, r.SourcePorts, r.Ports = "All", []string{"0-65535"}, []string{"22-22"}
		}))}, nil, client, reach.AnswerAllow, nil},
		{"another protocol", nic, []rules.Table{nsg("nic", ssh("u", 300, func(r *rules.Rule) { r.Protocol = jit.UDP }))}, nil, client, reach.AnswerDeny, nil},
		{"another destination", nic, []rules.Table{nsg("nic", ssh("a", 300, func(r *rules.Rule) { r.Destinations = []string{"10.0.0.5", "Internet"} }))}, nil, client, reach.AnswerDeny, nil},
		{"ports that cannot be read", nic, []rules.Table{nsg("nic", ssh("a", 300, func(r *rules.Rule) { r.Ports = []string{"ssh"} }))}, nil, client, reach.AnswerUnknown, []string{"the ports ssh cannot be read"}},
		{"no address of the family", nic, []rules.Table{nsg("nic", ssh("a", 300, nil))}, nil, "2001:db8::/64", reach.AnswerDeny, []string{"web-01 has no address of the family"}},
		{"a word that is no source", nic, []rules.Table{nsg("nic", ssh("a", 300, from("10.0.0.0/8")))}, nil, "Storage", reach.AnswerUnknown, []string{"Which addresses the service tag Storage holds is not known"}},
		{"Defender's deny", nic, []rules.Table{nsg("nic", ssh("SecurityCenter-JITRule_-1105480617_"+defenderHex, 1000, denying("*")))}, nil, client, reach.AnswerDeny, []string{"a just-in-time rule of Microsoft Defender for Cloud"}},
		{"our grant", nic, []rules.Table{nsg("nic", ssh("jitbot-prod-g-7k2qd-a", 100, nil), ssh("jitbot-prod-deny-a", 250, denying("*")))}, nil, client, reach.AnswerAllow, []string{"jitbot's for the grant g-7k2qd"}},
		{"no group at all, from outside", oneNIC("", ""), nil, nil, client, reach.AnswerDeny, []string{"without one Azure lets nothing in from the internet"}},
		{"no group at all, from inside", oneNIC("", ""), nil, nil, "10.0.3.9", reach.AnswerAllow, []string{"all traffic from inside is let in"}},
		{"no group behind a Basic address", oneNIC("", ""), nil, func(s *reach.Topology) {
			s.Frontends = []reach.Frontend{{Name: "pip", Public: "20.0.0.1", To: netip.MustParseAddr("10.0.0.4"), Basic: true}}
		}, client, reach.AnswerAllow, []string{"Basic"}},
		{"two interfaces, one open", jit.VM{Interfaces: []jit.Interface{{Guard: "/g/a", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}, {Guard: "/g/b", Addresses: []jit.Address{jittest.Address("10.0.0.5", "")}}}}, []rules.Table{nsg("a"), nsg("b", ssh("open", 300, nil))}, nil, client, reach.AnswerAllow, []string{"of 10.0.0.5: rule open", "of 10.0.0.4: rule DenyAllInBound"}},
	} {
		c.run(t)
	}
}

func TestReachByTags(t *testing.T) {
	client, nic := "203.0.113.7", oneNIC("/g/nic", "")
	member := jit.VM{Name: "web-01", Interfaces: []jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.0.4"), Groups: []string{"/asg/Web"}}}}}}
	fromGroup := func(r *rules.Rule) { r.Sources, r.SourceGroups = nil, []string{"/ASG/ops"} }
	toGroup := func(r *rules.Rule) { r.Destinations, r.Groups = nil, []string{"/ASG/web"} }
	for _, c := range []reachCase{
		{"Internet", nic, []rules.Table{nsg("nic", ssh("a", 300, from("Internet")))}, nil, client, reach.AnswerAllow, nil},
		{"Internet is not inside", nic, []rules.Table{nsg("nic", ssh("a", 300, denying("Internet")))}, nil, "10.0.0.9", reach.AnswerAllow, nil},
		{"a public range that the network has", nic, []rules.Table{nsg("nic", ssh("a", 300, from("Internet")))}, func(s *reach.Topology) { s.VirtualNetwork = jittest.Prefixes("203.0.113.0/24") }, client, reach.AnswerAllow, []string{"AllowVnetInBound"}},
		{"all of the Internet", nic, []rules.Table{nsg("nic", ssh("a", 300, from("Internet")))}, nil, "Internet", reach.AnswerAllow, []string{"The internet (IPv4) to port 22"}},
		{"a peer", nic, []rules.Table{nsg("nic")}, func(s *reach.Topology) { s.Peers = jittest.Prefixes("10.9.0.0/16") }, "10.9.0.1", reach.AnswerAllow, nil},
		{"no peer", nic, []rules.Table{nsg("nic")}, nil, "10.9.0.1", reach.AnswerDeny, nil},
		{"perhaps behind the gateway", nic, []rules.Table{nsg("nic")}, func(s *reach.Topology) { s.Learned = true }, "10.9.0.1", reach.AnswerUnknown, []string{"which networks lie behind the gateway is not known altogether"}},
		{"a default route", nic, []rules.Table{nsg("nic")}, func(s *reach.Topology) { s.Routed = jittest.Prefixes("0.0.0.0/0") }, client, reach.AnswerUnknown, []string{"default route", "AllowVnetInBound"}},
		{"a network that was not read", nic, []rules.Table{nsg("nic")}, func(s *reach.Topology) { s.VirtualNetwork = nil }, client, reach.AnswerUnknown, []string{"VirtualNetwork stands for, was not read"}},
		{"an unknown tag allows", nic, []rules.Table{nsg("nic", ssh("cloud", 300, from("AzureCloud.WestEurope")))}, nil, client, reach.AnswerUnknown, []string{"rule cloud (priority 300) of nic at the network interface may allow it: which addresses the service tag AzureCloud.WestEurope holds is not known"}},
		{"an unknown tag denies", nic, []rules.Table{nsg("nic", ssh("cloud", 200, denying("AzureCloud")), ssh("open", 300, nil))}, nil, client, reach.AnswerUnknown, []string{"may deny it", "rule open"}},
		{"an unknown tag that changes nothing", nic, []rules.Table{nsg("nic", ssh("cloud", 200, from("AzureCloud")), ssh("open", 300, nil))}, nil, client, reach.AnswerAllow, []string{"rule open"}},
		{"an unknown tag beside a range", nic, []rules.Table{nsg("nic", ssh("cloud", 200, from("AzureCloud", "203.0.113.0/24")))}, nil, client, reach.AnswerAllow, nil},
		{"to a group of the VM", member, []rules.Table{nsg("nic", ssh("a", 300, toGroup))}, nil, client, reach.AnswerAllow, nil},
		{"to another's group", nic, []rules.Table{nsg("nic", ssh("a", 300, toGroup))}, nil, client, reach.AnswerDeny, nil},
		{"from a group, a member", nic, []rules.Table{nsg("nic", ssh("a", 300, fromGroup), ssh("no", 400, denying("*")))}, func(s *reach.Topology) {
			s.Interfaces = []jit.Interface{{Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.0.9"), Groups: []string{"/asg/OPS"}}}}}
		}, "10.0.0.9", reach.AnswerAllow, nil},
		{"from a group, nobody", nic, []rules.Table{nsg("nic", ssh("a", 300, fromGroup), ssh("no", 400, denying("*")))}, nil, "10.0.0.9", reach.AnswerDeny, nil},
		{"from a group that was not read", nic, []rules.Table{nsg("nic", ssh("a", 300, fromGroup), ssh("no", 400, denying("*")))}, func(s *reach.Topology) { s.Interfaces = nil }, "10.0.0.9", reach.AnswerUnknown, []string{"who is in the application security group ops is not known"}},
		{"from a group that was not read, the internet", nic, []rules.Table{nsg("nic", ssh("a", 300, fromGroup))}, func(s *reach.Topology) { s.Interfaces = nil }, client, reach.AnswerDeny, nil},
	} {
		c.run(t)
	}
}

// hub is a firewall that leads its port 50022 to the VM's 22.
func hub(clients ...string) reach.Firewall {
	r := jittest.Foreign("rdp", 100)
	r.Protocol, r.Sources, r.Destinations, r.Ports = jit.TCP, clients, []string{"20.0.0.2"}, []string{"50022"}
	r.To = netip.MustParseAddrPort("10.0.0.4:22")
	return reach.Firewall{
		Name: "hub", Subnets: jittest.Prefixes("10.0.9.0/26"),
		DNATRules: []rules.Rule{r},
	}
}

func TestReachThroughWhatIsInFront(t *testing.T) {
	client, nic := "203.0.113.7", oneNIC("/g/nic", "")
	closed := []rules.Table{nsg("nic", ssh("no", 4000, denying("*")))}
	opened := func(words ...string) []rules.Table {
		return []rules.Table{nsg("nic", ssh("yes", 300, from(words...)), ssh("no", 4000, denying("*")))}
	}
	front := func(f reach.Frontend) func(*reach.Topology) {
		f.Name, f.Public, f.To = "lb", "20.0.0.1", netip.MustParseAddr("10.0.0.4")
		return func(s *reach.Topology) { s.Frontends = []reach.Frontend{f} }
	}
	behind := func(fw reach.Firewall) func(*reach.Topology) {
		return func(s *reach.Topology) { s.Firewalls = []reach.Firewall{fw} }
	}
	routed, rule := hub(client), ssh("onprem", 200, from("192.168.0.0/16"))
	routed.DNATRules, routed.Routed, routed.NetworkRules = nil, jittest.Prefixes("192.168.0.0/16", "172.16.0.0/12"), []rules.Rule{rule}
	taken := hub("203.0.113.0/24")
	taken.DNATRules = append(slices.Clone(taken.DNATRules), taken.DNATRules...)
	taken.DNATRules[0].Sources, taken.DNATRules[0].Destinations = []string{"203.0.113.0/28"}, []string{"20.0.0.2/32"}
	taken.DNATRules[0].To = netip.MustParseAddrPort("10.0.0.77:22")
	ranged := routed
	ranged.NetworkRules = []rules.Rule{ssh("range", 200, from("172.16.0.0-172.16.0.9"))}
	blind := hub("*")
	blind.Subnets = nil
	for _, c := range []reachCase{
		{"nothing", nic, opened("*"), nil, client, reach.AnswerAllow, []string{"No public address or load balancer before 10.0.0.4 is known"}},
		{"a public address", nic, opened("*"), front(reach.Frontend{}), client, reach.AnswerAllow, []string{"The public address 20.0.0.1 (lb) is before 10.0.0.4."}},
		{"a load balancer", nic, opened("*"), front(reach.Frontend{Ports: []reach.PortMapping{{FrontendPort: 50001, BackendPorts: jittest.TCP(22, 22)}, {FrontendPort: 443, BackendPorts: jittest.TCP(443, 443)}}}), client, reach.AnswerAllow, []string{"leads from 20.0.0.1 port 50001 to port 22"}},
		{"a load balancer sees the client", nic, opened("10.0.0.0/8"), front(reach.Frontend{Ports: []reach.PortMapping{{FrontendPort: 50001, BackendPorts: jittest.TCP(22, 22)}}}), client, reach.AnswerDeny, nil},
		{"translated: the guard sees the firewall", nic, opened("10.0.9.0/26"), behind(hub("203.0.113.0/24")), client, reach.AnswerAllow, []string{"by the firewall hub, 20.0.0.2 port 50022", "sees the firewall's subnet 10.0.9.0/26"}},
		{"translated, and the guard wants the client", nic, opened(client), behind(hub("203.0.113.0/24")), "203.0.113.0/24", reach.AnswerPartly, nil},
		{"translated by default rules", nic, []rules.Table{nsg("nic")}, behind(hub("*")), client, reach.AnswerAllow, []string{"AllowVnetInBound"}},
		{"translated for others", nic, opened("10.0.9.0/26"), behind(hub("198.51.100.0/24")), client, reach.AnswerDeny, nil},
		{"translated, shut behind", nic, closed, behind(hub("*")), client, reach.AnswerDeny, nil},
		{"translated, half of the firewall let in", nic, opened("10.0.9.0/27"), behind(hub("*")), client, reach.AnswerUnknown, []string{"which address of 10.0.9.0/26"}},
		{"translated elsewhere first", nic, opened("10.0.9.0/26"), behind(taken), client, reach.AnswerDeny, nil},
		{"translated elsewhere first, for some", nic, opened("10.0.9.0/26"), behind(taken), "203.0.113.0/24", reach.AnswerPartly, nil},
		{"translated by who knows whom", nic, closed, behind(blind), client, reach.AnswerUnknown, []string{"subnet of the firewall hub"}},
		{"routed: the guard sees the client", nic, opened("192.168.1.1"), behind(routed), "192.168.1.1", reach.AnswerAllow, []string{"rule onprem (priority 200) of the firewall hub allows it", "rule yes"}},
		{"routed, and the firewall has no rule", nic, opened("*"), behind(routed), "172.16.0.1", reach.AnswerDeny, []string{"no rule of the firewall hub allows it"}},
		{"routed, and the guard denies", nic, closed, behind(routed), "192.168.1.1", reach.AnswerDeny, []string{"rule no"}},
		{"routed by a range of addresses", nic, opened("*"), behind(ranged), "172.16.0.8/31", reach.AnswerAllow, nil},
		{"routed, a part of a range", nic, opened("*"), behind(ranged), "172.16.0.8/30", reach.AnswerPartly, []string{"172.16.0.8/31 to port 22", "172.16.0.10/31 to port 22"}},
		{"a public address known by the interface", jit.VM{Interfaces: []jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.0.4"), Public: "/p/pip-1"}}}}}, opened("*"), nil, client, reach.AnswerAllow, []string{"The public address pip-1 is before 10.0.0.4."}},
		{"not routed", nic, opened("*"), behind(routed), client, reach.AnswerAllow, nil},
	} {
		c.run(t)
	}
}

func TestReachOfNothing(t *testing.T) {
	got := reach.VerifyFlow(oneNIC("/g/nic", ""), []rules.Table{nsg("nic")}, network24(), reach.Flow{Source: "*", Ports: jittest.TCP(23, 22)})
	if got.Decision != reach.AnswerUnknown || !strings.Contains(got.Why[0].Text, "Nothing was asked") {
		t.Errorf("%+v", got)
	}
	// Without a protocol it is TCP, and one that has no ports is asked for by its name.
	udp := ssh("u", 300, func(r *rules.Rule) { r.Protocol = "ICMP" })
	for protocol, want := range map[jit.Protocol]reach.Answer{"": reach.AnswerDeny, "icmp": reach.AnswerAllow, "*": reach.AnswerDeny} {
		got := reach.VerifyFlow(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", udp)}, network24(), reach.Flow{Source: "203.0.113.7", Ports: jit.Ports{From: 22, To: 22, Protocol: protocol}})
		if got.Decision != want {
			t.Errorf("%q: %s, want %s", protocol, got.Decision, want)
		}
	}
}

func TestReachTellsTheWays(t *testing.T) {
	around := network24()
	around.Firewalls = []reach.Firewall{hub("*")}
	got := reach.VerifyFlow(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", ssh("fw", 300, from("10.0.9.0/26")), ssh("no", 4000, denying("*")))}, around, reach.Flow{Source: "Internet", Ports: jittest.TCP(22, 22)})
	var ways []string
	for _, w := range got.Ways {
		ways = append(ways, w.Interface+" "+w.Address.String()+" "+string(w.Decision)+" "+w.Via)
	}
	if diff := cmp.Diff([]string{"/n/nic 10.0.0.4 Deny ", "/n/nic 10.0.0.4 Allow the firewall hub, 20.0.0.2 port 50022"}, ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
	if first := got.Why[0]; got.Decision != reach.AnswerAllow || first.Guard != "hub" || first.Rule != "rdp" || first.Priority != 100 || first.Level != reach.AtFirewall || !first.Allow {
		t.Errorf("%s because %+v", got.Decision, first)
	}
}

// What is said of a part is true of that part: sources and ports that are
// treated differently are not told together.
func TestReachTellsTheParts(t *testing.T) {
	no := ssh("no", 200, denying("203.0.113.7"))
	yes := ssh("yes", 300, func(r *rules.Rule) { r.Ports = []string{"20-23"} })
	got := reach.VerifyFlow(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", yes, no)}, network24(), reach.Flow{Source: "203.0.113.6/31", Ports: jittest.TCP(22, 23)})
	var all []string
	for _, r := range got.Why {
		if r.Level != reach.AtFrontend {
			part, _, _ := strings.Cut(r.Text, ": ")
			all = append(all, r.Rule+": "+part)
		}
	}
	want := []string{"yes: 203.0.113.6 to port 22-23 of 10.0.0.4", "yes: 203.0.113.7 to port 23 of 10.0.0.4", "no: 203.0.113.7 to port 22 of 10.0.0.4"}
	if diff := cmp.Diff(want, all); diff != "" || got.Decision != reach.AnswerPartly {
		t.Errorf("%s (-want +got):\n%s", got.Decision, diff)
	}
}
