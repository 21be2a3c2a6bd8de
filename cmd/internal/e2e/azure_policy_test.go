package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// What Azure Policy denies is said with the policy's name and what to do: an
// opening fails at once, a closing is stuck until the policy lets it.
func TestAzurePolicyDenies(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		before := w.Open(time.Hour, "dev-2")
		w.Azure.AddPolicyAssignment(azuresim.PolicyAssignment{Name: "no-open-ports", DisplayName: "No open ports", Scope: azuresim.DemoDevGroup, Deletes: true})
		says := func(text string) bool {
			return strings.Contains(text, "Azure Policy does not allow the change; ask whoever manages the policy for an exemption") && strings.Contains(text, "no-open-ports")
		}
		g := w.Approved("dev-1")
		w.Pass(10 * time.Second)
		if failed := w.Grant(g.ID); failed.Decision.Ending != jit.Failed || !says(failed.Decision.Reason) {
			t.Errorf("%+v", failed.Decision)
		}
		if _, err := w.Service.Done(t.Context(), ada, before.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Second)
		if stuck := w.Want(before.ID, jit.Closing); !stuck.Stuck || !says(stuck.Paths[0].Fault) {
			t.Errorf("stuck %t: %s", stuck.Stuck, stuck.Paths[0].Fault)
		}
		w.Azure.RemovePolicyAssignment(azuresim.DemoDevGroup, "no-open-ports")
		w.Pass(2 * time.Minute)
		w.Want(before.ID, jit.Closed)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}
