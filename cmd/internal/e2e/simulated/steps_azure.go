package simulated

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// OursIn gives the rule of ours in a guard.
func (w *World) OursIn(nsg string) azuresim.Rule {
	w.T.Helper()
	for _, r := range w.Azure.Rules(nsg) {
		if IsOurs(r.Name) {
			return r
		}
	}
	w.T.Fatal("no rule of ours in " + nsg)
	return azuresim.Rule{}
}

// InFirewalls reports whether a rule of the grant is in a firewall or a policy.
func (w *World) InFirewalls(id jit.ID) bool { return strings.Contains(w.Firewalls(), string(id)) }

// RemoveAllows removes every allow of ours from an NSG, as another tool does.
func (w *World) RemoveAllows(nsg string) {
	w.T.Helper()
	for _, r := range w.Azure.Rules(nsg) {
		if n, ours := rules.ParseRuleName(r.Name); ours && n.Grant != "" {
			if err := w.Azure.DeleteRule(nsg, r.Name); err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

// StaysShut checks that nothing is open to Ada while time passes.
func (w *World) StaysShut(d time.Duration, vms ...string) {
	w.T.Helper()
	for range int(d / time.Second) {
		w.Pass(time.Second)
		for _, vm := range vms {
			if w.Reachable(vm, AdasAddress) {
				w.T.Fatalf("%s is open", vm)
			}
		}
	}
}

// RemoveDenies removes every deny of ours from an NSG, as another tool does.
func (w *World) RemoveDenies(nsg string) {
	w.T.Helper()
	for _, r := range w.Azure.Rules(nsg) {
		if n, ours := rules.ParseRuleName(r.Name); ours && n.Grant == "" {
			if err := w.Azure.DeleteRule(nsg, r.Name); err != nil {
				w.T.Fatal(err)
			}
		}
	}
}

func (w *World) Holds(nsg, name string) bool {
	return slices.ContainsFunc(w.Azure.Rules(nsg), func(r azuresim.Rule) bool { return r.Name == name })
}

// Plant puts a rule for SSH from somewhere into an NSG, as somebody else may.
func (w *World) Plant(nsg, name, access, source string, priority int, description string) {
	w.T.Helper()
	err := w.Azure.PutRule(nsg, azuresim.Rule{
		Name: name, Protocol: "Tcp", SourceAddressPrefix: source, SourcePortRange: "*", DestinationAddressPrefix: "*",
		DestinationPortRange: "22", Access: access, Direction: "Inbound", Priority: priority, Description: description,
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

// Sent lists the requests of a method whose path holds the words.
func (w *World) Sent(method, words string) []azuresim.Request {
	var out []azuresim.Request
	for _, r := range w.Azure.Requests() {
		if r.Method == method && strings.Contains(strings.ToLower(r.Path), strings.ToLower(words)) {
			out = append(out, r)
		}
	}
	return out
}

// SwapAddresses gives the first VM a new address, and its old one to the second.
func (w *World) SwapAddresses(from, to string) {
	w.T.Helper()
	a, _ := w.Azure.NIC(w.NIC(from))
	b, _ := w.Azure.NIC(w.NIC(to))
	old := a.IPs[0].Address
	for _, err := range []error{
		w.Azure.SetAddress(a.ID, a.IPs[0].Name, "10.10.1.200"),
		w.Azure.SetAddress(b.ID, b.IPs[0].Name, old),
	} {
		if err != nil {
			w.T.Fatal(err)
		}
	}
}

func (w *World) NIC(vm string) string {
	for _, v := range w.Azure.VMs() {
		if v.ID == vm {
			return v.NICs[0]
		}
	}
	w.T.Fatal("no such VM " + vm)
	return ""
}

// QuickFirewalls makes firewalls fast enough to be tried twice in time.
func (w *World) QuickFirewalls() {
	w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime, s.PolicyLag = time.Minute, 15*time.Second })
}

// Held lists the rules of the grant in all NSGs, each with its NSG.
func (w *World) Held(id jit.ID) []string {
	var out []string
	for _, nsg := range w.Azure.NSGs() {
		for _, r := range w.Azure.Rules(nsg) {
			if strings.Contains(r.Name, string(id)) {
				out = append(out, nsg+" "+r.Name)
			}
		}
	}
	return out
}

// AddTwin is a world where another virtual network has a VM with the address of
// dev-1, behind the group.
func (w *World) AddTwin(nsg string) string {
	const (
		group = azuresim.DemoDevGroup
		net   = group + "/providers/Microsoft.Network/virtualNetworks/copy-vnet"
		nic   = group + "/providers/Microsoft.Network/networkInterfaces/copy-1-nic"
		vm    = group + "/providers/Microsoft.Compute/virtualMachines/copy-1"
	)
	w.Azure.PutVNet(azuresim.VNet{
		ID: net, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"},
		Subnets: []azuresim.Subnet{{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: nsg}},
	})
	ip := azuresim.IPConfig{Name: "ipconfig1", Address: "10.30.1.4", Subnet: net + "/subnets/dev"}
	w.Azure.PutNIC(azuresim.NIC{ID: nic, Location: azuresim.DemoLocation, IPs: []azuresim.IPConfig{ip}})
	w.Azure.PutVM(azuresim.VM{ID: vm, Location: azuresim.DemoLocation, NICs: []string{nic}})
	return vm
}

// UnlistedGuards has no list of network security groups answered.
func UnlistedGuards() azuresim.Fault {
	broken := azuresim.Broken(http.StatusServiceUnavailable)
	broken.Match = func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasSuffix(strings.ToLower(r.URL.Path), "/providers/microsoft.network/networksecuritygroups")
	}
	return broken
}
