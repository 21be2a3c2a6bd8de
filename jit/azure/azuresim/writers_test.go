package azuresim_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"jitbot/jit/azure/azuresim"
)

func TestTwoWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		nsg, other := azuresim.DemoWebNICNSG, azuresim.DemoDevNSG
		for _, c := range []struct {
			mode   azuresim.Writers
			status int
			code   string
		}{
			{azuresim.RefuseRetryable, 429, "RetryableError/RetryableErrorDueToAnotherOperation"},
			{azuresim.RefuseConflict, 409, "AnotherOperationInProgress"},
			{azuresim.Parallel, 201, ""},
		} {
			w.Configure(func(s *azuresim.Settings) { s.OperationTime, s.Writers = time.Minute, c.mode })
			if got := w.ask("PUT", nsg+"/securityRules/first", ruleJSON(nil)); got.status != 201 {
				t.Fatalf("%d %s", got.status, got.text)
			}
			if got := w.ask("PUT", nsg+"/securityRules/second", ruleJSON(map[string]any{"priority": 151})); got.status != c.status || got.code() != c.code {
				t.Errorf("%v: %d %s", c.mode, got.status, got.text)
			}
			if got := w.ask("PUT", other+"/securityRules/second", ruleJSON(nil)); got.status != 201 {
				t.Errorf("another group: %d %s", got.status, got.text)
			}
			for _, rule := range []string{nsg + "/first", nsg + "/second", other + "/second"} {
				id, name, _ := strings.Cut(rule, "-nsg/")
				if err := w.DeleteRule(id+"-nsg", name); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(2 * time.Minute)
		}
		// In parallel mode the last write of one rule wins and the earlier
		// operation says so.
		first := w.ask("PUT", nsg+"/securityRules/jit", ruleJSON(nil))
		w.ask("PUT", nsg+"/securityRules/jit", ruleJSON(map[string]any{"priority": 160}))
		time.Sleep(time.Minute)
		got := w.ask("GET", first.header.Get("Azure-AsyncOperation"), "")
		if got.body.Status != "Canceled" || got.code() != "Canceled/CanceledAndSupersededDueToAnotherOperation" {
			t.Errorf("superseded: %s", got.text)
		}
		if r, _ := w.Rule(nsg, "jit"); r.Priority != 160 {
			t.Errorf("rule is %+v", r)
		}
	})
}

func TestOperationEndsBadly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, c := range []struct {
			fault azuresim.Fault
			code  string
		}{{azuresim.OperationFails(), "InternalServerError"}, {azuresim.Superseded(), "Canceled"}} {
			hit := w.AddFault(c.fault.On("PUT", "securityRules").Only(1))
			poller, err := w.ruleClient().BeginCreateOrUpdate(t.Context(), "prod-web", "web-nic-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = poller.PollUntilDone(t.Context(), nil)
			var failure *azcore.ResponseError
			if !errors.As(err, &failure) || failure.ErrorCode != c.code || hit.Hits() != 1 {
				t.Errorf("%s: %v", c.code, err)
			}
			if yes, why := w.Reachable(azuresim.DemoWeb1, addr("203.0.113.7"), 22, "Tcp"); yes {
				t.Errorf("reachable: %s", why)
			}
		}
	})
}
