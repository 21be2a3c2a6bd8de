package azure_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
)

func lockNames(locks []admission.ManagementLock) []string {
	var names []string
	for _, l := range locks {
		names = append(names, l.Name+" "+l.Level+" "+l.Scope)
	}
	return names
}

func TestLocksOver(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
		for _, l := range []azuresim.Lock{
			{Name: "keep", Scope: azuresim.DemoWebGroup, Level: azuresim.CanNotDelete},
			{Name: "all", Scope: azuresim.DemoSubscriptionScope, Level: azuresim.ReadOnly},
			{Name: "own", Scope: azuresim.DemoWebNICNSG, Level: azuresim.ReadOnly},
			{Name: "below", Scope: azuresim.DemoWebNICNSG + "/securityRules/https", Level: azuresim.CanNotDelete},
			{Name: "beside", Scope: azuresim.DemoDevGroup, Level: azuresim.CanNotDelete},
		} {
			w.AddLock(l)
		}
		over, err := w.LocksOver(t.Context(), []string{azuresim.DemoWebNICNSG, azuresim.DemoWebSubnetNSG})
		want := []string{
			"all ReadOnly " + azuresim.DemoSubscriptionScope, "keep CanNotDelete " + azuresim.DemoWebGroup, "own ReadOnly " + azuresim.DemoWebNICNSG,
		}
		if diff := cmp.Diff(want, lockNames(over)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		all, err := w.AllLocks(t.Context())
		if len(all) != 5 || err != nil || !slices.ContainsFunc(all, func(l admission.ManagementLock) bool { return l.Name == "below" && !l.Over(azuresim.DemoWebNICNSG) }) {
			t.Errorf("%v: %v", err, lockNames(all))
		}
		if _, err := w.LocksOver(t.Context(), []string{"/subscriptions/x?y"}); !errors.Is(err, jit.ErrInvalid) {
			t.Errorf("no id: %v", err)
		}
	})
}

// What may be read is known also where the rest may not be.
func TestLocksPartlyForbidden(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebNICNSG, Level: azuresim.CanNotDelete})
		w.AddFault(azuresim.Fault{Path: "dev-nsg/providers/microsoft.authorization/locks", Status: http.StatusForbidden, Code: "AuthorizationFailed", Message: "no"})
		over, err := w.LocksOver(t.Context(), []string{azuresim.DemoDevNSG, azuresim.DemoWebNICNSG})
		if !errors.Is(err, jit.ErrForbidden) || len(over) != 1 || over[0].Name != "keep" {
			t.Errorf("%v: %v", err, lockNames(over))
		}
		clean(t, err)
	})
}
