package azure_test

import (
	"fmt"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// Admin rules are read to the last page, as Azure writes them, and are believed for a
// minute; a decision that is not understood is an error, never no rule.
func TestAdminRules(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	w := newWorld(t)
	const network = azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/prod-vnet"
	if got, err := w.AdminRules(t.Context(), network); err != nil || len(got) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
	var all []azuresim.AdminRule
	for i := range 250 {
		all = append(all, azuresim.AdminRule{Name: fmt.Sprint("r", i), Access: "Deny", Priority: i + 1, Sources: []string{"Internet"}})
	}
	all[249] = azuresim.AdminRule{Name: "last", Access: "AlwaysAllow", Priority: 4096, Protocol: "Tcp", Direction: "Outbound", Ports: []string{"22", "80-90"}, Default: true}
	const other = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	w.SetAdminRules(other, all...)
	got, err := w.AdminRules(t.Context(), other)
	if err != nil || len(got) != 250 {
		t.Fatalf("%d rules, %v", len(got), err)
	}
	last := fmt.Sprintf("%+v", got[249])
	for _, want := range []string{"Name:last", "Priority:4096", "Inbound:false", "Allow:true", "Protocol:tcp", "Sources:[*]", "Ports:[22 80-90]", "Final:true", "/networkmanagers/manager "} {
		if !strings.Contains(last, want) {
			t.Errorf("%s is not in %s", want, last)
		}
	}
	if first := got[0]; first.Allow || first.Final || !first.Inbound || first.Sources[0] != "Internet" {
		t.Errorf("the first is %+v", first)
	}
	w.SetAdminRules(other, azuresim.AdminRule{Name: "new", Access: "Ponder", Priority: 1})
	if again, err := w.AdminRules(t.Context(), strings.ToUpper(other)); err != nil || len(again) != 250 {
		t.Errorf("within a minute it is asked again: %d, %v", len(again), err)
	}
	const third = azuresim.DemoDBGroup + "/providers/Microsoft.Network/virtualNetworks/db-vnet"
	w.SetAdminRules(third, azuresim.AdminRule{Name: "new", Access: "Ponder", Priority: 1})
	if _, err := w.AdminRules(t.Context(), third); err == nil || !strings.Contains(err.Error(), "Ponder") {
		t.Errorf("what is not understood is %v", err)
	}
	if _, err := w.AdminRules(t.Context(), "/subscriptions/x/../y"); err == nil {
		t.Error("a path that is none is asked for")
	}
}

// Of several pages one that is empty is not the last, and one that fails leaves nothing
// that is known.
func TestAdminRulePages(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	w := newWorld(t)
	const dev = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet"
	var all []azuresim.AdminRule
	for i := range 250 {
		all = append(all, azuresim.AdminRule{Name: fmt.Sprint("r", i), Access: "Deny", Priority: i + 1})
	}
	w.SetAdminRules(dev, all...)
	empty := azuresim.Fault{Status: 200, Body: `{"value":[],"skipToken":"0"}`}
	w.AddFault(empty.On("POST", "dev-vnet/listNetworkManagerEffectiveSecurityAdminRules").Only(1))
	if got, err := w.AdminRules(t.Context(), dev); err != nil || len(got) != 250 {
		t.Errorf("after an empty page: %d rules, %v", len(got), err)
	}
	const web = azuresim.DemoWebGroup + "/providers/Microsoft.Network/virtualNetworks/prod-vnet"
	w.SetAdminRules(web, all...)
	failing := azuresim.Forbidden().On("POST", "prod-vnet/listNetworkManagerEffectiveSecurityAdminRules")
	failing.Skip = 2
	w.AddFault(failing)
	if got, err := w.AdminRules(t.Context(), web); err == nil || len(got) != 0 {
		t.Errorf("with a last page that fails: %d rules, %v", len(got), err)
	}
	const db = azuresim.DemoDBGroup + "/providers/Microsoft.Network/virtualNetworks/db-vnet"
	w.AddFault(empty.On("POST", "db-vnet/listNetworkManagerEffectiveSecurityAdminRules"))
	if _, err := w.AdminRules(t.Context(), db); err == nil {
		t.Error("pages that never end are called none")
	}
}
