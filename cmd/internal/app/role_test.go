package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// printed are the actions of a role as it is printed.
func printed(t *testing.T, sweep bool) []string {
	t.Helper()
	out, err := app.Role(app.Config{Azure: azure.Config{Subscriptions: []string{azuresim.DemoSubscription}}}, sweep)
	if err != nil {
		t.Fatal(err)
	}
	var role struct{ Actions []string }
	if err := json.Unmarshal(out, &role); err != nil {
		t.Fatal(err)
	}
	return role.Actions
}

// ofFirewalls reports whether the texts of the role call the action one that only
// firewalls need.
func ofFirewalls(action string) bool {
	return strings.HasSuffix(action, "/join/action") || slices.ContainsFunc([]string{"azureFirewalls", "firewallPolicies", "ipGroups"}, func(kind string) bool {
		return strings.HasPrefix(action, "Microsoft.Network/"+kind+"/")
	})
}

// underRole gives the bot exactly the role that is printed.
func (w *world) underRole(role []string) {
	w.sim.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "printed", Custom: true, Actions: role})
	w.sim.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITFirewalls, Name: "none", Custom: true})
	w.sim.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
}

// joinOffice joins the network of the dev machines to an office.
func (w *world) joinOffice() {
	const (
		office  = azuresim.DemoDevGroup + "/providers/Microsoft.Network/localNetworkGateways/office"
		gateway = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworkGateways/gate"
		network = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	)
	w.sim.PutVNet(azuresim.VNet{ID: network, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"}, Subnets: []azuresim.Subnet{
		{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: azuresim.DemoDevNSG}, {Name: "open", Prefixes: []string{"10.30.2.0/24"}}, {Name: "GatewaySubnet", Prefixes: []string{"10.30.9.0/27"}},
	}})
	w.sim.PutNetworkGateway(azuresim.NetworkGateway{ID: gateway, Location: azuresim.DemoLocation, Subnet: network + "/subnets/GatewaySubnet"})
	w.sim.PutLocalGateway(azuresim.LocalGateway{ID: office, Location: azuresim.DemoLocation, Prefixes: []string{"192.168.0.0/24"}})
	w.sim.PutConnection(azuresim.Connection{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Network/connections/office", Location: azuresim.DemoLocation, Gateway: gateway, Site: office})
}

// used are the actions that were asked for; none of them may have been refused.
func (w *world) used() map[string]bool {
	w.t.Helper()
	used := map[string]bool{}
	for _, r := range w.sim.Requests() {
		used[r.Action] = true
		if r.Status == http.StatusForbidden {
			w.t.Errorf("%s %s was refused: the role lacks %s", r.Method, r.Path, r.Action)
		}
	}
	return used
}

// A whole life under exactly the role that is printed: nothing is refused, and
// nothing in it is more than is used.
func TestRoleIsWhatIsUsed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		role := printed(t, false)
		w.underRole(role)
		w.joinOffice()
		foreign := w.foreign()
		w.start()
		w.protect("jump-1")
		g := w.open(10*time.Minute, "jump-1", "web-2")
		w.scan(carol)
		if _, err := w.service.Explain(t.Context(), ada, "web-1", ada); err != nil {
			t.Error(err)
		}
		w.pass(time.Until(g.Clock.Deadline) + 30*time.Second)
		w.want(g.ID, jit.Closed)
		used := w.used()
		// What Azure may ask for where the simulator does not: the result of a
		// removal beside its operation, a rule after its write, the power state
		// that a machine is read with, and each element of a list of all kinds.
		for _, a := range []string{
			"Microsoft.Network/locations/operationResults/read", "Microsoft.Network/networkSecurityGroups/securityRules/read",
			"Microsoft.Compute/virtualMachines/instanceView/read", "Microsoft.ClassicCompute/virtualMachines/read",
		} {
			used[a] = true
		}
		if idle := slices.DeleteFunc(role, func(a string) bool { return used[a] || ofFirewalls(a) }); len(idle) > 0 {
			t.Errorf("nothing uses %q", idle)
		}
		w.promises(foreign)
	})
}

// The same behind both kinds of firewalls.
func TestRoleBehindFirewalls(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		role := printed(t, false)
		w.underRole(role)
		foreign, walls := w.foreign(), w.allWalls()
		w.start()
		for _, vm := range []string{"app-1", "core-1"} {
			g, err := w.ask(ada, 20*time.Minute, vm)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
				t.Fatal(err)
			}
			w.pass(35 * time.Minute)
			w.want(g.ID, jit.Closed)
			if !slices.Contains(w.kinds(g.ID), jit.EventOpened) {
				t.Errorf("%s was never open", vm)
			}
		}
		used := w.used()
		// What a document refers to is asked for without a request of its own.
		idle := slices.DeleteFunc(role, func(a string) bool { return used[a] || !ofFirewalls(a) || strings.HasSuffix(a, "/join/action") })
		if len(idle) > 0 {
			t.Errorf("nothing uses %q", idle)
		}
		if got := w.allWalls(); got != walls {
			t.Errorf("the firewalls are not as before:\n%s", got)
		}
		w.promises(foreign)
	})
}

// Where groups may be written as a whole, the role says so.
func TestRoleForGroupWrites(t *testing.T) {
	const whole = "Microsoft.Network/networkSecurityGroups/write"
	c := app.Config{Azure: azure.Config{Subscriptions: []string{azuresim.DemoSubscription}, GroupWrites: true}}
	for sweep, want := range map[bool]bool{false: true, true: false} {
		out, err := app.Role(c, sweep)
		if err != nil || strings.Contains(string(out), whole) != want {
			t.Errorf("sweep %t: %v in\n%s", sweep, err, out)
		}
	}
	if slices.Contains(printed(t, false), whole) {
		t.Error("without group_writes whole groups may be written")
	}
}

// The simulator's own list of what firewalls need is in the role as well.
func TestRoleForFirewalls(t *testing.T) {
	role := printed(t, false)
	for _, action := range azuresim.FirewallActions() {
		// Nothing reads application security groups by themselves.
		if !slices.Contains(role, action) && action != "Microsoft.Network/applicationSecurityGroups/read" {
			t.Errorf("the role lacks %s", action)
		}
	}
	if !slices.IsSorted(role) || len(slices.Compact(role)) != len(printed(t, false)) {
		t.Errorf("not in order, or twice: %q", role)
	}
}

// What the sweep's role may do besides reading and deleting is what its texts
// name.
func TestSweepRole(t *testing.T) {
	guards := slices.DeleteFunc(printed(t, true), ofFirewalls)
	want := []string{
		"Microsoft.Network/locations/operationResults/read",
		"Microsoft.Network/locations/operations/read",
		"Microsoft.Network/networkSecurityGroups/read",
		"Microsoft.Network/networkSecurityGroups/securityRules/delete",
		"Microsoft.Network/networkSecurityGroups/securityRules/read",
	}
	if diff := cmp.Diff(want, guards); diff != "" {
		t.Errorf("without firewalls (-want +got):\n%s", diff)
	}
	for _, words := range []string{"only read and delete", "azureFirewalls, firewallPolicies and ipGroups", "every join/action", "lock"} {
		if text := app.SweepWarning(); !strings.Contains(text, words) {
			t.Errorf("%q is not said in %s", words, text)
		}
	}
}
