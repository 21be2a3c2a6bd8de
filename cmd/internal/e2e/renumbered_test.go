package e2e_test

import (
	"slices"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// renumber moves our rule of a group out of the bands, as a tool does that numbers
// rules its own way; with bare it drops the description too.
func (w *world) renumber(nsg string, bare bool) {
	w.T.Helper()
	r := w.OursIn(nsg)
	r.Priority = 2500
	if bare {
		r.Description = "managed"
	}
	if err := w.Azure.PutRule(nsg, r); err != nil {
		w.T.Fatal(err)
	}
}

// Another tool renumbers the rule of a live grant: it is put back, or the access
// ends, as the policy says, and that is told; it is ours wherever it stands.
func TestRenumberedRuleOfAGrant(t *testing.T) {
	for name, bare := range map[string]bool{"moved": false, "moved and described anew": true} {
		for _, end := range []bool{false, true} {
			if end {
				name += ", on_drift: end"
			}
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T, w *world) {
					w.With(func(c *policies.Config) { c.Policies[0].EndOnDrift = end })
					foreign := w.Foreign()
					w.Start()
					g := w.Open(30*time.Minute, "web-1")
					before := w.OursIn(azuresim.DemoWebNICNSG)
					w.renumber(azuresim.DemoWebNICNSG, bare)
					w.Pass(time.Minute)
					if !slices.Contains(w.Kinds(g.ID), jit.EventDrift) || w.Told.Count("drift to thread") != 1 {
						t.Errorf("it was not told: %v", w.Told.Said())
					}
					if end {
						if ended := w.Want(g.ID, jit.Closed); ended.Decision.Ending != jit.Drifted {
							t.Errorf("it ended as %s", ended.Decision.Ending)
						}
					} else if after := w.OursIn(azuresim.DemoWebNICNSG); !equalRules(before, after) {
						t.Errorf("the rule is %+v, was %+v", after, before)
					}
					w.Pass(time.Until(g.Clock.Deadline) + 30*time.Second)
					w.Want(g.ID, jit.Closed)
					if n := w.Ours(); n != 0 {
						t.Errorf("%d rules are left", n)
					}
					w.CheckPromises(foreign)
				})
			})
		}
	}
}

// A deny of a protected VM that somebody renumbers is put back and told, and goes
// when the VM is unprotected.
func TestRenumberedDeny(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		if _, err := w.Service.Protect(t.Context(), carol, []string{"dev-1"}, nil); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		before := w.OursIn(azuresim.DemoDevNSG)
		w.renumber(azuresim.DemoDevNSG, true)
		w.Pass(time.Minute)
		if after := w.OursIn(azuresim.DemoDevNSG); !equalRules(before, after) || !w.Told.Has("drift to channel") {
			t.Errorf("the deny is %+v, was %+v; said %v", after, before, w.Told.Said())
		}
		w.renumber(azuresim.DemoDevNSG, false)
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"dev-1"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if w.Ours() != 0 || !w.Told.Has("unprotected") {
			t.Errorf("%d denies are left; said %v", w.Ours(), w.Told.Said())
		}
		w.CheckPromises(foreign)
	})
}

// The bands of the configuration change while grants are open, in groups and in a
// firewall: none is lost, each closes at its deadline at the latest.
func TestBandsChangedUnderOpenGrants(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		foreign, firewalls := w.Foreign(), w.Firewalls()
		w.Start()
		var ids []jit.ID
		for _, vm := range []string{"web-1", "app-1"} {
			g, err := w.Ask(ada, time.Hour, vm)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, g.ID)
		}
		w.Pass(15 * time.Minute)
		var last time.Time
		for _, id := range ids {
			if g := w.Want(id, jit.Open); g.Clock.Deadline.After(last) {
				last = g.Clock.Deadline
			}
		}
		w.Stop()
		w.With(func(c *policies.Config) { c.Bands.Allow = policies.Band{From: 600, To: 700} })
		w.Start()
		w.Pass(time.Until(last) + 10*time.Minute)
		for _, id := range ids {
			w.Want(id, jit.Closed)
		}
		if w.Ours() != 0 || w.Firewalls() != firewalls {
			t.Errorf("%d rules are left, or something in a firewall", w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

// A rule that stands outside the bands and describes its grant in our form is
// closed by jitbot sweep, which has no store; one that is ours by its name alone is
// reported, and touched by nobody.
func TestSweepOfARenumberedRule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(30*time.Minute, "dev-1")
		w.Stop()
		w.renumber(azuresim.DemoDevNSG, false)
		plain := azuresim.Rule{
			Name: "jitbot-prod-g-88888-dev-1-abcd-tcp", Protocol: "Tcp", SourceAddressPrefix: "203.0.113.99", SourcePortRange: "*",
			DestinationAddressPrefix: "*", DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 2600,
		}
		if err := w.Azure.PutRule(azuresim.DemoDevNSG, plain); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Until(g.Clock.Until))
		found, err := sweep.Overdue(t.Context(), w.Client, rules.Owner{Installation: "prod", Bands: w.Config.Bands}, true, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		outcomes := map[jit.ID]sweep.Outcome{}
		for _, r := range found {
			outcomes[r.Grant] = r.Outcome
		}
		if outcomes[g.ID] != sweep.Removed || outcomes["g-88888"] != sweep.Astray || len(found) != 2 {
			t.Errorf("it said %v", found)
		}
		w.Start()
		w.Pass(time.Minute)
		left := slices.ContainsFunc(w.Azure.Rules(azuresim.DemoDevNSG), func(r azuresim.Rule) bool { return r.Name == plain.Name })
		if !left || w.Ours() != 1 || !simulated.IsOurs(plain.Name) {
			t.Errorf("%d rules are left", w.Ours())
		}
		w.Want(g.ID, jit.Closed)
	})
}
