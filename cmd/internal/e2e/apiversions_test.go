package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// In a government cloud that is two years behind a whole life works in the versions
// that Azure is found to serve, and not one is opened in those that it does not.
func TestLifeInACloudThatIsBehind(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.ServeVersions("Microsoft.Network", "2022-09-01", "2023-09-01")
		w.Azure.ServeVersions("Microsoft.Compute", "2023-03-01", "2023-07-01")
		versions := map[string]string{}
		for _, s := range w.Client.ServedVersions(t.Context()) {
			versions[s.Key] = s.Works
		}
		w.Start()
		if g, err := w.Ask(ada, time.Hour, "web-1"); err == nil {
			t.Errorf("it takes a request: %s is %s", g.ID, g.State)
		}
		w.Stop()
		w.Client = w.Connect(func(c *azure.Config) {
			c.APIVersions = azure.APIVersions{Network: versions["network"], Compute: versions["compute"], Authorization: versions["authorization"]}
		})
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if !w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the grant is open, but the port is not")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 || w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the access is still open")
		}
		w.CheckPromises(foreign)
	})
}

// So it works behind firewalls of both kinds, where drafts of a policy are in no version
// that is served; whether there is one is not known then.
func TestLifeBehindFirewallsInACloudThatIsBehind(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.QuickFirewalls()
		w.Azure.ServeVersions("Microsoft.Network", "2022-09-01", "2023-09-01")
		w.Azure.ServeVersions("Microsoft.Network/firewallPolicies/firewallPolicyDrafts", "2023-11-01")
		w.Azure.ServeVersions("Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollectionGroupDrafts", "2023-11-01")
		w.Azure.ServeVersions("Microsoft.Compute", "2023-03-01", "2023-07-01")
		versions := map[string]string{}
		for _, s := range w.Client.ServedVersions(t.Context()) {
			versions[s.Key] = s.Works
		}
		w.Client = w.Connect(func(c *azure.Config) {
			c.APIVersions = azure.APIVersions{Network: versions["network"], Compute: versions["compute"], Authorization: versions["authorization"]}
		})
		foreign, firewalls := w.Foreign(), w.Firewalls()
		w.Azure.Reset()
		w.Start()
		w.Protect("web-1")
		w.Scan(carol)
		for vm, source := range map[string]string{"core-1": "10.60.1.9", "app-1": adasAddress} {
			g := w.ApprovedFrom(30*time.Minute, source+"/32", vm)
			w.Pass(5 * time.Minute)
			g = w.Want(g.ID, jit.Open)
			if unknown := strings.Contains(strings.Join(g.Notes, " "), "has a draft"); unknown != (vm == "core-1") || len(g.Paths) < 2 {
				t.Errorf("the card of %s says %q", vm, g.Notes)
			}
			if vm == "core-1" && !w.Connects(azuresim.DemoCore, source, 22) {
				t.Error("core-1 is open, and is not reached")
			}
			w.Pass(time.Until(g.Clock.Deadline) + 5*time.Minute)
			w.Want(g.ID, jit.Closed)
		}
		if w.Firewalls() != firewalls {
			t.Error("the firewalls are not as before")
		}
		for _, r := range w.Azure.Requests() {
			if strings.Contains(r.Query, "2025-05-01") {
				t.Errorf("%s %s asks for a version that is not served", r.Method, r.Path)
			}
		}
		w.CheckPromises(foreign)
	})
}

// While Azure refuses the version of one type of its API, in whatever words, nothing
// of that type counts as gone: no access ends for it, no closing is agreed, what is
// opened meanwhile says why it is not, and all of it goes on once the version is served.
func TestVersionRefusedInALife(t *testing.T) {
	ways := []azuresim.VersionRefusal{azuresim.NoRegisteredProvider, azuresim.InvalidType, azuresim.InvalidVersion}
	for i, kind := range []string{
		"Microsoft.Compute/virtualMachines", "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks",
		"Microsoft.Network/publicIPAddresses", "Microsoft.Network/routeTables", "Microsoft.Network/loadBalancers",
		"Microsoft.Network/networkSecurityGroups", "Microsoft.Network/networkSecurityGroups/securityRules", "Microsoft.Network/locations",
		"Microsoft.Network/azureFirewalls", "Microsoft.Network/firewallPolicies", "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
		"Microsoft.Network/firewallPolicies/firewallPolicyDrafts", "Microsoft.Network/virtualNetworks/subnets",
		"Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules", "Microsoft.Network",
		"Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions", "Microsoft.Authorization/denyAssignments",
		"Microsoft.Authorization/locks", "Microsoft.Authorization/permissions",
	} {
		t.Run(kind, func(t *testing.T) {
			firewalled(t, func(_ *testing.T, w *world) {
				w.Azure.Configure(func(s *azuresim.Settings) { s.VersionRefusal = ways[i%len(ways)] })
				w.liveThrough(func() (end func()) {
					w.Azure.ServeVersions(kind, "2015-06-15")
					return func() { w.Azure.ServeVersions(kind) }
				}, "version")
			})
		})
	}
}

// While a later page of a list fails, what is on the pages before it never counts as
// all there is.
func TestHalfListsInALife(t *testing.T) {
	for _, list := range []string{
		"/virtualMachines", "/networkInterfaces", "/virtualNetworks", "/publicIPAddresses", "/routeTables", "/networkSecurityGroups",
		"/azureFirewalls", "/ruleCollectionGroups", "/roleAssignments",
	} {
		t.Run(list[1:], func(t *testing.T) {
			firewalled(t, func(_ *testing.T, w *world) {
				w.liveThrough(func() (end func()) {
					w.Azure.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
					broken := azuresim.Broken(http.StatusServiceUnavailable)
					broken.Match = func(r *http.Request) bool {
						return strings.HasSuffix(r.URL.Path, list) && strings.Contains(r.URL.RawQuery, "skiptoken")
					}
					return w.Azure.AddFault(broken).Remove
				}, "")
			})
		})
	}
}

// liveThrough is a life in which something is amiss for 15 minutes, after which all is
// well again; what is overdue, or not opened, says why in those words.
func (w *world) liveThrough(trouble func() (end func()), words string) {
	t := w.T
	w.QuickFirewalls()
	foreign, firewalls := w.Foreign(), w.ForeignFirewalls()
	w.Start()
	w.Protect("jump-1")
	kept := w.Open(34*time.Minute, "web-1")
	behind := w.ApprovedFrom(34*time.Minute, "10.60.1.9/32", "core-1")
	short := w.ApprovedFrom(14*time.Minute, "10.60.1.10/32", "core-1")
	w.Pass(4 * time.Minute)
	behind = w.Want(behind.ID, jit.Open)
	short = w.Want(short.ID, jit.Open)
	ending := w.Open(10*time.Minute, "web-2")
	waiting, err := w.Ask(ada, time.Hour, "dev-1")
	if err != nil {
		t.Fatal(err)
	}

	end := trouble()
	began := time.Now()
	_, refused := w.Service.Approve(t.Context(), grace, waiting.ID)
	for time.Since(began) < 15*time.Minute {
		w.Pass(30 * time.Second)
		w.Want(kept.ID, jit.Open)
		w.Want(behind.ID, jit.Open)
		for _, g := range []jit.Grant{ending, short} {
			if held := len(w.Held(g.ID)) > 0 || w.InFirewalls(g.ID); held && w.Grant(g.ID).State == jit.Closed {
				t.Fatalf("%s is called closed, and is not: %q", g.ID, w.Held(g.ID))
			}
		}
		if !w.IsProtected(azuresim.DemoJump) {
			t.Fatal("the protection is gone")
		}
	}
	if g := w.Grant(waiting.ID); g.Clock.Opened.IsZero() && g.State == jit.Closed {
		if !strings.Contains(g.Decision.Reason, words) {
			t.Errorf("it was not opened, and says %q", g.Decision.Reason)
		}
	} else if refused != nil && !strings.Contains(refused.Error(), words) && !strings.Contains(refused.Error(), "try again") {
		t.Errorf("its approval says %v", refused)
	}
	if g := w.Grant(ending.ID); g.State != jit.Closed && !slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return strings.Contains(p.Fault, words) }) {
		t.Errorf("it is overdue, and its card says %+v", g.Paths)
	}

	end()
	w.Pass(8 * time.Minute)
	w.Want(kept.ID, jit.Open)
	w.Want(behind.ID, jit.Open)
	w.Want(ending.ID, jit.Closed)
	w.Want(short.ID, jit.Closed)
	if len(w.Held(ending.ID)) > 0 || w.InFirewalls(short.ID) || !w.Reachable(azuresim.DemoWeb1, adasAddress) {
		t.Error("after it all it is not as it should be")
	}
	w.Pass(time.Until(behind.Clock.Deadline) + 4*time.Minute)
	w.Want(kept.ID, jit.Closed)
	w.Want(behind.ID, jit.Closed)
	if w.ForeignFirewalls() != firewalls {
		t.Error("somebody else's rules of a firewall changed")
	}
	w.CheckPromises(foreign)
}
