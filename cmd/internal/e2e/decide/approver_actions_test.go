package decide_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An approver who lacks the entry's approver_actions decides nothing, by yes or no, and is
// told which action it is, where, and to activate PIM.
func TestApproverActionsAreCheckedAtTheClick(t *testing.T) {
	const action = "Microsoft.Authorization/roleAssignments/write"
	for what, decide := range map[string]func(w *world, id jit.ID) error{
		"approve": func(w *world, id jit.ID) error { _, err := w.Service.Approve(w.T.Context(), grace, id); return err },
		"deny":    func(w *world, id jit.ID) error { _, err := w.Service.Deny(w.T.Context(), grace, id, "no"); return err },
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Config.Approvals[0].ApproverActions = []string{action}
				w.Start()
				g, err := w.Ask(ada, time.Hour, "web-1")
				if err != nil {
					t.Fatal(err)
				}
				err = decide(w, g.ID)
				for _, want := range []string{action, azuresim.DemoWeb1, "PIM role must be activated"} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("it says %v, not %s", err, want)
					}
				}
				w.Pass(20 * time.Second)
				w.Want(g.ID, jit.Pending)
				if !slices.Contains(w.Kinds(g.ID), jit.EventRejected) {
					t.Errorf("the record says %v", w.Kinds(g.ID))
				}
			})
		})
	}
}
