package azure_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// behind makes the simulator a cloud that is two years behind, in which nothing is
// served as the program has it by itself.
func behind(s *azuresim.Sim, way azuresim.VersionRefusal) {
	s.Configure(func(set *azuresim.Settings) { set.VersionRefusal = way })
	s.ServeVersions("Microsoft.Network", "2020-11-01", "2022-09-01", "2023-06-01", "2023-09-01", "2023-11-01-preview")
	s.ServeVersions("Microsoft.Compute", "2022-11-01", "2023-07-01")
}

func oldVersions() azure.APIVersions {
	return azure.APIVersions{Network: "2023-09-01", Compute: "2023-07-01"}
}

// A version that is refused may be served in a moment, as has been seen; one that is
// refused again and again is not, and the versions that Azure lists are named. It is
// never "Azure refuses the rule".
func TestVersionNotServed(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, way := range map[string]azuresim.VersionRefusal{
		"NoRegisteredProviderFound": azuresim.NoRegisteredProvider, "InvalidResourceType": azuresim.InvalidType,
		"InvalidApiVersionParameter": azuresim.InvalidVersion,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				behind(w.Sim, way)
				err := w.only(t.Context(), put(allowRule()))
				if !errors.Is(err, admission.ErrVersion) || !errors.Is(err, jit.ErrBusy) || admission.Lasting(err) {
					t.Fatalf("at first: %v", err)
				}
				if why := admission.ReasonFor(err); !strings.Contains(why, "just now; jitbot keeps trying") {
					t.Errorf("at first it says %q", why)
				}
				if n := w.sent(http.MethodPut, "securityRules"); n != 1 {
					t.Errorf("%d requests", n)
				}
				for range 2 {
					time.Sleep(20 * time.Second)
					err = w.only(t.Context(), put(allowRule()))
				}
				if !errors.Is(err, admission.ErrVersion) || errors.Is(err, jit.ErrBusy) || !admission.Lasting(err) {
					t.Errorf("at last: %v", err)
				}
				why := admission.ReasonFor(err)
				for _, part := range []string{"does not serve the version", "jitbot check", name, "2025-05-01", "2023-11-01-preview, 2023-09-01, 2023-06-01 and older"} {
					if !strings.Contains(why, part) {
						t.Errorf("no %q in %q", part, why)
					}
				}
				clean(t, err)
				w.ServeVersions("Microsoft.Network")
				if err := w.only(t.Context(), put(allowRule())); err != nil {
					t.Errorf("once it is served: %v", err)
				}
				behind(w.Sim, way)
				if err := w.only(t.Context(), put(allowRule())); !errors.Is(err, jit.ErrBusy) {
					t.Errorf("refused anew: %v", err)
				}
			})
		})
	}
}

// A refused version, or another bad answer, is not "there are no firewalls".
func TestNoAnswerIsNoFirewalls(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, spoil := range map[string]func(*azuresim.Sim){
		"version": func(s *azuresim.Sim) { s.ServeVersions("Microsoft.Network/azureFirewalls", "2023-09-01") },
		"version of policies": func(s *azuresim.Sim) {
			s.ServeVersions("Microsoft.Network/firewallPolicies", "2023-09-01")
		},
		"bad request": func(s *azuresim.Sim) {
			s.AddFault(azuresim.Fault{Status: http.StatusBadRequest, Code: "BadRequest", Message: "m"}.On(http.MethodGet, "azureFirewalls"))
		},
		"not found": func(s *azuresim.Sim) {
			s.AddFault(azuresim.Fault{Status: http.StatusNotFound, Code: "NotFound", Message: "m"}.On(http.MethodGet, "azureFirewalls"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				azuresim.SeedFirewalls(w.Sim)
				spoil(w.Sim)
				if _, err := w.Tables(t.Context(), azuresim.DemoSubscription); err == nil {
					t.Error("the tables were read without the firewalls")
				}
				if _, err := w.VM(t.Context(), azuresim.DemoWeb1); err == nil {
					t.Error("a machine was read without the firewalls")
				}
			})
		})
	}
}

// A policy that is not there just now, and that a firewall names, is not taken for gone.
func TestPolicyThatIsNamedIsThere(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		azuresim.SeedFirewalls(w.Sim)
		w.AddFault(azuresim.Fault{Status: http.StatusNotFound, Code: "ResourceNotFound", Message: "m"}.On(http.MethodGet, "firewallPolicies"))
		if _, err := w.Tables(t.Context(), azuresim.DemoSubscription); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("the tables were read without the policy: %v", err)
		}
	})
}

// Versions that are configured are spoken in every request, also those of the SDK's
// clients and about operations.
func TestVersionsConfigured(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *azure.Config) { c.APIVersions = oldVersions() })
		behind(w.Sim, azuresim.NoRegisteredProvider)
		if err := w.only(t.Context(), put(allowRule())); err != nil {
			t.Error(err)
		}
		if err := w.only(t.Context(), remove(allowName)); err != nil {
			t.Error(err)
		}
		w.around(t, azuresim.DemoWeb1)
		if _, err := w.Tables(t.Context(), azuresim.DemoSubscription); err != nil {
			t.Error(err)
		}
		if _, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1); err != nil {
			t.Error(err)
		}
		for _, s := range w.ServedVersions(t.Context()) {
			if len(s.Refused) > 0 || s.Err != nil {
				t.Errorf("%+v", s)
			}
		}
	})
}

// What works in place of a version that is not served is found by asking.
func TestServedVersions(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		name  string
		spoil func(*azuresim.Sim)
		works string
	}{
		{"older", func(s *azuresim.Sim) { behind(s, azuresim.InvalidVersion) }, "2023-09-01"},
		{"one type is further behind", func(s *azuresim.Sim) {
			behind(s, azuresim.NoRegisteredProvider)
			s.ServeVersions("Microsoft.Network/loadBalancers", "2022-09-01")
		}, "2022-09-01"},
		{"only one type is behind", func(s *azuresim.Sim) {
			s.ServeVersions("Microsoft.Network/azureFirewalls", "2020-11-01", "2024-05-01")
		}, "2024-05-01"},
		{"newer only", func(s *azuresim.Sim) { s.ServeVersions("Microsoft.Network", "2027-01-01", "2026-01-01") }, "2026-01-01"},
		{"too old", func(s *azuresim.Sim) { s.ServeVersions("Microsoft.Network", "2017-01-01") }, ""},
		{"none in common", func(s *azuresim.Sim) {
			s.ServeVersions("Microsoft.Network", "2023-09-01")
			s.ServeVersions("Microsoft.Network/loadBalancers", "2022-09-01")
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.spoil(w.Sim)
				for _, s := range w.ServedVersions(t.Context()) {
					if s.Key == "network" && (s.Works != tt.works || len(s.Refused) == 0 || s.Spoken != "2025-05-01") {
						t.Errorf("%+v, want %q", s, tt.works)
					}
				}
			})
		})
	}
}

func TestVersionsRefusedByNew(t *testing.T) {
	for _, tt := range []struct {
		v    azure.APIVersions
		want string
	}{
		{azure.APIVersions{Network: "latest"}, `api_versions.network: "latest" is no version`},
		{azure.APIVersions{Compute: "2024-13-01"}, "api_versions.compute"},
		// A condition of a role assignment is not shown before this one.
		{azure.APIVersions{Authorization: "2020-04-01-preview"}, "api_versions.authorization: 2020-04-01-preview is too old"},
	} {
		_, err := azure.New(azure.Config{Subscriptions: []string{azuresim.DemoSubscription}, APIVersions: tt.v})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.v, err)
		}
	}
}
