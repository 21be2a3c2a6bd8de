package decide_test

import (
	"slices"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/policies"
)

// An extension that waits is listed to those who may decide it, by the entry of as long as
// it would be open, and to nobody else.
func TestWaitingExtensionIsListed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			c.Approvals = []policies.ApprovalRule{
				{Match: policies.Match{LongerThan: 90 * time.Minute}, Approvers: []string{string(carol), string(alan)}, Required: 2, PendingFor: time.Hour},
				{Approvers: []string{group}, Required: 1, PendingFor: time.Hour},
			}
		})
		w.Start()
		g := w.Open(time.Hour, "web-1")
		listed := func(by jit.UserID) bool {
			t.Helper()
			all, err := w.Service.Concerns(t.Context(), by)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(all, func(l lookup.ListedGrant) bool { return l.Grant.ID == g.ID && l.Extends })
		}
		if listed(alan) {
			t.Error("before it is asked for it is listed")
		}
		if _, err := w.Service.Extend(t.Context(), ada, g.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		for by, want := range map[jit.UserID]bool{ada: false, bob: false, grace: false, alan: true, carol: true} {
			if got := listed(by); got != want {
				t.Errorf("to %s it is listed: %t", by, got)
			}
		}
		if _, err := w.Service.ApproveExtension(t.Context(), alan, g.ID, 1); err != nil {
			t.Fatal(err)
		}
		if listed(alan) || !listed(carol) {
			t.Error("what Alan approved is listed to him, or not to Carol any more")
		}
	})
}
