package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// walk does one thing after another to a world, and to a twin of its network
// that jitbot never touches: what the foreign rules alone say.
type walk struct {
	*world
	twin   *azuresim.Sim
	random *rand.Rand
	locked map[string]bool   // VMs that are to be shut
	grants map[string]jit.ID // VM -> a grant that is open
	trail  []string
}

// places are VMs that the foreign rules leave open to all, to nobody and to
// one office.
func places() map[string]string {
	return map[string]string{"jump-1": azuresim.DemoJump, "web-1": azuresim.DemoWeb1, "dev-1": azuresim.DemoDev1}
}

// After any sequence of protect, grant, end, unprotect and drift the foreign
// rules are as before, and who reaches what is exactly what the protections
// and the open grants say.
func TestAnySequence(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				k := &walk{
					world: w, twin: azuresim.New(azuresim.Options{}), random: rand.New(rand.NewPCG(seed, 1)),
					locked: map[string]bool{}, grants: map[string]jit.ID{},
				}
				azuresim.SeedDemo(k.twin)
				foreign := w.foreign()
				w.start()
				for range 14 {
					k.step()
					w.pass(70 * time.Second)
					k.check(t)
				}
				w.promises(foreign)
			})
		})
	}
}

func (k *walk) step() {
	names := slices.Sorted(maps.Keys(places()))
	vm := names[k.random.IntN(len(names))]
	steps := []struct {
		name string
		do   func(vm string)
	}{{"protect", k.protectIt}, {"unprotect", k.unprotectIt}, {"open", k.openIt}, {"done", k.endIt}, {"drift", k.driftAt}, {"restart", k.restart}}
	one := steps[k.random.IntN(len(steps))]
	k.trail = append(k.trail, one.name+" "+vm)
	one.do(vm)
}

func (k *walk) protectIt(vm string) {
	results, err := k.service.Protect(k.t.Context(), carol, []string{vm}, nil)
	if err != nil || results[0].Err != nil {
		k.t.Fatalf("%v: %v %v", k.trail, results, err)
	}
	k.locked[vm] = true
}

func (k *walk) unprotectIt(vm string) {
	if !k.locked[vm] {
		return
	}
	results, err := k.service.Unprotect(k.t.Context(), carol, []string{vm})
	if err != nil || results[0].Err != nil {
		k.t.Fatalf("%v: %v %v", k.trail, results, err)
	}
	delete(k.locked, vm)
}

func (k *walk) openIt(vm string) {
	if k.grants[vm] == "" {
		k.grants[vm] = k.open(3*time.Hour, vm).ID
	}
}

func (k *walk) endIt(vm string) {
	if id := k.grants[vm]; id != "" {
		if _, err := k.service.Done(k.t.Context(), ada, id); err != nil {
			k.t.Fatalf("%v: %v", k.trail, err)
		}
		delete(k.grants, vm)
	}
}

// driftAt removes, as a hand in the portal would, one rule of ours somewhere.
func (k *walk) driftAt(string) {
	for _, nsg := range k.sim.NSGs() {
		for _, r := range k.sim.Rules(nsg) {
			if isOurs(r.Name) {
				if err := k.sim.DeleteRule(nsg, r.Name); err != nil {
					k.t.Fatal(err)
				}
				return
			}
		}
	}
}

func (k *walk) restart(string) {
	k.stop()
	k.start()
}

func (k *walk) check(t *testing.T) {
	t.Helper()
	for name, vm := range places() {
		for _, from := range []string{"203.0.113.7", "203.0.113.99", "198.51.100.10"} {
			source := netip.MustParseAddr(from)
			foreign, _ := k.twin.Reachable(vm, source, 22, "Tcp")
			want := foreign && !k.locked[name] || k.grants[name] != "" && from == "203.0.113.7"
			if got, why := k.sim.Reachable(vm, source, 22, "Tcp"); got != want {
				t.Fatalf("after %v: %s from %s reachable %t, want %t: %s", k.trail, name, from, got, want, why)
			}
		}
	}
}
