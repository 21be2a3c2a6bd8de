package azuresim_test

import (
	"net/http"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// A version that is not served is refused in each of the ways that Azure has been
// seen using, before anything else is looked at; what is below a type is as the type.
func TestVersionsServed(t *testing.T) {
	w := newWorld(t)
	w.ServeVersions("Microsoft.Network", "2022-09-01", "2023-09-01")
	rule := azuresim.DemoWebNICNSG + "/securityRules/none"
	for _, tt := range []struct {
		way    azuresim.VersionRefusal
		status int
		code   string
		list   string
	}{
		{azuresim.NoRegisteredProvider, http.StatusBadRequest, "NoRegisteredProviderFound", "The supported api-versions are '2022-09-01, 2023-09-01'."},
		{azuresim.InvalidType, http.StatusNotFound, "InvalidResourceType", "The supported api-versions are '2022-09-01,2023-09-01'."},
		{azuresim.InvalidVersion, http.StatusBadRequest, "InvalidApiVersionParameter", "The supported versions are '2023-09-01,2022-09-01'."},
	} {
		w.Configure(func(s *azuresim.Settings) { s.VersionRefusal = tt.way })
		got := w.ask(http.MethodDelete, rule+"?api-version=2025-05-01", "")
		if got.status != tt.status || got.body.Error.Code != tt.code || !strings.Contains(got.text, tt.list) {
			t.Errorf("%d %s", got.status, got.text)
		}
	}
	for path, want := range map[string]int{
		azuresim.DemoWebNICNSG + "?api-version=2023-09-01": http.StatusOK,
		azuresim.DemoWeb1 + "?api-version=2026-04-01":      http.StatusOK,
	} {
		if got := w.ask(http.MethodGet, path, ""); got.status != want {
			t.Errorf("%s: %d %s", path, got.status, got.text)
		}
	}
}

// What Microsoft.Network takes in five minutes is told by no header; writes and
// deletes count together, per region, and what is refused does not.
func TestNetworkBudget(t *testing.T) {
	w := newWorld(t)
	w.Configure(func(s *azuresim.Settings) { s.NetworkWrites = 2 })
	rule := azuresim.DemoWebNICNSG + "/securityRules/none"
	for range 2 {
		if got := w.ask(http.MethodDelete, rule, ""); got.status != http.StatusNoContent {
			t.Fatalf("%d %s", got.status, got.text)
		}
	}
	for range 2 {
		got := w.ask(http.MethodDelete, rule, "")
		if got.status != http.StatusTooManyRequests || got.body.Error.Code != "RetryableError" ||
			!strings.Contains(got.text, "RetryableErrorDueToTooManyCalls") || !strings.Contains(got.text, "can be retried in 300 seconds") {
			t.Errorf("%d %s", got.status, got.text)
		}
	}
	if got := w.ask(http.MethodGet, azuresim.DemoWebNICNSG, ""); got.status != http.StatusOK {
		t.Errorf("reading: %d %s", got.status, got.text)
	}
}
