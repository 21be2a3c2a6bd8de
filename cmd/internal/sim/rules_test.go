package sim_test

import (
	"fmt"

	"pgregory.net/rapid"

	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// strangeNames are names that other people's rules may have: ours but for a
// letter, ours by another installation, Defender's, and none of this.
func strangeNames() []string {
	return []string{
		"ssh", "rdp", "r1", "r2", "r3", "r4", "r5",
		"jitbot-other-g-23456-vm-1-tcp", "jitbot-other-deny-over-1", "jitbot-prod2-g-23456-vm-1-tcp", "jitbot-pro-deny-over-1",
		"JITBOT-prod-deny-over-1", "Jitbot-prod-g-23456-vm-1-tcp", "jitbot-prod-g-2345o-vm-1-tcp", "jitbot-prod-g-234567-tcp",
		"jitbot-prod-g-23456", "jitbot-prod-deny", "jitbot-prod-deny_over", "jitbot-prod-g-23456-vm.1", "xjitbot-prod-deny-over-1",
		"jitbot-prod-g-23457-vm-1-tcp", "jitbot-prod-deny-over-23", "jitbot-prod-deny-over-0a1b2c3d",
		"SecurityCenter-JITRule_-1105480617_9EF6964FE766478B9EC568B32FB82045", "SecurityCenter-JITRule-1105480617-9EF6964FE766478B9EC568B32FB82045",
	}
}

// edgesOfBands are priorities in the bands, at their edges and beside them.
func edgesOfBands() []int {
	return []int{1000, 2000, 100, 101, 102, 104, 105, 150, 248, 249, 250, 251, 252, 253, 275, 298, 299, 300, 3899, 3900, 3901, 3902, 4095, 4096}
}

// drawRule draws somebody's rule. One that would be ours, by its name and its
// place, is given another name.
func (s *network) drawRule(t *rapid.T, owner rules.Owner) azuresim.Rule {
	v4 := !seldom(t, "of IPv6", 5)
	r := azuresim.Rule{
		Name: some(t, "name", strangeNames()...), Priority: some(t, "priority", edgesOfBands()...),
		Access:    some(t, "access", "Allow", "Deny"),
		Direction: some(t, "direction", "Inbound", "Inbound", "Inbound", "Inbound", "Outbound"),
		Protocol:  some(t, "protocol", "*", "Tcp", "Udp", "*", "Tcp", "Icmp", "Esp", "Ah"),
	}
	if _, ours := owner.Ours(rules.Rule{Name: r.Name, Priority: r.Priority}); ours {
		r.Name = fmt.Sprint("rule-", r.Priority)
	}
	s.drawSources(t, v4, &r)
	s.drawDestinations(t, v4, &r)
	r.SourcePortRange = some(t, "source ports", "*", "*", "*", "1024-65535")
	if ports := some(t, "to ports", []string{"*"}, []string{"22"}, []string{"20-25"}, []string{"3389"}, []string{"22", "3389"}, []string{"53", "8000-8002"}, []string{"5000"}, []string{"0-65535"}); len(ports) > 1 {
		r.DestinationPortRanges = ports
	} else {
		r.DestinationPortRange = ports[0]
	}
	return r
}

func (s *network) drawSources(t *rapid.T, v4 bool, r *azuresim.Rule) {
	words := [][]string{{"*"}, {"Internet"}, {"VirtualNetwork"}, {"AzureLoadBalancer"}, {"AzureCloud"}, {"asg"}}
	if v4 {
		words = append(words, []string{fromOutside}, []string{"203.0.113.0/24"}, []string{"0.0.0.0/0"}, []string{"10.10.0.0/16"},
			[]string{"198.51.100.0/28", "203.0.113.8/32"}, []string{"10.60.0.0/16", "10.99.0.0/16"})
	} else {
		words = append(words, []string{"2001:db8::/32"}, []string{"2001:db8::7", "fd00:10:10::/48"}, []string{"::/0"})
	}
	switch chosen := some(t, "sources", words...); {
	case chosen[0] == "asg":
		r.SourceASGs = []string{netASG + "web"}
	case len(chosen) > 1:
		r.SourceAddressPrefixes = chosen
	default:
		r.SourceAddressPrefix = chosen[0]
	}
}

func (s *network) drawDestinations(t *rapid.T, v4 bool, r *azuresim.Rule) {
	words := [][]string{{"*"}, {"*"}, {"VirtualNetwork"}, {"Internet"}, {"asg"}}
	if v4 {
		words = append(words, []string{"10.10.0.0/16"}, []string{"10.10.1.0/24"}, []string{"10.10.2.0/24", "10.10.1.4"})
	} else {
		words = append(words, []string{"fd00:10:10::/48"}, []string{"fd00:10:10:1::/64", "fd00:10:10:2::/64"})
	}
	if all := s.addresses(v4); len(all) > 0 {
		words = append(words, all[:1], all[len(all)-1:], all)
	}
	switch chosen := some(t, "destinations", words...); {
	case chosen[0] == "asg":
		r.DestinationASGs = []string{netASG + "web"}
	case len(chosen) > 1:
		r.DestinationAddressPrefixes = chosen
	default:
		r.DestinationAddressPrefix = chosen[0]
	}
}
