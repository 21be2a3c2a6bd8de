package jit_test

import (
	"net/netip"
	"strings"
	"testing"

	"jitbot/jit"
)

// What a firewall that is not looked at does is not guessed.
func TestClassifyBehindAnAppliance(t *testing.T) {
	vm := jit.VM{Name: "web-1", Interfaces: []jit.Interface{{Addresses: []jit.Address{{Addr: netip.MustParseAddr("10.0.0.4")}}}}}
	for want, around := range map[string]jit.Surroundings{
		"there is nothing to lock": {},
		"It cannot be told":        {Appliances: []netip.Addr{netip.MustParseAddr("10.0.9.4")}},
	} {
		if p := jit.Classify(vm, nil, around, jit.Facts{}); p.Class != jit.ClassNotApplicable || !strings.Contains(p.Why, want) {
			t.Errorf("%s: %+v", want, p)
		}
	}
}
