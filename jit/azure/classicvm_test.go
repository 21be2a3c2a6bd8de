package azure_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

const classics = azuresim.DemoDevGroup + "/providers/Microsoft.ClassicCompute/virtualMachines/"

// seeClassics lets the bot read machines of the classic deployment model.
func (w *world) seeClassics() {
	const role = "c0000000-0000-4000-8000-0000000000c1"
	w.PutRoleDefinition(azuresim.RoleDefinition{ID: role, Custom: true, Actions: []string{"Microsoft.ClassicCompute/virtualMachines/read"}})
	w.Assign(azuresim.RoleAssignment{Scope: azuresim.DemoSubscriptionScope, Role: role, Principal: azuresim.DefaultPrincipalID})
}

func TestClassicVMs(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
		for _, name := range []string{"old-2", "old-1"} {
			w.PutClassicVM(azuresim.ClassicVM{ID: classics + name, Location: azuresim.DemoLocation})
		}
		list := func(want int) []jit.VM {
			t.Helper()
			vms, err := w.Client.VMs(t.Context(), azuresim.DemoSubscription)
			if err != nil || len(vms) != want {
				t.Fatalf("%d machines, want %d: %v", len(vms), want, err)
			}
			return vms
		}
		list(10) // without the right there are none, and nothing is wrong
		w.seeClassics()
		vms := list(12)
		for i, name := range []string{"old-1", "old-2"} {
			want := jit.VM{ID: classics + name, Name: name, Group: "dev", Location: azuresim.DemoLocation, Tags: map[string]string{}, Classic: true}
			if diff := cmp.Diff(want, vms[10+i]); diff != "" {
				t.Error(diff)
			}
		}
		for _, vm := range vms[:10] {
			if vm.Classic {
				t.Errorf("%s is called classic", vm.ID)
			}
		}
		_, err := w.VM(t.Context(), vms[10].ID)
		checkKind(t, err, jit.ErrInvalid)
		for _, fault := range []azuresim.Fault{
			{Path: "/resources", Status: 403, Code: "AuthorizationFailed"},
			{Path: "/resources", Status: 404, Code: "SubscriptionNotFound"},
			{Path: "/resources", Status: 500},
			{Path: "/resources", Latency: seconds(60)},
		} {
			active := w.AddFault(fault)
			list(10)
			active.Remove()
		}
	})
}
