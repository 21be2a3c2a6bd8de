package firewall_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

const drafted = "The firewall policy edge-policy has a draft"

// openBehind asks and approves for core-1 from an address inside, and waits until it
// is open.
func (w *world) openBehind(d time.Duration, source string) jit.Grant {
	w.T.Helper()
	g, err := w.AskFrom(ada, d, source+"/32", "core-1")
	if err != nil {
		w.T.Fatal(err)
	}
	if _, err := w.Service.Approve(w.T.Context(), grace, g.ID); err != nil {
		w.T.Fatal(err)
	}
	w.Pass(7 * time.Minute)
	return w.Want(g.ID, jit.Open)
}

func (w *world) draftEdge() {
	w.T.Helper()
	if err := w.Azure.DraftFirewallPolicy(azuresim.DemoEdgePolicy); err != nil {
		w.T.Fatal(err)
	}
}

// A draft of jitbot's group alone, which the policy has none beside, is named too, and
// what it brings back once it is deployed is removed and told.
func TestDraftOfOurGroupAlone(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		ended := w.openBehind(20*time.Minute, "10.60.1.9")
		live := w.openBehind(2*time.Hour, "10.60.1.10")
		group := azuresim.DemoEdgePolicy + "/ruleCollectionGroups/" + guardpath.GroupName("prod")
		if err := w.Azure.DraftRuleCollectionGroup(group); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if live = w.Want(live.ID, jit.Open); !hinderedBy(live, "has a draft") {
			t.Errorf("made while it is open: %+v", live.Paths)
		}
		w.Pass(time.Until(ended.Clock.Deadline) + 8*time.Minute)
		w.Want(ended.ID, jit.Closed)
		if err := w.Azure.DeployFirewallDraft(azuresim.DemoEdgePolicy); err != nil {
			t.Fatal(err)
		}
		if !w.policyHolds(ended.ID) {
			t.Fatal("the draft has brought nothing back")
		}
		w.Pass(8 * time.Minute)
		if w.policyHolds(ended.ID) || !w.Connects(azuresim.DemoCore, "10.60.1.10", 22) {
			t.Error("after jitbot it is not as it should be")
		}
		if said := w.Texts(jit.EventOrphan); !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, string(ended.ID)) }) {
			t.Errorf("what it brought back is told as %q", said)
		}
		if live = w.Want(live.ID, jit.Open); hinderedBy(live, "draft") {
			t.Errorf("it is gone: %+v", live.Paths)
		}
		w.Pass(time.Until(live.Clock.Deadline) + 8*time.Minute)
		w.Want(live.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}

// policyHolds reports whether the policy has a rule of the grant.
func (w *world) policyHolds(id jit.ID) bool {
	return slices.ContainsFunc(w.Azure.FirewallCollections(azuresim.DemoEdgePolicy), func(c azuresim.RuleCollection) bool {
		return slices.ContainsFunc(c.Rules, func(r azuresim.FirewallRule) bool { return strings.Contains(r.Name, string(id)) })
	})
}

func hinderedBy(g jit.Grant, what string) bool {
	return slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return strings.Contains(p.Hindrance, what) })
}

// A draft of a firewall policy is named to who decides, and on the card of an access
// that is open when it is made, until it is gone.
func TestDraftIsNamed(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.openBehind(time.Hour, "10.60.1.9")
		if strings.Contains(strings.Join(g.Notes, " "), "draft") || hinderedBy(g, "draft") {
			t.Errorf("there is none, and it says %q", g.Notes)
		}
		w.draftEdge()
		w.Pass(time.Minute)
		if g = w.Want(g.ID, jit.Open); !hinderedBy(g, drafted) {
			t.Errorf("made while it is open: %+v", g.Paths)
		}
		late, err := w.AskFrom(ada, time.Hour, "10.60.1.10/32", "core-1")
		if err != nil || !strings.Contains(strings.Join(late.Notes, " "), drafted) {
			t.Errorf("to who decides: %q, %v", late.Notes, err)
		}
		w.Azure.DiscardFirewallDraft(azuresim.DemoEdgePolicy)
		w.Pass(time.Minute)
		if g = w.Want(g.ID, jit.Open); hinderedBy(g, "draft") {
			t.Errorf("it is gone: %+v", g.Paths)
		}
		fault := azuresim.Forbidden()
		fault.Path = "/firewallPolicyDrafts/"
		w.Azure.AddFault(fault)
		w.Pass(time.Minute)
		if g = w.Want(g.ID, jit.Open); hinderedBy(g, "draft") {
			t.Errorf("it may not be read: %+v", g.Paths)
		}
		blind, err := w.AskFrom(ada, time.Hour, "10.60.1.11/32", "core-1")
		if err != nil || !strings.Contains(strings.Join(blind.Notes, " "), "Whether the firewall policy edge-policy has a draft") {
			t.Errorf("without the right: %q, %v", blind.Notes, err)
		}
	})
}

// A draft that is deployed after an access ended brings its rules back: they are removed
// again and that is told; what was opened since the clone is written again.
func TestDeployedDraftIsUndone(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		foreign, firewalls := w.Foreign(), w.ForeignFirewalls()
		w.Start()
		ended := w.openBehind(20*time.Minute, "10.60.1.9")
		w.draftEdge()
		w.Pass(time.Until(ended.Clock.Deadline) + 8*time.Minute)
		w.Want(ended.ID, jit.Closed)
		live := w.openBehind(2*time.Hour, "10.60.1.10")

		if err := w.Azure.DeployFirewallDraft(azuresim.DemoEdgePolicy); err != nil {
			t.Fatal(err)
		}
		if !w.policyHolds(ended.ID) || w.policyHolds(live.ID) {
			t.Fatal("the draft has not undone anything")
		}
		w.Pass(8 * time.Minute)
		if w.policyHolds(ended.ID) || !w.policyHolds(live.ID) || !w.Connects(azuresim.DemoCore, "10.60.1.10", 22) || w.Connects(azuresim.DemoCore, "10.60.1.9", 22) {
			t.Error("after jitbot it is not as it should be")
		}
		w.Want(ended.ID, jit.Closed)
		live = w.Want(live.ID, jit.Open)
		if said := w.Texts(jit.EventOrphan); !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, string(ended.ID)) }) {
			t.Errorf("what it brought back is told as %q", said)
		}
		if said := w.Texts(jit.EventDrift); len(said) != 1 || !strings.Contains(said[0], string(live.ID)) {
			t.Errorf("what it took is told as %q", said)
		}
		w.Pass(time.Until(live.Clock.Deadline) + 8*time.Minute)
		w.Want(live.ID, jit.Closed)
		if w.ForeignFirewalls() != firewalls {
			t.Error("somebody else's rules of a firewall changed")
		}
		w.CheckPromises(foreign)
	})
}
