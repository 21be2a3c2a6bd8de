package view_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/protection"
)

func TestListsOfVMs(t *testing.T) {
	vm := jit.VM{ID: "/vm/web-1", Name: "web-1", Group: "rg", Tags: map[string]string{"env": "prod"}}
	o := wide()
	all := []lookup.ListedVM{
		{VM: vm, Protected: protection.Protected, Offer: o},
		{VM: vm, Protected: protection.Protected, Always: true, Offer: simple()},
		{VM: vm, Protected: protection.Protecting, Fault: "403 AuthorizationFailed: no rights", Offer: simple()},
		{VM: jit.VM{Name: "db_1", Group: "rg"}, Protected: protection.Unprotecting, Always: true},
		{VM: jit.VM{Name: "<!channel>", Group: "rg"}},
	}
	golden(t, "vms", view.VMs(all, "", false))
	golden(t, "vms-more", view.VMs(all[:1], "web", true))
	golden(t, "vms-none", view.VMs(nil, "", false))
	golden(t, "vms-none-of", view.VMs(nil, "<!channel> `x`", true))
	nasty := all[2]
	nasty.Fault, nasty.VM.Name, nasty.VM.Group = strings.Repeat("<!channel> ", 500), strings.Repeat("*", 500), strings.Repeat("_", 500)
	for range 100 {
		nasty.Offer.Ports = append(nasty.Offer.Ports, o.Ports[1])
	}
	raw, err := json.Marshal(view.VMs(slices.Repeat([]lookup.ListedVM{nasty}, 20), "", true))
	if err != nil {
		t.Fatal(err)
	}
	checkLimits(t, "a long list of VMs", raw)
}
