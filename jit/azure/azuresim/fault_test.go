package azuresim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"jitbot/jit/azure/azuresim"
)

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.Writes = azuresim.Bucket{Size: 2, PerSecond: 0.5} })
		put := func(priority int) answer {
			return w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jit", ruleJSON(map[string]any{"priority": priority}))
		}
		first := put(150)
		if first.header.Get("x-ms-ratelimit-remaining-subscription-writes") != "1" || first.header.Get("x-ms-ratelimit-remaining-subscription-global-writes") != "29" {
			t.Errorf("%v", first.header)
		}
		put(151)
		third := put(152)
		if third.status != 429 || third.code() != "SubscriptionRequestsThrottled" || third.header.Get("Retry-After") != "2" {
			t.Errorf("%d %s %v", third.status, third.text, third.header)
		}
		if got := w.ask("GET", azuresim.DemoDevNSG, ""); got.status != 200 {
			t.Errorf("reads have their own bucket: %d", got.status)
		}
		time.Sleep(2 * time.Second)
		if got := put(152); got.status != 200 {
			t.Errorf("after the wait: %d %s", got.status, got.text)
		}
		if n := w.Counts(); n.Throttled != 1 || n.GuardWrites != 4 {
			t.Errorf("%+v", n)
		}
	})
}

func TestFaultsMeetTheSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		for _, c := range []struct {
			why     string
			fault   azuresim.Fault
			tries   int
			code    string
			written bool
		}{
			{"throttled, short", azuresim.Throttled("1").Only(1), 2, "", true},
			{"throttled, long", azuresim.Throttled("120").Only(1), 1, "SubscriptionRequestsThrottled", false},
			{"throttled, zero", azuresim.Throttled("0").Only(2), 3, "", true},
			{"throttled, no header", azuresim.Throttled("").Only(1), 2, "", true},
			{"busy", azuresim.Busy(), 4, "RetryableError", false},
			{"conflict", azuresim.Conflict(), 1, "AnotherOperationInProgress", false},
			{"stale", azuresim.Stale(), 1, "PreconditionFailed", false},
			{"forbidden", azuresim.Forbidden(), 1, "AuthorizationFailed", false},
			{"broken", azuresim.Broken(503).Only(3), 4, "", true},
			{"broken for good", azuresim.Broken(500), 4, "no code", false},
			{"request lost", azuresim.LostRequest().Only(1), 2, "", true},
			{"answer lost", azuresim.LostAnswer(), 4, "lost", true},
		} {
			fault := w.AddFault(c.fault.On(http.MethodPut, "/securityrules/"))
			_, err := w.ruleClient().BeginCreateOrUpdate(ctx, "dev", "dev-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
			var failure *azcore.ResponseError
			switch {
			case c.code == "" && err != nil, c.code != "" && err == nil:
				t.Errorf("%s: %v", c.why, err)
			case c.code == "lost":
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s: %v", c.why, err)
				}
			case c.code == "no code":
				if !errors.As(err, &failure) || failure.ErrorCode != "" || failure.StatusCode != 500 {
					t.Errorf("%s: %v", c.why, err)
				}
			case c.code != "" && (!errors.As(err, &failure) || failure.ErrorCode != c.code):
				t.Errorf("%s: %v", c.why, err)
			}
			if n := w.Counts().GuardWrites; n != c.tries {
				t.Errorf("%s: %d tries, want %d", c.why, n, c.tries)
			}
			if _, there := w.Rule(azuresim.DemoDevNSG, "jit"); there != c.written {
				t.Errorf("%s: written: %t", c.why, there)
			}
			fault.Remove()
			if err := w.DeleteRule(azuresim.DemoDevNSG, "jit"); err != nil {
				t.Error(err)
			}
			w.Reset()
		}
	})
}

func TestFaultChoice(t *testing.T) {
	w := newWorld(t)
	second := w.AddFault(azuresim.Fault{Pattern: regexp.MustCompile(`(?i)/web-\d$`), Skip: 1, Times: 1, Status: 409, Code: "Odd"})
	w.AddFault(azuresim.Fault{Match: func(r *http.Request) bool { return r.Header.Get("X") != "" }, Status: 418, Body: "<p>"})
	for i, want := range []int{200, 409, 200} {
		if got := w.ask("GET", azuresim.DemoWeb1, ""); got.status != want {
			t.Errorf("%d: %d %s", i, got.status, got.text)
		}
	}
	if got := w.ask("GET", azuresim.DemoWeb1, "", "X", "1"); got.status != 418 || got.text != "<p>" {
		t.Errorf("%d %s", got.status, got.text)
	}
	if second.Hits() != 1 {
		t.Errorf("%d hits", second.Hits())
	}
	w.ClearFaults()
	if got := w.ask("GET", azuresim.DemoWeb1, "", "X", "1"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestLatencyHookClockAndIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.token(azuresim.DefaultAudience)
		w.Configure(func(s *azuresim.Settings) { s.ClockSkew, s.Latency = time.Hour, 3*time.Second })
		start := time.Now()
		got := w.ask("GET", azuresim.DemoWeb1, "", "x-ms-client-request-id", "mine", "x-ms-return-client-request-id", "true")
		date, err := http.ParseTime(got.header.Get("Date"))
		if err != nil || time.Until(date).Round(time.Minute) != time.Hour || time.Since(start) != 3*time.Second {
			t.Errorf("date %s, took %s", date, time.Since(start))
		}
		if got.header.Get("x-ms-client-request-id") != "mine" || got.header.Get("x-ms-request-id") == "" || got.header.Get("x-ms-correlation-request-id") == "" {
			t.Errorf("%v", got.header)
		}
		log := w.Requests()
		if last := log[len(log)-1]; last.ClientRequestID != "mine" || last.Class != azuresim.ClassInventory || last.Client != azuresim.DefaultClientID || last.Status != 200 {
			t.Errorf("%+v", last)
		}
		// A client that gives up early has changed nothing.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.ruleClient().BeginCreateOrUpdate(ctx, "dev", "dev-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		calls := 0
		w.SetHook(func(*http.Request) {
			calls++
			w.Rules(azuresim.DemoDevNSG) // the hook may use the Sim
			panic(http.ErrAbortHandler)
		})
		if _, err := w.ruleClient().BeginDelete(t.Context(), "dev", "dev-nsg", "office", nil); err == nil || calls != 4 {
			t.Errorf("%d calls, %v", calls, err)
		}
		w.SetHook(nil)
		if _, there := w.Rule(azuresim.DemoDevNSG, "jit"); there {
			t.Error("written after all")
		}
		if _, there := w.Rule(azuresim.DemoDevNSG, "office"); !there {
			t.Error("deleted after all")
		}
	})
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	bearer := "Bearer " + w.token(azuresim.DefaultAudience)
	for query, code := range map[string]string{"": "MissingApiVersionParameter", "?api-version=": "MissingApiVersionParameter", "?api-version=1": "NoRegisteredProviderFound"} {
		if got := w.raw("GET", azuresim.DemoWeb1+query, "", "Authorization", bearer); got.status != 400 || got.code() != code {
			t.Errorf("%q: %d %s", query, got.status, got.text)
		}
	}
}
