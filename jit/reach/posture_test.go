package reach_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

type scanCase struct {
	name    string
	vm      jit.VM
	tables  []rules.Table
	around  func(*reach.Topology)
	facts   reach.Facts
	want    reach.Class
	breadth string
	rules   []string
	says    []string // in Why, Yet, Notes, Defaults or a rule's text
	silent  string   // nowhere
	untold  bool
}

func (c scanCase) run(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		around := network24()
		if c.around != nil {
			c.around(&around)
		}
		p := reach.Classify(c.vm, c.tables, around, c.facts)
		var rules []string
		lines := slices.Concat([]string{p.Why}, p.StillOpen, p.Notes, p.Defaults)
		for _, r := range p.Rules {
			rules, lines = append(rules, r.Rule), append(lines, r.Text)
		}
		text := strings.Join(lines, "\n")
		if p.Class != c.want || p.Why == "" || p.Undetermined != c.untold {
			t.Errorf("%s, untold %t, want %s:\n%s", p.Class, p.Undetermined, c.want, text)
		}
		if diff := cmp.Diff(c.rules, rules); diff != "" || p.Breadth.Words != c.breadth {
			t.Errorf("breadth %q, want %q; rules (-want +got):\n%s\n%s", p.Breadth.Words, c.breadth, diff, text)
		}
		for _, s := range c.says {
			if !strings.Contains(text, s) {
				t.Errorf("%q is not said in\n%s", s, text)
			}
		}
		if c.silent != "" && strings.Contains(text, c.silent) {
			t.Errorf("%q is said in\n%s", c.silent, text)
		}
	})
}

func protecting(ports ...jit.PortPolicy) reach.Facts {
	return reach.Facts{Protected: true, Confirmed: true, Ports: ports}
}

// The rows of the recommendation, in order; a row wins over those below it.
func TestClassifyRows(t *testing.T) {
	open := []rules.Table{nsg("nic", ssh("open", 300, nil))}
	nic := oneNIC("/g/nic", "")
	stopped, bare := nic, oneNIC("", "")
	stopped.Power, bare.Power = "deallocated", "deallocated"
	basic := func(s *reach.Topology) {
		s.Frontends = []reach.Frontend{{Name: "pip", Public: "20.0.0.1", To: netip.MustParseAddr("10.0.0.4"), Basic: true}}
	}
	appliance := func(s *reach.Topology) { s.Appliances = []netip.Addr{netip.MustParseAddr("10.0.9.4")} }
	rdp := ssh("rdp", 310, func(r *rules.Rule) { r.Ports = []string{"3389"} })
	behind := func(s *reach.Topology) { s.Firewalls = []reach.Firewall{hub("*")} }
	idle := func(s *reach.Topology) { s.Firewalls = []reach.Firewall{{Name: "hub"}} }
	through := func(s *reach.Topology) {
		s.Firewalls = []reach.Firewall{{Name: "hub", Routed: jittest.Prefixes("192.168.0.0/16"), NetworkRules: []rules.Rule{ssh("onprem", 200, from("192.168.1.0/24"))}}}
	}
	fronted := func(s *reach.Topology) {
		idle(s)
		s.Frontends = []reach.Frontend{{Name: "pip", Public: "20.0.0.1", To: netip.MustParseAddr("10.0.0.4")}}
	}
	wide := protecting(jit.PortPolicy{Ports: jittest.TCP(22, 22), Any: true})
	wide.Widest = jit.Widths{V4: 8}
	defender := ssh("SecurityCenter-JITRule_-1105480617_"+defenderHex, 250, denying("*"))
	for _, c := range []scanCase{
		{name: "2 protected", vm: nic, tables: []rules.Table{nsg("nic", ssh("jitbot-prod-deny-over-1", 250, denying("*")))}, facts: protecting(), want: reach.ClassHealthy, says: []string{"jitbot protects it"}},
		{name: "2 protected and stopped", vm: stopped, tables: []rules.Table{nsg("nic")}, facts: protecting(), want: reach.ClassHealthy},
		{name: "2 protected, and a rule stands above", vm: nic, tables: open, facts: protecting(), want: reach.ClassHealthy, breadth: "Any", rules: []string{"open"}, says: []string{"Yet rule open (priority 300) of nic opens management ports to Any."}},
		{name: "2 protected, another port is open", vm: nic, tables: []rules.Table{nsg("nic", ssh("jitbot-prod-deny-over-1", 250, denying("*")), rdp)}, facts: protecting(), want: reach.ClassHealthy, breadth: "Any", rules: []string{"rdp"}, says: []string{"Yet rule rdp (priority 310)"}},
		{name: "2 protected, and not read", vm: nic, facts: protecting(), want: reach.ClassHealthy, says: []string{"Yet what else opens ports there is not known: the rules of nic were not read."}},
		{name: "2 protected, Any by policy", vm: nic, tables: []rules.Table{nsg("nic")}, facts: protecting(jit.PortPolicy{Ports: jittest.TCP(22, 22), Sources: jittest.Prefixes("0.0.0.0/0")}), want: reach.ClassHealthy, says: []string{"Yet its policy lets a request open port 22 to Any."}},
		{name: "2 protected, any single address", vm: nic, tables: []rules.Table{nsg("nic")}, facts: protecting(jit.PortPolicy{Ports: jittest.TCP(22, 22), Any: true}, jit.PortPolicy{Ports: jittest.TCP(3389, 3389), Any: true}), want: reach.ClassHealthy, says: []string{"open port 22 and 3389 to any single address"}},
		{name: "2 protected, any wide range", vm: nic, tables: []rules.Table{nsg("nic")}, facts: wide, want: reach.ClassHealthy, says: []string{"as wide as /8 (IPv4) and /128 (IPv6)"}},
		{name: "2 protected, one office", vm: nic, tables: []rules.Table{nsg("nic")}, facts: protecting(jit.PortPolicy{Ports: jittest.TCP(22, 22), Sources: jittest.Prefixes("198.51.100.0/24")}), want: reach.ClassHealthy, silent: "Yet"},
		{name: "2 about to be protected", vm: nic, tables: open, facts: reach.Facts{Protected: true}, want: reach.ClassHealthy, breadth: "Any", rules: []string{"open"}, says: []string{"not confirmed yet"}},
		{name: "2 in a policy of Defender", vm: nic, tables: []rules.Table{nsg("nic", defender)}, want: reach.ClassHealthy, says: []string{"Microsoft Defender for Cloud guards it: its just-in-time access is on."}, silent: "Yet"},
		{name: "2 in a policy of Defender, stopped", vm: stopped, tables: []rules.Table{nsg("nic", defender)}, want: reach.ClassHealthy},
		{name: "2 in a policy of Defender, and a rule stands above", vm: nic, tables: []rules.Table{nsg("nic", jittest.Placed(defender, 4096), ssh("open", 300, nil))}, want: reach.ClassHealthy, breadth: "Any", rules: []string{"open"}, says: []string{"Yet rule open (priority 300) of nic opens management ports to Any."}},
		{name: "2 Defender's deny for the VM", vm: nic, tables: []rules.Table{nsg("nic", defender, ssh("open", 300, nil))}, want: reach.ClassHealthy, says: []string{"Defender", "Rule open (priority 300)", "rules before it deny all"}},
		{name: "2 Defender's deny for another", vm: nic, tables: []rules.Table{nsg("nic", func() rules.Rule { r := defender; r.Destinations = []string{"10.0.0.9"}; return r }(), ssh("open", 300, nil))}, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"open"}},
		{name: "3 no group, no firewall", vm: oneNIC("", ""), want: reach.ClassNotApplicable, says: []string{"all traffic from inside is let in"}},
		{name: "3 no interface", vm: jit.VM{}, want: reach.ClassNotApplicable},
		{name: "3 stopped", vm: bare, want: reach.ClassNotApplicable},
		{name: "3 a Basic public address", vm: oneNIC("", ""), around: basic, want: reach.ClassNotApplicable, says: []string{"Yet all of the internet is let in to port 22, 3389 and 5985-5986 by the public address 20.0.0.1"}},
		{name: "3 a Basic load balancer", vm: oneNIC("", ""), around: func(s *reach.Topology) {
			basic(s)
			s.Frontends[0].Ports = []reach.PortMapping{{FrontendPort: 50022, BackendPorts: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}}, {FrontendPort: 80, BackendPorts: jit.Ports{From: 80, To: 80, Protocol: jit.TCP}}}
		}, want: reach.ClassNotApplicable, says: []string{"let in to port 22 by the public address"}},
		{name: "3 an appliance on the route", vm: oneNIC("", ""), around: appliance, want: reach.ClassNotApplicable, untold: true, says: []string{"It cannot be told"}},
		{name: "4 default rules only", vm: nic, tables: []rules.Table{nsg("nic")}, want: reach.ClassHealthy, says: []string{"Nothing but Azure's default rules", "rule AllowVnetInBound", "10.0.0.0/16"}},
		{name: "4 stopped", vm: stopped, tables: []rules.Table{nsg("nic")}, want: reach.ClassHealthy, silent: "deallocated"},
		{name: "4 another port", vm: nic, tables: []rules.Table{nsg("nic", ssh("web", 300, func(r *rules.Rule) { r.Ports = []string{"80", "443"} }))}, want: reach.ClassHealthy},
		{name: "4 another VM", vm: nic, tables: []rules.Table{nsg("nic", ssh("theirs", 300, func(r *rules.Rule) { r.Destinations = []string{"10.0.0.9"} }))}, want: reach.ClassHealthy, silent: "theirs"},
		{name: "4 outbound", vm: nic, tables: []rules.Table{nsg("nic", jittest.Outbound(ssh("out", 300, nil)))}, want: reach.ClassHealthy, silent: "rule out"},
		{name: "4 denied before", vm: nic, tables: []rules.Table{nsg("nic", ssh("no", 200, denying("*")), ssh("open", 300, nil))}, want: reach.ClassHealthy, says: []string{"Rule open (priority 300) of nic at the network interface would open a management port, but rules before it deny all that it names."}},
		{name: "4 one level has no such rule", vm: oneNIC("/g/nic", "/g/subnet"), tables: []rules.Table{nsg("nic", ssh("open", 300, nil)), nsg("subnet")}, want: reach.ClassHealthy, says: []string{"The guards disagree. Rule open (priority 300) of nic"}},
		{name: "4 a firewall without a rule", vm: oneNIC("", ""), around: idle, want: reach.ClassHealthy},
		{name: "4 the group opens, the firewall does not", vm: nic, tables: open, around: idle, want: reach.ClassHealthy, says: []string{"The guards disagree. Any IPv4 address to port 22 of 10.0.0.4: rule open", "they disagree", "but the firewall has no rule that does"}},
		{name: "4 the firewall opens, the group does not", vm: nic, tables: []rules.Table{nsg("nic")}, around: behind, want: reach.ClassHealthy, says: []string{"The guards disagree.", "rule rdp (priority 100)", "but the network security groups have no rule of their own that does"}},
		{name: "4 only a grant of ours", vm: nic, tables: []rules.Table{nsg("nic", jittest.Placed(jittest.OursNamed("a"), 101))}, facts: reach.Facts{Owner: jittest.Narrow}, want: reach.ClassHealthy, says: []string{"Nothing but grants of jitbot", "203.0.113.7 to port 22", "jitbot's for the grant g-7k2qd"}},
		{name: "4 a rule in our name, not ours", vm: nic, tables: []rules.Table{nsg("nic", jittest.Placed(jittest.OursNamed("a"), 2000))}, facts: reach.Facts{Owner: jittest.Narrow}, want: reach.ClassUnhealthy, breadth: "203.0.113.7 (one address)", rules: []string{"jitbot-prod-g-7k2qd-a"}},
		{name: "4 UDP only", vm: nic, tables: []rules.Table{nsg("nic", ssh("udp", 300, func(r *rules.Rule) { r.Protocol = jit.UDP }))}, want: reach.ClassHealthy},
		{name: "5 a rule", vm: nic, tables: open, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"open"}, says: []string{"Rule open (priority 300) of nic opens management ports to Any."}},
		{name: "5 stopped", vm: stopped, tables: open, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"open"}, says: []string{"It is deallocated now"}},
		{name: "5 both levels", vm: oneNIC("/g/nic", "/g/subnet"), tables: []rules.Table{nsg("nic", ssh("a", 300, nil)), nsg("subnet", ssh("b", 400, from("Internet")))}, want: reach.ClassUnhealthy, breadth: "Internet", rules: []string{"a", "b"}, says: []string{"and 1 more rule does"}},
		{name: "5 a firewall alone", vm: oneNIC("", ""), around: behind, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"rdp"}},
		{name: "5 the group and the firewall", vm: nic, tables: []rules.Table{nsg("nic", ssh("fw", 300, from("10.0.9.0/26")))}, around: behind, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"rdp", "fw"}},
		{name: "5 the group and a network rule", vm: nic, tables: []rules.Table{nsg("nic", ssh("lan", 300, from("192.168.1.7")), ssh("no", 4000, denying("*")))}, around: through, want: reach.ClassUnhealthy, breadth: "192.168.1.0/24 (256 addresses, inside)", rules: []string{"onprem", "lan"}},
		{name: "5 the group opens to others than the firewall", vm: nic, tables: []rules.Table{nsg("nic", ssh("far", 300, from("198.51.100.0/24")), ssh("no", 4000, denying("*")))}, around: behind, want: reach.ClassUnhealthy, breadth: "198.51.100.0/24 (256 addresses)", rules: []string{"far"}, says: []string{"deny what comes that way"}},
		{name: "5 a public address beside the firewall", vm: nic, tables: open, around: fronted, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"open"}},
		{name: "5 one of two interfaces", vm: jit.VM{Interfaces: []jit.Interface{{Addresses: []jit.Address{jittest.Address("10.0.0.5", "")}}, nic.Interfaces[0]}}, tables: open, want: reach.ClassUnhealthy, breadth: "Any", rules: []string{"open"}, says: []string{"10.0.0.5 has no network security group"}},
		{name: "5 Defender's allow, left behind", vm: nic, tables: []rules.Table{nsg("nic", ssh("SecurityCenter-JITRule-1-"+defenderHex, 100, from("203.0.113.7")))}, want: reach.ClassUnhealthy, breadth: "203.0.113.7 (one address)", rules: []string{"SecurityCenter-JITRule-1-" + defenderHex}, says: []string{"a just-in-time rule of Microsoft Defender"}},
		{name: "not read", vm: nic, want: reach.ClassNotApplicable, untold: true, says: []string{"It cannot be told: the rules of nic were not read."}},
	} {
		c.run(t)
	}
}

func TestClassifyBreadth(t *testing.T) {
	for _, tt := range []struct {
		breadth string
		sources []string
	}{
		{"Any", []string{"*"}},
		{"Any", []string{"0.0.0.0/0"}},
		{"Any", []string{"0.0.0.0/1", "128.0.0.0/1"}},
		{"Internet", []string{"Internet"}},
		{"203.0.113.7 (one address)", []string{"203.0.113.7"}},
		{"203.0.113.0/24 (256 addresses)", []string{"203.0.113.0/24"}},
		{"198.51.100.0/24 and 203.0.113.0/24 (512 addresses)", []string{"203.0.113.0/24", "198.51.100.0/24"}},
		{"10.0.0.0/8 (about 17 million addresses, inside)", []string{"10.0.0.0/8"}},
		{"10.1.0.0/16 (about 66 thousand addresses, inside)", []string{"10.1.0.0/16"}},
		{"0.0.0.0/1 (about 2.1 billion addresses)", []string{"0.0.0.0/1"}},
		{"Any but 192.0.0.0/2", []string{"0.0.0.0/1", "128.0.0.0/2"}},
		{"whom it cannot be told", []string{"AzureCloud"}},
		{"1.0.0.0, 2.0.0.0, 3.0.0.0 and 2 more ranges (5 addresses)", []string{"1.0.0.0", "2.0.0.0", "3.0.0.0", "4.0.0.0", "5.0.0.0"}},
	} {
		for _, port := range []string{"22", "3389", "5985", "5986", "20-6000", "*"} {
			rule := ssh("open", 300, func(r *rules.Rule) { r.Sources, r.Ports = tt.sources, []string{port} })
			p := reach.Classify(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", rule)}, network24(), reach.Facts{})
			if p.Class != reach.ClassUnhealthy || p.Breadth.Words != tt.breadth || len(p.Rules) != 1 {
				t.Errorf("%v to %s: %s, %q, want %q", tt.sources, port, p.Class, p.Breadth.Words, tt.breadth)
			}
		}
	}
}

func TestClassifyWidestFirst(t *testing.T) {
	list := []rules.Rule{
		ssh("one", 300, from("203.0.113.7")), ssh("lan", 310, from("10.0.0.0/8")), ssh("net", 320, from("Internet")), ssh("all", 330, nil),
		ssh("range", 290, from("198.51.100.0/24")),
	}
	// Inside, 10.0.0.0/8 was decided before: what is left for all is the rest.
	p := reach.Classify(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", list...)}, network24(), reach.Facts{})
	var got []string
	for _, r := range p.Rules {
		got = append(got, r.Rule)
	}
	if diff := cmp.Diff([]string{"net", "lan", "all", "range", "one"}, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s\n%+v", diff, p)
	}
}

// A rule whose sources are cut in pieces by a rule before it is measured whole.
func TestClassifyMeasuresTheWholeRule(t *testing.T) {
	no := ssh("no", 200, denying("203.0.113.64/26"))
	yes := ssh("yes", 300, func(r *rules.Rule) { r.Sources, r.Ports = []string{"203.0.113.0/24"}, []string{"22", "3389"} })
	p := reach.Classify(oneNIC("/g/nic", ""), []rules.Table{nsg("nic", yes, no)}, network24(), reach.Facts{})
	if want := "203.0.113.0/26 and 203.0.113.128/25 (192 addresses)"; len(p.Rules) != 1 || p.Breadth.Words != want || !strings.Contains(p.Rules[0].Text, "to port 22 and 3389") {
		t.Errorf("want %q: %+v", want, p)
	}
}

// A VM that no rule of people opens is never Unhealthy, one that a packet from
// the internet reaches by such a rule is never Healthy.
func TestClassifyAgainstPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawer{t: t, known: true}
		l := d.lab()
		l.around.Firewalls = nil
		p := reach.Classify(l.vm, l.tables, l.around, reach.Facts{})
		w := d.world()
		bare := l // without any allow of people
		bare.tables = slices.Clone(l.tables)
		for i := range bare.tables {
			bare.tables[i].Rules = slices.DeleteFunc(slices.Clone(l.tables[i].Rules), func(r rules.Rule) bool { return r.Allow })
		}
		bare.around.AdminRules = slices.DeleteFunc(slices.Clone(l.around.AdminRules), func(r reach.AdminRule) bool { return r.Final })
		opened := false
		l.flow = reach.Flow{Source: "*", Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}}
		for _, x := range l.samples(w) {
			inside := l.inside(w, x.source)
			opened = opened || !inside && l.arrives(w, x) && !bare.arrives(w, x)
		}
		if opened && p.Class != reach.ClassUnhealthy {
			t.Fatalf("%s, but rules open port 22: %+v\n%+v", p.Class, p, l)
		}
		if again := reach.Classify(bare.vm, bare.tables, bare.around, reach.Facts{}); again.Class == reach.ClassUnhealthy {
			t.Fatalf("Unhealthy without an allow: %+v\n%+v", again, bare)
		}
	})
}
