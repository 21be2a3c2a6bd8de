package e2e_test

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// underRole gives the bot exactly the role that is printed.
func (w *world) underRole(role []string) {
	w.Azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "printed", Custom: true, Actions: role})
	w.Azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITFirewalls, Name: "none", Custom: true})
	w.Azure.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
}

// joinOffice joins the network of the dev machines to an office.
func (w *world) joinOffice() {
	const (
		office  = azuresim.DemoDevGroup + "/providers/Microsoft.Network/localNetworkGateways/office"
		gateway = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworkGateways/gate"
		network = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	)
	w.Azure.PutVNet(azuresim.VNet{ID: network, Location: azuresim.DemoLocation, Prefixes: []string{"10.30.0.0/16"}, Subnets: []azuresim.Subnet{
		{Name: "dev", Prefixes: []string{"10.30.1.0/24"}, NSG: azuresim.DemoDevNSG}, {Name: "open", Prefixes: []string{"10.30.2.0/24"}}, {Name: "GatewaySubnet", Prefixes: []string{"10.30.9.0/27"}},
	}})
	w.Azure.PutNetworkGateway(azuresim.NetworkGateway{ID: gateway, Location: azuresim.DemoLocation, Subnet: network + "/subnets/GatewaySubnet"})
	w.Azure.PutLocalGateway(azuresim.LocalGateway{ID: office, Location: azuresim.DemoLocation, Prefixes: []string{"192.168.0.0/24"}})
	w.Azure.PutConnection(azuresim.Connection{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Network/connections/office", Location: azuresim.DemoLocation, Gateway: gateway, Site: office})
}

// used are the actions that were asked for; none of them may have been refused.
func (w *world) used() map[string]bool {
	w.T.Helper()
	used := map[string]bool{}
	for _, r := range w.Azure.Requests() {
		used[r.Action] = true
		if r.Status == http.StatusForbidden {
			w.T.Errorf("%s %s was refused: the role lacks %s", r.Method, r.Path, r.Action)
		}
	}
	return used
}

// A whole life under exactly the role that is printed: nothing is refused, and
// nothing in it is more than is used.
func TestRoleIsWhatIsUsed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		role := simulated.RoleActions(t, app.BotRole, app.NoFirewalls)
		w.underRole(role)
		w.joinOffice()
		foreign := w.Foreign()
		w.Start()
		w.Protect("jump-1")
		g := w.Open(10*time.Minute, "jump-1", "web-2")
		w.Scan(carol)
		if _, err := w.Service.Explain(t.Context(), ada, "web-1", ada); err != nil {
			t.Error(err)
		}
		if _, err := w.Service.Witness(t.Context(), ada, "web-1"); err != nil {
			t.Error(err)
		}
		w.Pass(time.Until(g.Clock.Deadline) + 30*time.Second)
		w.Want(g.ID, jit.Closed)
		used := w.used()
		// What Azure may ask for where the simulator does not: the result of a
		// removal beside its operation, and a rule after its write.
		for _, a := range []string{"Microsoft.Network/locations/operationResults/read", "Microsoft.Network/networkSecurityGroups/securityRules/read"} {
			used[a] = true
		}
		if idle := slices.DeleteFunc(role, func(a string) bool { return used[a] }); len(idle) > 0 {
			t.Errorf("nothing uses %q", idle)
		}
		w.CheckPromises(foreign)
	})
}

// The same behind each kind of firewall, with the role for that kind alone.
func TestRoleBehindFirewalls(t *testing.T) {
	t.Run("classic", func(t *testing.T) { behindFirewall(t, app.ClassicFirewalls, "app-1") })
	t.Run("policy", func(t *testing.T) { behindFirewall(t, app.PolicyFirewalls, "core-1") })
	t.Run("all", func(t *testing.T) { behindFirewall(t, app.AllFirewalls, "app-1", "core-1") })
}

func behindFirewall(t *testing.T, kind app.Firewalls, vms ...string) {
	t.Helper()
	firewalled(t, func(t *testing.T, w *world) {
		role := simulated.RoleActions(t, app.BotRole, kind)
		w.underRole(role)
		if kind == app.ClassicFirewalls { // else there is a policy that the role may not read
			w.Azure.DeleteFirewall(azuresim.DemoEdgeFirewall)
		}
		foreign, firewalls := w.Foreign(), w.Firewalls()
		w.Start()
		w.Scan(carol)
		for _, vm := range vms {
			if _, err := w.Service.Explain(t.Context(), ada, vm, ada); err != nil {
				t.Error(err)
			}
			g, err := w.Ask(ada, 20*time.Minute, vm)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
				t.Fatal(err)
			}
			w.Pass(35 * time.Minute)
			w.Want(g.ID, jit.Closed)
			if !slices.Contains(w.Kinds(g.ID), jit.EventOpened) {
				t.Errorf("%s was never open", vm)
			}
		}
		used := w.used()
		// What a document refers to is asked for without a request of its own.
		without := simulated.RoleActions(t, app.BotRole, app.NoFirewalls)
		idle := slices.DeleteFunc(role, func(a string) bool {
			return used[a] || slices.Contains(without, a) || strings.HasSuffix(a, "/join/action") || a == "Microsoft.Network/virtualHubs/read"
		})
		if len(idle) > 0 {
			t.Errorf("nothing uses %q", idle)
		}
		if got := w.Firewalls(); got != firewalls {
			t.Errorf("the firewalls are not as before:\n%s", got)
		}
		w.CheckPromises(foreign)
	})
}

// Under the role that is printed for it the sweep closes all that is overdue; nothing is
// refused, and nothing in the role is more than is used.
func TestSweepRoleIsWhatIsUsed(t *testing.T) {
	t.Run("none", func(t *testing.T) { sweptUnderRole(t, app.NoFirewalls, "web-1") })
	t.Run("classic", func(t *testing.T) { sweptUnderRole(t, app.ClassicFirewalls, "app-1") })
	t.Run("policy", func(t *testing.T) { sweptUnderRole(t, app.PolicyFirewalls, "core-1") })
	t.Run("all", func(t *testing.T) { sweptUnderRole(t, app.AllFirewalls, "web-1", "app-1", "core-1") })
}

func sweptUnderRole(t *testing.T, kind app.Firewalls, vms ...string) {
	t.Helper()
	test := firewalled
	if kind == app.NoFirewalls {
		test = bubble
	}
	test(t, func(t *testing.T, w *world) {
		if kind == app.ClassicFirewalls {
			w.Azure.DeleteFirewall(azuresim.DemoEdgeFirewall)
		}
		w.Start()
		var last jit.Grant
		for _, vm := range vms {
			source := map[string]string{"core-1": "10.60.1.9/32"}[vm]
			last = w.ApprovedFrom(30*time.Minute, cmp.Or(source, adasAddress+"/32"), vm)
		}
		w.Pass(12 * time.Minute)
		last = w.Want(last.ID, jit.Open)
		w.Stop()
		role := simulated.RoleActions(t, app.SweepRole, kind)
		w.underRole(role)
		w.Azure.Reset()
		time.Sleep(time.Until(last.Clock.Until))
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, false, time.Now())
		if err != nil || len(found) == 0 || w.Ours() != 0 || strings.Contains(w.Firewalls(), string(last.ID)) {
			t.Errorf("not all is closed: %v, %v", found, err)
		}
		used := w.used()
		// As above; and the last rule of a policy goes with its group, which is written
		// where others are left.
		used["Microsoft.Network/locations/operationResults/read"] = true
		used["Microsoft.Network/networkSecurityGroups/securityRules/read"] = true
		used["Microsoft.Network/firewallPolicies/ruleCollectionGroups/write"] = true
		idle := slices.DeleteFunc(role, func(a string) bool {
			return used[a] || strings.HasSuffix(a, "/join/action") || a == "Microsoft.Network/virtualHubs/read"
		})
		if len(idle) > 0 {
			t.Errorf("nothing uses %q", idle)
		}
	})
}
