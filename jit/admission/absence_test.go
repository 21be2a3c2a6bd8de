package admission_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

func TestAbsences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const guard, moved = "/subscriptions/s/resourceGroups/a/providers/x/y/web-nsg", "/subscriptions/s/resourceGroups/b/providers/x/y/Web-NSG"
		a, began := admission.NewAbsences(), time.Now()
		for range 10 {
			if first := a.Missed(guard); !first.Equal(began) {
				t.Errorf("missed first at %s", first)
			}
			time.Sleep(time.Minute)
		}
		if got := a.Namesakes(moved); !slices.Equal(got, []string{strings.ToLower(guard)}) || len(a.Namesakes(guard)) > 0 {
			t.Errorf("namesakes %v, of itself %v", got, a.Namesakes(guard))
		}
		a.Seen(moved)
		a.Seen(guard)
		if now := time.Now(); !a.Missed(guard).Equal(now) || len(a.Namesakes(moved)) != 1 {
			t.Error("what was seen meanwhile was missing all along")
		}
		time.Sleep(time.Hour) // nobody asked meanwhile
		if now := time.Now(); len(a.Namesakes(moved)) > 0 || !a.Missed(guard).Equal(now) {
			t.Error("what nobody asked for was missing all along")
		}
	})
}

func TestHeirs(t *testing.T) {
	at := func(address, guard, subnetGuard string) jit.VM {
		a := jit.Address{Addr: netip.MustParseAddr(address), SubnetGuard: subnetGuard}
		return jit.VM{ID: "/new", Interfaces: []jit.Interface{{Guard: guard, Addresses: []jit.Address{a}}}}
	}
	p := protection.Protection{
		VM: "/old", Interfaces: map[string][]netip.Addr{"/nic-1": nil}, Detached: map[string][]netip.Addr{"/nic-2": nil}, Bare: []netip.Addr{netip.MustParseAddr("10.0.0.9")},
		Paths: []guardpath.Path{{VM: "/old", Guard: "/a/web-nsg", Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}}},
	}
	for name, c := range map[string]struct {
		vm   jit.VM
		want bool
	}{
		"at the interface":         {at("10.0.0.4", "/a/web-nsg", ""), true},
		"at the subnet":            {at("10.0.0.4", "", "/A/WEB-NSG"), true},
		"of a group that moved":    {at("10.0.0.4", "/b/web-nsg", "/b/other"), true},
		"of a namesake":            {at("10.0.0.4", "/c/web-nsg", ""), false},
		"an interface of it":       {jit.VM{ID: "/new", Interfaces: []jit.Interface{{ID: "/NIC-1"}}}, true},
		"one that was detached":    {jit.VM{ID: "/new", Interfaces: []jit.Interface{{ID: "/nic-2"}}}, true},
		"another address":          {at("10.0.0.5", "/a/web-nsg", ""), false},
		"behind another group":     {at("10.0.0.4", "/a/db-nsg", ""), false},
		"behind none":              {at("10.0.0.4", "", ""), false},
		"behind none, as it was":   {at("10.0.0.9", "", ""), true},
		"no address of it, no NSG": {at("10.0.0.8", "", ""), false},
	} {
		moved := func(string) bool { return name != "of a namesake" }
		if found := admission.Heirs(p, map[string]jit.VM{"/new": c.vm}, moved); (len(found) > 0) != c.want {
			t.Errorf("%s: %v", name, found)
		}
	}
	own := at("10.0.0.4", "/a/web-nsg", "")
	own.ID = "/OLD"
	if found := admission.Heirs(p, map[string]jit.VM{"/old": own}, func(string) bool { return true }); len(found) > 0 {
		t.Error("it is its own heir")
	}
}
