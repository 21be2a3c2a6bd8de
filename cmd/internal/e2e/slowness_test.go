package e2e_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// crowd adds VMs called crowd-0 and so on, behind the group, or bare when it is
// empty.
func (w *world) crowd(n int, nsg string) {
	w.T.Helper()
	const group = azuresim.DemoDevGroup
	const net = group + "/providers/Microsoft.Network/virtualNetworks/crowd-vnet"
	w.Azure.PutVNet(azuresim.VNet{
		ID: net, Location: azuresim.DemoLocation, Prefixes: []string{"10.99.0.0/16"},
		Subnets: []azuresim.Subnet{{Name: "crowd", Prefixes: []string{"10.99.0.0/16"}, NSG: nsg}},
	})
	for i := range n {
		nic := fmt.Sprintf("%s/providers/Microsoft.Network/networkInterfaces/crowd-%d-nic", group, i)
		w.Azure.PutNIC(azuresim.NIC{ID: nic, Location: azuresim.DemoLocation, IPs: []azuresim.IPConfig{
			{Name: "ipconfig1", Address: fmt.Sprintf("10.99.1.%d", i+4), Subnet: net + "/subnets/crowd"},
		}})
		vm := fmt.Sprintf("%s/providers/Microsoft.Compute/virtualMachines/crowd-%d", group, i)
		w.Azure.PutVM(azuresim.VM{ID: vm, Location: azuresim.DemoLocation, NICs: []string{nic}, Tags: map[string]string{"crowd": "yes"}})
	}
}

// Sixteen openings of many VMs each, which Azure takes minutes to be asked about,
// delay nobody else's.
func TestLongOpeningsDelayNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.Configure(func(s *azuresim.Settings) { s.Throttle = false }) // it is slow, not out of requests
		w.crowd(10, azuresim.DemoDevNSG)
		var names []string
		for i := range 10 {
			names = append(names, fmt.Sprint("crowd-", i))
		}
		w.Start()
		var grants []jit.Grant
		for i := range 16 {
			g, err := w.AskFrom(ada, time.Hour, fmt.Sprintf("203.0.113.%d/32", i), names...)
			if err != nil {
				t.Fatal(err)
			}
			grants = append(grants, g)
		}
		w.Azure.AddFault(azuresim.Fault{Path: "/virtualMachines/crowd-", Latency: 15 * time.Second})
		var wg sync.WaitGroup
		for _, g := range grants {
			wg.Go(func() {
				if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, g := range grants {
			w.Want(g.ID, jit.Opening)
		}
		g := w.Approved("web-1")
		w.Pass(15 * time.Second)
		w.Want(g.ID, jit.Open)
		w.Want(grants[15].ID, jit.Opening)
	})
}

// Machines that cannot be protected as the configuration has it are let be longer
// and longer, until they are not as they were.
func TestWhatCannotBeProtectedIsLetBe(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const machines = 100
		w.crowd(machines, "")
		w.Config.Policies = append([]policies.Policy{w.Config.Policies[0]}, w.Config.Policies...)
		w.Config.Policies[0].Always = true
		w.Config.Policies[0].Match = policies.Match{Tags: map[string]string{"crowd": "yes"}}
		w.Start()
		w.Pass(time.Hour)
		if n := len(w.Sent("GET", "/virtualMachines/crowd-")); n < machines || n > 10*machines {
			t.Errorf("%d machines were read %d times in an hour", machines, n)
		}
		const vm, nic = azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/crowd-7", azuresim.DemoDevGroup + "/providers/Microsoft.Network/networkInterfaces/crowd-7-nic"
		card, _ := w.Azure.NIC(nic)
		card.NSG = azuresim.DemoDevNSG
		w.Azure.PutNIC(card)
		w.Pass(time.Minute)
		if !w.IsProtected(vm) {
			t.Error("one that can be is not protected within a minute")
		}
	})
}

// What is overdue is swept everywhere within seconds, though one group of 200 hangs
// and a subscription is sick.
func TestSweepWaitsForNobody(t *testing.T) {
	for name, fall := range sicknesses() {
		t.Run(name, func(t *testing.T) {
			threefold(t, func(t *testing.T, w *world) {
				const until = "jitbot g-7k2qd U1 until 2000-01-01T00:00:00Z"
				var overdue []string
				for i := range 200 {
					nsg := fmt.Sprintf("%s/providers/Microsoft.Network/networkSecurityGroups/many-%d", azuresim.DemoDevGroup, i)
					if err := w.Azure.PutNSG(azuresim.NSG{ID: nsg, Location: azuresim.DemoLocation}); err != nil {
						t.Fatal(err)
					}
					overdue = append(overdue, nsg)
				}
				overdue = append(overdue, azuresim.DemoArchiveNICNSG)
				for _, nsg := range overdue {
					w.Plant(nsg, orphan, "Allow", "203.0.113.99", 200, strings.Replace(until, "g-7k2qd", "g-99999", 1))
				}
				fall(w)
				hang := azuresim.HangingRequest()
				hang.Path = "/many-7/"
				fault := w.Azure.AddFault(hang)
				var err error
				var wg sync.WaitGroup
				wg.Go(func() {
					_, err = sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
				})
				w.Pass(10 * time.Second)
				for i, nsg := range overdue {
					if left := w.Holds(nsg, orphan); left != (i == 7) {
						t.Errorf("%s: left %v after 10 s", nsg, left)
					}
				}
				fault.Remove()
				w.Azure.ClearFaults()
				wg.Wait()
				if (err == nil) != (name == "disabled") && name != "silent" {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// A list of firewalls that Azure does not show is a fault of the sweep, and named:
// what is overdue may stand in one.
func TestSweepSaysThatFirewallsAreHidden(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		azure := simulated.AzureConfig(t, w.Azure)
		custom := config.Custom{
			AuthorityHost: azure.Custom.AuthorityHost, ResourceManager: config.Endpoint(azure.Custom.ResourceManager),
			Graph: config.Endpoint(azure.Custom.Graph),
		}
		var out bytes.Buffer
		o := app.Options{
			Config: config.Config{Jit: w.Config, Azure: config.Azure{Subscriptions: azure.Subscriptions, Cloud: config.CustomCloud, Custom: custom}},
			Out:    &out, Credential: azure.Credential, Transport: azure.Transport,
		}
		if err := app.Sweep(t.Context(), o, false); err != nil {
			t.Fatal(err)
		}
		w.Azure.AddFault(azuresim.Forbidden().On("GET", "/azureFirewalls"))
		err := app.Sweep(t.Context(), o, false)
		if err == nil || !strings.Contains(err.Error(), "firewalls of subscription "+azuresim.DemoSubscription) || !strings.Contains(err.Error(), "role --sweep") {
			t.Errorf("%v\n%s", err, out.String())
		}
	})
}
