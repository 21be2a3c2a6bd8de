package azure_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// An answer without an etag leaves no condition for a write of the whole: the changes
// are made rule by rule, and what somebody wrote meanwhile stays.
func TestNoEtagNoWriteOfTheWhole(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		w.AddFault(azuresim.WithoutETag().On(http.MethodGet, ""))
		var once sync.Once
		w.SetHook(func(r *http.Request) {
			if r.Method != http.MethodPut {
				return
			}
			once.Do(func() {
				if err := w.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
					Name: "meanwhile", Protocol: "Tcp", SourceAddressPrefix: "192.0.2.1", SourcePortRange: "*", DestinationAddressPrefix: "*",
					DestinationPortRange: "443", Access: "Allow", Direction: "Inbound", Priority: 3000,
				}); err != nil {
					t.Error(err)
				}
			})
		})
		writes, removes, names := many(10)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes)...); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(w.foreignRules(names), "meanwhile") {
			t.Error("what somebody wrote meanwhile is gone")
		}
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes)...); err != nil {
			t.Fatal(err)
		}
	})
}

// A firewall has no smaller write: without an etag it is not changed.
func TestNoEtagNoWriteOfAFirewall(t *testing.T) {
	withFirewalls(t, func(t *testing.T, w *world) {
		before := len(w.FirewallCollections(azuresim.DemoFirewall))
		fault := w.AddFault(azuresim.WithoutETag().On(http.MethodGet, ""))
		if err := w.Apply(t.Context(), azuresim.DemoFirewall, put(networkAllow("g-7k2qd")))[0]; err == nil {
			t.Error("it was written without a condition")
		}
		if n := len(w.FirewallCollections(azuresim.DemoFirewall)); n != before {
			t.Errorf("%d collections, were %d", n, before)
		}
		fault.Remove()
		if err := w.Apply(t.Context(), azuresim.DemoFirewall, put(networkAllow("g-7k2qd")))[0]; err != nil {
			t.Error(err)
		}
	})
}

// Somebody who writes the group all the time does not hold up what closes.
func TestConstantWriterHoldsUpNothing(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		writes, removes, names := many(10)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes)...); err != nil {
			t.Fatal(err)
		}
		w.SetForeignWriter(azuresim.DemoWebNICNSG, -1)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes)...); err != nil {
			t.Error(err)
		}
		for _, r := range w.Rules(azuresim.DemoWebNICNSG) {
			if names[r.Name] {
				t.Errorf("%s is there", r.Name)
			}
		}
	})
}
