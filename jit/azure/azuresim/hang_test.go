package azuresim_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit/azure/azuresim"
)

func TestHangingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			fault   azuresim.Fault
			written bool
		}{{azuresim.HangingRequest(), false}, {azuresim.HangingAnswer(), true}} {
			w := newWorld(t)
			w.token(azuresim.DefaultAudience)
			fault := w.AddFault(c.fault.On("PUT", "/subscriptions/"+azuresim.DemoSubscription))
			put := func(ctx context.Context) error {
				_, err := w.ruleClient().BeginCreateOrUpdate(ctx, "dev", "dev-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if err := put(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if _, there := w.Rule(azuresim.DemoDevNSG, "jit"); there != c.written {
				t.Errorf("written: %t", there)
			}
			if err := w.DeleteRule(azuresim.DemoDevNSG, "jit"); err != nil {
				t.Error(err)
			}
			done := make(chan error)
			for range 2 {
				go func() { done <- put(t.Context()) }()
			}
			synctest.Wait()
			if fault.Hanging() != 2 || w.ask("GET", azuresim.DemoDevNSG, "").status != 200 {
				t.Errorf("%d hang", fault.Hanging())
			}
			fault.Release()
			for range 2 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			go func() { done <- put(t.Context()) }()
			synctest.Wait()
			if fault.Hanging() != 1 {
				t.Error("the fault is over")
			}
			fault.Remove()
			if err := <-done; err != nil || fault.Hanging() != 0 {
				t.Error(err, fault.Hanging())
			}
			if err := put(t.Context()); err != nil {
				t.Error(err)
			}
			fault.Remove()
		}
	})
}

func TestHangingOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		fault := w.AddFault(azuresim.HangingOperation().On("", azuresim.DemoDevNSG))
		first := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(map[string]any{"destinationAddressPrefix": "*"}))
		status := func() string { return w.ask("GET", first.header.Get("Azure-AsyncOperation"), "").body.Status }
		reached := func() bool {
			yes, _ := w.Reachable(azuresim.DemoDev1, addr("203.0.113.7"), 22, "Tcp")
			return yes
		}
		if err := w.DeleteRule(azuresim.DemoDevNSG, "office"); err != nil {
			t.Error(err)
		}
		time.Sleep(24 * time.Hour)
		if status() != "InProgress" || !w.Busy(azuresim.DemoDevNSG) || reached() {
			t.Errorf("%s, reached %t", status(), reached())
		}
		if got := w.ask("PUT", azuresim.DemoWebNICNSG+"/securityRules/jit", ruleJSON(nil)); got.status != 201 || w.Busy(azuresim.DemoWebNICNSG) {
			t.Errorf("elsewhere: %d", got.status)
		}
		fault.Release()
		if status() != "Succeeded" || w.Busy(azuresim.DemoDevNSG) || !reached() {
			t.Errorf("%s, reached %t", status(), reached())
		}
		w.ask("DELETE", azuresim.DemoDevNSG+"/securityRules/jit", "")
		if !w.Busy(azuresim.DemoDevNSG) {
			t.Error("the fault is over")
		}
		w.ClearFaults()
		if w.Busy(azuresim.DemoDevNSG) || reached() {
			t.Error("not let go")
		}
	})
}

func TestWithoutETag(t *testing.T) {
	hub := newHub(t, 0)
	for _, path := range []string{azuresim.DemoDevNSG, azuresim.DemoDevNSG + "/securityRules/office", nsgList, azuresim.DemoFirewall} {
		fault := hub.AddFault(azuresim.WithoutETag().On("GET", path))
		got := hub.ask("GET", path, "")
		if got.status != 200 || got.header.Get("ETag") != "" || hasETag(got.text) {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.text)
		}
		fault.Remove()
		if got := hub.ask("GET", path, ""); !hasETag(got.text) {
			t.Errorf("%s: %s", path, got.text)
		}
	}
}
