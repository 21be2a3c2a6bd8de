package sim_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// The same behind firewalls, classic and by policy, whose documents other
// people change too.
func TestAnySequenceBehindFirewalls(t *testing.T) {
	within(t, 15*time.Second, func(t *rapid.T, dir string) {
		k := newFirewallWalk(t, dir)
		for range 10 {
			if seldom(t, "trouble", 4) {
				k.inTrouble(k.step)
			} else {
				k.step()
			}
		}
		k.end()
		if diff := cmp.Diff(dumpFirewalls(k.twin, false), dumpFirewalls(k.Azure, false)); diff != "" {
			t.Errorf("after all was over the firewalls are not as other people made them (-want +got):\n%s", diff)
		}
	})
}

func newFirewallWalk(t *rapid.T, dir string) *walk {
	w := simulated.NewIn(unlogged{t}, dir)
	k := &walk{World: w, draw: t, twin: azuresim.New(azuresim.Options{}), gone: map[string]bool{}}
	k.network = &network{clients: []string{fromOutside + "/32", "203.0.113.8/32", "198.51.100.10/32", "10.60.1.9/32", "10.60.1.10/32"}}
	azuresim.SeedDemo(k.twin)
	took := some(t, "a firewall takes", time.Minute, 5*time.Minute)
	for _, sim := range []*azuresim.Sim{w.Azure, k.twin} {
		vacate(sim)
		azuresim.SeedFirewalls(sim)
		sim.Configure(func(s *azuresim.Settings) { s.FirewallTime = took })
	}
	for _, vm := range w.Azure.VMs() {
		nic, _ := w.Azure.NIC(vm.NICs[0])
		k.network.nics = append(k.network.nics, nic)
	}
	k.network.groups = []azuresim.NSG{{ID: azuresim.DemoAppNSG}, {ID: azuresim.DemoCoreNSG}}
	w.Config.FirewallWithin = 10 * time.Minute
	w.Config.Policies[0].EndOnDrift = seldom(t, "end on drift", 4)
	w.Config.Policies[0].Ports[0].Shortest, w.Config.Policies[0].Ports[1].Shortest = time.Minute, time.Minute
	w.Config.Policies[0].Ports[1].Sources = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	k.variant = variant{k.firewallMoves, k.lookBehind, 3*took + time.Minute, []string{"/azureFirewalls/", "/ruleCollectionGroups/", "/securityRules/", "/subscriptions/"}}
	k.Told.MayBeLate(k.variant.rest) // a repair takes a change that runs, and its own
	w.Start()
	return k
}

func (k *walk) firewallMoves() []move {
	out := []move{{"nothing", nil}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"protect", (*walk).protectSome}}
	if len(k.open()) > 0 {
		out = append(out, move{"end", (*walk).endOne}, move{"end", (*walk).endOne}, move{"move", (*walk).moveOne}, move{"firewall drift", (*walk).firewallDrift}, move{"firewall drift", (*walk).firewallDrift})
	}
	if len(k.places()) > 0 {
		out = append(out, move{"drift", (*walk).drift})
	}
	if len(k.protections()) > 0 {
		out = append(out, move{"unprotect", (*walk).unprotectOne})
	}
	return append(out, move{"foreign collection", (*walk).addCollection}, move{"foreign collection gone", (*walk).dropCollection},
		move{"foreign group", (*walk).addGroup}, move{"foreign rule", (*walk).addForeign}, move{"restart", (*walk).restart})
}

func isOurCollection(name string) bool {
	return name == "jitbot-prod-dnat" || name == "jitbot-prod-network"
}

// dumpFirewalls is what firewalls and policies hold; with ours left out where
// others is set.
func dumpFirewalls(sim *azuresim.Sim, others bool) string {
	var b strings.Builder
	for _, id := range sim.Firewalls() {
		b.WriteString(sim.DumpFirewall(id, func(name string) bool { return others && isOurCollection(name) }))
	}
	for _, id := range sim.FirewallPolicies() {
		b.WriteString(sim.DumpFirewallPolicy(id, func(name string) bool { return others && name == "jitbot-prod" }))
	}
	return b.String()
}

// putFirewall gives the classic firewall other collections and leaves the rest of
// it as it was seeded.
func putFirewall(sim *azuresim.Sim, collections []azuresim.RuleCollection) error {
	return sim.PutFirewall(azuresim.Firewall{
		ID: azuresim.DemoFirewall, Location: azuresim.DemoLocation, Subnet: simulated.FirewallSubnet(), PublicIPs: simulated.FirewallIPs(), Collections: collections,
		Tags: map[string]string{"managed-by": "terraform"}, Properties: map[string]any{"additionalProperties": map[string]string{"Network.DNS.EnableProxy": "true"}},
	})
}

// drawCollection draws one of somebody's, in the band of ours or beside it.
func (k *walk) drawCollection() azuresim.RuleCollection {
	c := azuresim.RuleCollection{
		Name: some(k.draw, "collection", "c1", "c2", "jitbot-other-network", "jitbot-prod", "JITBOT-PROD-NETWORK"), Kind: azuresim.Network,
		Priority: some(k.draw, "priority", 500, 100, 101, 249, 250, 2000), Action: some(k.draw, "action", "Allow", "Deny"),
		Rules: []azuresim.FirewallRule{{
			Name: "r", Protocols: []string{some(k.draw, "protocol", "TCP", "Any", "UDP")}, Sources: []string{some(k.draw, "source", "203.0.113.0/24", "*", "10.60.1.0/24", "192.0.2.0/24")},
			Destinations: []string{some(k.draw, "destination", "*", "10.40.1.4", "10.50.0.0/16")}, Ports: []string{some(k.draw, "to port", "443", "22", "*", "3389")},
		}},
	}
	if seldom(k.draw, "translates", 3) {
		c.Kind, c.Action = azuresim.NAT, "Dnat"
		r := &c.Rules[0]
		r.Protocols, r.Destinations, r.Ports = []string{"TCP"}, []string{azuresim.DemoFirewallIP}, []string{some(k.draw, "at port", "2222", "2223")}
		r.TranslatedAddress, r.TranslatedPort = "10.40.1.4", some(k.draw, "leads to port", "22", "3389")
	}
	return c
}

// addCollection has somebody add a collection to the classic firewall.
func (k *walk) addCollection() {
	c := k.drawCollection()
	taken := func(o azuresim.RuleCollection) bool {
		return strings.EqualFold(o.Name, c.Name) || o.Priority == c.Priority && o.Kind == c.Kind
	}
	if slices.ContainsFunc(k.Azure.FirewallCollections(azuresim.DemoFirewall), taken) {
		return
	}
	k.draw.Logf("somebody adds %+v", c)
	k.both(func(s *azuresim.Sim) error {
		return putFirewall(s, append(slices.Clone(s.FirewallCollections(azuresim.DemoFirewall)), c))
	})
}

func (k *walk) dropCollection() {
	all := k.twin.FirewallCollections(azuresim.DemoFirewall)
	if len(all) == 0 {
		return
	}
	one := all[rapid.IntRange(0, len(all)-1).Draw(k.draw, "collection gone")]
	k.draw.Logf("somebody removes %s", one.Name)
	k.both(func(s *azuresim.Sim) error {
		return putFirewall(s, slices.DeleteFunc(slices.Clone(s.FirewallCollections(azuresim.DemoFirewall)), func(c azuresim.RuleCollection) bool {
			return c.Name == one.Name
		}))
	})
}

// addGroup has somebody write a group into the policy.
func (k *walk) addGroup() {
	c := k.drawCollection()
	if c.Kind == azuresim.NAT || c.Name == "jitbot-prod" {
		return
	}
	name := some(k.draw, "group", "theirs", "jitbot-other", "jitbot-prod2")
	k.draw.Logf("somebody writes the group %s with %+v", name, c)
	k.both(func(s *azuresim.Sim) error {
		return s.PutRuleCollectionGroup(azuresim.RuleCollectionGroup{
			Policy: azuresim.DemoEdgePolicy, Name: name, Priority: map[string]int{"theirs": 110, "jitbot-other": 150, "jitbot-prod2": 1000}[name],
			Collections: []azuresim.RuleCollection{c},
		})
	})
}

// firewallDrift removes what is ours from a firewall, or a rule of it.
func (k *walk) firewallDrift() {
	if seldom(k.draw, "of the policy", 2) {
		k.draw.Logf("somebody removes our group")
		k.Azure.DeleteRuleCollectionGroup(azuresim.DemoEdgePolicy, "jitbot-prod")
		return
	}
	how := some(k.draw, "how", "collections", "a rule", "widened")
	k.draw.Logf("somebody edits our collections: %s", how)
	var out []azuresim.RuleCollection
	for _, c := range k.Azure.FirewallCollections(azuresim.DemoFirewall) {
		if isOurCollection(c.Name) {
			if how == "collections" || len(c.Rules) < 2 && how == "a rule" {
				continue
			}
			c.Rules = slices.Clone(c.Rules)
			if how == "widened" {
				c.Rules[0].Sources = []string{"*"}
			} else {
				c.Rules = c.Rules[1:]
			}
		}
		out = append(out, c)
	}
	if err := putFirewall(k.Azure, out); err != nil {
		k.T.Fatal(err)
	}
}

// lookBehind asks for both machines who gets to which port by any way. What is
// expected is what gets there with our rules of the security groups alone, and
// what open grants say.
func (k *walk) lookBehind() {
	k.T.Helper()
	if diff := cmp.Diff(dumpFirewalls(k.twin, false), dumpFirewalls(k.Azure, true)); diff != "" {
		k.T.Errorf("what is not ours in the firewalls has changed (-want +got):\n%s", diff)
	}
	m := k.model()
	k.checkOurFirewalls()
	for _, p := range k.places() {
		if err := k.twin.PutRule(p.nsg, p.rule); err != nil {
			k.T.Fatal(err)
		}
	}
	for _, vm := range k.twin.VMs() {
		for _, from := range k.firewallProbes() {
			for _, port := range []int{22, 23, 443, 3389} {
				var by []string
				for _, g := range m.grants {
					if (packet{vm: vm.ID, from: from, port: port, protocol: "Tcp"}).heldBy(g) {
						by = append(by, string(g.ID))
					}
				}
				without, _ := k.twin.Path(vm.ID, from, port, "Tcp")
				got, why := k.Azure.Path(vm.ID, from, port, "Tcp")
				hindered := len(by) > 0 && k.lateDeny(why)
				if got != (len(by) > 0 || without) && !hindered {
					k.T.Errorf("%s from %s, port %d: %t, granted by %v, without us %t: %v", nameOf(vm.ID), from, port, got, by, without, why)
				}
			}
		}
	}
	for _, p := range k.places() {
		if err := k.twin.DeleteRule(p.nsg, p.rule.Name); err != nil {
			k.T.Fatal(err)
		}
	}
}

func (k *walk) firewallProbes() []netip.Addr {
	var out []netip.Addr
	for _, s := range []string{fromOutside, "203.0.113.8", fromStranger, "198.51.100.10", "10.60.1.9", "10.60.1.10", "10.60.1.11", "10.40.1.9", "10.50.1.9"} {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// lateDeny reports whether a rule that somebody added meanwhile stands before
// one of ours.
func (k *walk) lateDeny(why []string) bool {
	text := strings.Join(why, "\n")
	rules := slices.Concat(k.twin.Rules(azuresim.DemoAppNSG), k.twin.Rules(azuresim.DemoCoreNSG))
	return strings.Contains(text, "/r deny") || slices.ContainsFunc(rules, func(r azuresim.Rule) bool {
		return r.Access == "Deny" && r.Priority < k.Config.Bands.Allow.To && strings.Contains(text, "deny "+r.Name)
	})
}

// checkOurFirewalls holds each rule of ours in a firewall to an open grant.
func (k *walk) checkOurFirewalls() {
	k.T.Helper()
	all := slices.Concat(k.Azure.FirewallCollections(azuresim.DemoFirewall), k.Azure.FirewallCollections(azuresim.DemoEdgePolicy+"/ruleCollectionGroups/jitbot-prod"))
	for _, c := range all {
		for _, r := range c.Rules {
			n, ok := rules.ParseRuleName(r.Name)
			if !ok || n.Installation != "prod" {
				continue
			}
			if g := k.Grant(n.Grant); g.State != jit.Open {
				k.T.Errorf("%s of %s belongs to a grant that is %s", r.Name, c.Name, g.State)
			}
		}
	}
}
