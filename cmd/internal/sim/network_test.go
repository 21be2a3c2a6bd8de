package sim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// The places of a drawn network.
const (
	netVNet       = azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/drawn"
	netNSG        = azuresim.DemoWebGroup + "/providers/Microsoft.Network/networkSecurityGroups/nsg-"
	netNIC        = azuresim.DemoWebGroup + "/providers/Microsoft.Network/networkInterfaces/"
	netVM         = azuresim.DemoWebGroup + "/providers/Microsoft.Compute/virtualMachines/"
	netASG        = azuresim.DemoWebGroup + "/providers/Microsoft.Network/applicationSecurityGroups/"
	fromOutside   = "203.0.113.7"
	fromInside    = "10.10.250.9" // in the virtual network, nobody's
	fromOffice    = "10.60.1.9"   // behind its gateway
	fromElsewhere = "10.99.0.1"   // private, and not of the network
	fromStranger  = "203.0.113.250"
)

// network is other people's: virtual machines, and network security groups with
// rules that nobody of us wrote.
type network struct {
	groups  []azuresim.NSG
	subnets []azuresim.Subnet
	nics    []azuresim.NIC
	vms     []azuresim.VM
	clients []string // whom access is asked for
	used    int      // addresses given so far
}

// some draws one of the values; failures are made smaller towards the first.
func some[T any](t *rapid.T, label string, of ...T) T {
	return rapid.SampledFrom(of).Draw(t, label)
}

func seldom(t *rapid.T, label string, of int) bool { return rapid.IntRange(1, of).Draw(t, label) == of }

// drawScene draws one to three machines with one or two interfaces of one or
// two addresses, and NSGs that stand at either level, at both, or before many.
func drawNetwork(t *rapid.T, owner rules.Owner) *network {
	s := &network{clients: []string{fromOutside + "/32", "203.0.113.8/32", "198.51.100.0/28", fromOffice + "/32", fromElsewhere + "/32", "10.10.1.4/32"}}
	groups := []string{}
	for i := range rapid.IntRange(1, 3).Draw(t, "groups") {
		groups = append(groups, netNSG+fmt.Sprint(i+1))
	}
	levels := slices.Concat(groups, groups, []string{""})
	for i := range rapid.IntRange(1, 2).Draw(t, "subnets") {
		s.subnets = append(s.subnets, azuresim.Subnet{
			Name: fmt.Sprint("subnet-", i+1), NSG: some(t, "nsg of subnet", levels...),
			Prefixes: []string{fmt.Sprintf("10.10.%d.0/24", i+1), fmt.Sprintf("fd00:10:10:%d::/64", i+1)},
		})
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "machines") {
		vm := azuresim.VM{ID: netVM + fmt.Sprint("vm-", i+1), Location: azuresim.DemoLocation, Tags: map[string]string{"env": "prod"}}
		for j := range some(t, "interfaces", 1, 1, 2) {
			nic := s.drawNIC(t, fmt.Sprintf("vm-%d-%d", i+1, j+1), some(t, "nsg of interface", levels...))
			vm.NICs = append(vm.NICs, nic.ID)
		}
		s.vms = append(s.vms, vm)
	}
	for _, id := range groups {
		s.groups = append(s.groups, azuresim.NSG{ID: id, Location: azuresim.DemoLocation, Tags: map[string]string{"managed-by": "terraform"}})
		for range rapid.IntRange(0, 5).Draw(t, "foreign rules") {
			s.add(id, s.drawRule(t, owner))
		}
	}
	if len(s.addresses(false)) > 0 {
		s.clients = append(s.clients, "2001:db8::7/128", "2001:db8:1::/64")
	}
	return s
}

func (s *network) drawNIC(t *rapid.T, name, nsg string) azuresim.NIC {
	at := rapid.IntRange(1, len(s.subnets)).Draw(t, "subnet")
	nic := azuresim.NIC{ID: netNIC + name, Location: azuresim.DemoLocation, NSG: nsg}
	families := some(t, "addresses", []string{"10.10.%d.%d"}, []string{"10.10.%d.%d", "10.10.%d.%d"}, []string{"10.10.%d.%d", "fd00:10:10:%d::%d"})
	for i, family := range families {
		ip := azuresim.IPConfig{Name: fmt.Sprint("ipconfig", i+1), Subnet: netVNet + "/subnets/" + s.subnets[at-1].Name, Address: s.fresh(family, at)}
		if seldom(t, "in an application security group", 3) {
			ip.ASGs = []string{netASG + "web"}
		}
		nic.IPs = append(nic.IPs, ip)
	}
	s.nics = append(s.nics, nic)
	return nic
}

// fresh is an address of the subnet that nobody had before.
func (s *network) fresh(family string, subnet int) string {
	s.used++
	return fmt.Sprintf(family, subnet, s.used+3)
}

// add keeps the rule, unless its name or its place is taken.
func (s *network) add(nsg string, r azuresim.Rule) {
	for i, g := range s.groups {
		if g.ID == nsg && fits(g.Rules, r) {
			s.groups[i].Rules = append(s.groups[i].Rules, r)
		}
	}
}

func fits(rules []azuresim.Rule, r azuresim.Rule) bool {
	return !slices.ContainsFunc(rules, func(o azuresim.Rule) bool {
		return strings.EqualFold(o.Name, r.Name) || o.Priority == r.Priority && o.Direction == r.Direction
	})
}

// vacate removes the demo's machines and groups.
func vacate(sim *azuresim.Sim) {
	for _, vm := range sim.VMs() {
		sim.DeleteVM(vm.ID)
		for _, nic := range vm.NICs {
			sim.DeleteNIC(nic)
		}
	}
	for _, nsg := range sim.NSGs() {
		sim.DeleteNSG(nsg)
	}
}

// build puts the network in the place of the demo.
func (s *network) build(sim *azuresim.Sim) error {
	vacate(sim)
	for _, g := range s.groups {
		if err := sim.PutNSG(g); err != nil {
			return fmt.Errorf("seeding %s: %w", g.ID, err)
		}
	}
	sim.PutVNet(azuresim.VNet{
		ID: netVNet, Location: azuresim.DemoLocation, Prefixes: []string{"10.10.0.0/16", "fd00:10:10::/48"},
		OnPremises: []string{"10.60.0.0/16"}, Subnets: slices.Clone(s.subnets),
	})
	for _, nic := range s.nics {
		sim.PutNIC(nic)
	}
	for _, vm := range s.vms {
		sim.PutVM(vm)
	}
	return nil
}

// addresses are those of all machines, of a family.
func (s *network) addresses(v4 bool) []string {
	var out []string
	for _, nic := range s.nics {
		for _, ip := range nic.IPs {
			if netip.MustParseAddr(ip.Address).Is4() == v4 {
				out = append(out, ip.Address)
			}
		}
	}
	return out
}

// drawConfig draws what the configuration says of bands and policies.
func drawConfig(t *rapid.T, c *policies.Config) {
	c.Bands = some(t, "bands", c.Bands, policies.Bands{
		Allow: policies.Band{From: 100, To: 104}, DenyOverride: policies.Band{From: 250, To: 252}, DenyRespect: policies.Band{From: 3900, To: 3901},
	})
	c.Policies = []policies.Policy{{
		Ports: drawPorts(t), Widest: jit.Widths{V4: 24, V6: 64},
		Existing:   some(t, "existing", protection.Override, protection.Override, protection.Respect),
		DenySource: some(t, "deny source", "*", "*", "Internet"), EndOnDrift: seldom(t, "end on drift", 4),
	}}
}

// drawPorts draws one to three ports that may be asked for.
func drawPorts(t *rapid.T) []jit.PortPolicy {
	all := []jit.Ports{
		{From: 22, To: 22, Protocol: jit.TCP},
		{From: 3389, To: 3389, Protocol: jit.TCP},
		{From: 53, To: 53, Protocol: jit.UDP},
		{From: 8000, To: 8004, Protocol: jit.TCP},
		{From: 5000, To: 5000, Protocol: jit.AnyProtocol},
	}
	var out []jit.PortPolicy
	for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, func(p jit.Ports) uint16 { return p.From }).Draw(t, "ports") {
		out = append(out, jit.PortPolicy{Ports: p, Any: true, Shortest: time.Minute, Longest: 3 * time.Hour})
	}
	return out
}
