package azure_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// asking is a question that takes lists of Resource Manager or Graph.
type asking struct {
	name, path string // the path of the list
	ask        func(*testing.T, *world) error
}

// askings are all questions that take a list, by the list.
func askings() []asking {
	vms := func(t *testing.T, w *world) error {
		_, err := w.Client.VMs(t.Context(), azuresim.DemoSubscription)
		return err
	}
	tables := func(t *testing.T, w *world) error {
		_, err := w.Tables(t.Context(), azuresim.DemoSubscription)
		return err
	}
	around := func(t *testing.T, w *world) error {
		_, err := w.Topology(t.Context(), []jit.VM{{ID: azuresim.DemoWeb1}})
		return err
	}
	holdings := func(t *testing.T, w *world) error {
		_, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1)
		return err
	}
	own := func(t *testing.T, w *world) error {
		_, err := w.OwnHoldings(t.Context(), azuresim.DemoWebNICNSG)
		return err
	}
	return []asking{
		{"machines", "/virtualMachines", vms},
		{"interfaces of machines", "/networkInterfaces", vms},
		{"networks", "/virtualNetworks", vms},
		{"public addresses", "/publicIPAddresses", vms},
		{"firewalls of machines", "/azureFirewalls", vms},
		{"route tables", "/routeTables", vms},
		{"policies' groups of machines", "/ruleCollectionGroups", vms},
		{"power states", "/virtualMachines", func(t *testing.T, w *world) error { _, err := w.Powers(t.Context()); return err }},
		{"interfaces", "/networkInterfaces", func(t *testing.T, w *world) error { _, err := w.Interfaces(t.Context()); return err }},
		{"groups", "/networkSecurityGroups", tables},
		{"firewalls", "/azureFirewalls", tables},
		{"policies' groups", "/ruleCollectionGroups", tables},
		{"load balancers", "/loadBalancers", around},
		{"routes around", "/routeTables", around},
		{"role assignments", "/roleAssignments", holdings},
		{"deny assignments", "/denyAssignments", holdings},
		{"groups of a person", "/transitiveMemberOf", holdings},
		{"own permissions", "/permissions", own},
		{"own deny assignments", "/denyAssignments", own},
		{"locks", "/locks", func(t *testing.T, w *world) error {
			_, err := w.LocksOver(t.Context(), []string{azuresim.DemoWebNICNSG})
			return err
		}},
		{"all locks", "/locks", func(t *testing.T, w *world) error { _, err := w.AllLocks(t.Context()); return err }},
		{"admin rules", "/listNetworkManagerEffectiveSecurityAdminRules", func(t *testing.T, w *world) error {
			_, err := w.AdminRules(t.Context(), azuresim.DemoWebGroup+"/providers/Microsoft.Network/virtualNetworks/prod-vnet")
			return err
		}},
	}
}

// in asks in a world with firewalls of both kinds and a deny assignment, so that
// each list has something in it.
func (a asking) in(t *testing.T, change func(*world)) error {
	t.Helper()
	var err error
	synctest.Test(t, func(t *testing.T) {
		signIn(t, azuresim.DefaultClientSecret)
		w := newWorld(t)
		azuresim.SeedFirewalls(w.Sim)
		for i := range 2 {
			name := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			w.Deny(azuresim.DenyAssignment{Scope: azuresim.DemoWebGroup, Actions: []string{"Microsoft.Nothing/read"}, Principals: []string{azuresim.DemoGrace}})
			w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoWeb1, Role: azuresim.RoleReader, Principal: azuresim.DemoAda, Name: name})
			w.PutLoadBalancer(azuresim.LoadBalancer{ID: azuresim.DemoWebGroup + "/providers/Microsoft.Network/loadBalancers/lb" + name, Location: azuresim.DemoLocation})
		}
		for i := range 1000 { // more than fit a page of Graph
			w.PutGroup(azuresim.Group{ID: fmt.Sprintf("61000000-0000-4000-8000-%012d", i), Name: "g", Members: []string{azuresim.DemoAda}})
		}
		change(w)
		err = a.ask(t, w)
	})
	return err
}

// isList reports whether a request is for the list, or a page of it, and not for one
// element.
func (a asking) isList(r *http.Request) bool {
	return strings.HasSuffix(strings.ToLower(r.URL.Path), strings.ToLower(a.path))
}

// refuses holds that the question is answered while all is well, and is not with such a body.
func (a asking) refuses(t *testing.T, body string) {
	t.Helper()
	if err := a.in(t, func(*world) {}); err != nil {
		t.Fatalf("well: %v", err)
	}
	hits := 0
	err := a.in(t, func(w *world) {
		w.AddFault(azuresim.Fault{Match: func(r *http.Request) bool {
			if a.isList(r) {
				hits++
			}
			return a.isList(r)
		}, Status: http.StatusOK, Body: body})
	})
	if err == nil || hits == 0 {
		t.Errorf("after %d such answers: %v", hits, err)
	}
}

// An answer to a list that has no list in it says nothing: it never counts as an empty
// one.
func TestNoListIsNoEmptyList(t *testing.T) {
	for _, a := range askings() {
		for _, body := range []string{`{}`, `{"value":null}`, `null`} {
			t.Run(a.name+" "+body, func(t *testing.T) { a.refuses(t, body) })
		}
	}
}

// A list of which a later page fails, or is on another host, is no whole list.
func TestHalfAListIsNone(t *testing.T) {
	for _, a := range askings() {
		if slices.Contains([]string{"admin rules", "locks", "all locks", "own permissions"}, a.name) {
			continue // they are asked for by a body, or are in one page there
		}
		t.Run(a.name, func(t *testing.T) {
			hits := 0
			err := a.in(t, func(w *world) {
				w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
				w.AddFault(azuresim.Fault{Match: func(r *http.Request) bool {
					later := a.isList(r) && strings.Contains(r.URL.RawQuery, "skiptoken")
					if later {
						hits++
					}
					return later
				}, Status: http.StatusInternalServerError, Code: "InternalServerError", Message: "no"})
			})
			if err == nil || hits == 0 {
				t.Errorf("after %d failing pages: %v", hits, err)
			}
		})
	}
}

// An answer about a resource that is not of one says nothing: no machine without
// interfaces, no subnet without a group, no guard without rules.
func TestNoResourceIsNoEmptyOne(t *testing.T) {
	table := func(guard string) func(*testing.T, *world) error {
		return func(t *testing.T, w *world) error { _, err := w.Table(t.Context(), guard); return err }
	}
	machine := func(t *testing.T, w *world) error { _, err := w.VM(t.Context(), azuresim.DemoWeb1); return err }
	public := func(t *testing.T, w *world) error { _, err := w.VM(t.Context(), azuresim.DemoJump); return err }
	for _, a := range []asking{
		{"machine", "/virtualMachines/web-1", machine},
		{"interface", "/networkInterfaces/web-1-nic", machine},
		{"subnet", "/subnets/web", machine},
		{"public address", "/publicIPAddresses/jump-ip", public},
		{"group", "/networkSecurityGroups/web-nic-nsg", table(azuresim.DemoWebNICNSG)},
		{"firewall", "/azureFirewalls/hub-fw", table(azuresim.DemoFirewall)},
		{"policy", "/firewallPolicies/edge-policy", table(azuresim.DemoEdgePolicy + "/ruleCollectionGroups/jitbot-prod")},
		{"policy above", "/firewallPolicies/corp-policy", table(azuresim.DemoEdgePolicy + "/ruleCollectionGroups/jitbot-prod")},
	} {
		for _, body := range []string{`{}`, `null`} {
			t.Run(a.name+" "+body, func(t *testing.T) { a.refuses(t, body) })
		}
	}
}

// No list follows a link to another host, which would be sent the token.
func TestNoPageIsOnAnotherHost(t *testing.T) {
	for _, a := range askings() {
		if a.name == "admin rules" {
			continue // their pages have no links
		}
		t.Run(a.name, func(t *testing.T) {
			err := a.in(t, func(w *world) {
				link := `"nextLink":"https://evil.test/next","@odata.nextLink":"https://evil.test/next"`
				w.AddFault(azuresim.Fault{Match: a.isList, Status: http.StatusOK, Body: `{"value":[],` + link + `}`})
				w.AddFault(azuresim.Fault{Match: func(r *http.Request) bool {
					if r.Host == "evil.test" {
						t.Errorf("%s is asked", r.URL)
					}
					return false
				}})
			})
			if err == nil {
				t.Error("the list counts as whole")
			}
		})
	}
}
