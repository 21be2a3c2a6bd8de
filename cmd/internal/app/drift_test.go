package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// oursIn gives the rule of ours in a guard.
func (w *world) oursIn(nsg string) azuresim.Rule {
	w.t.Helper()
	for _, r := range w.sim.Rules(nsg) {
		if isOurs(r.Name) {
			return r
		}
	}
	w.t.Fatal("no rule of ours in " + nsg)
	return azuresim.Rule{}
}

// Somebody removes, or widens, the rule of a live grant: it is put back within
// a minute and told in the thread.
func TestDriftIsRepaired(t *testing.T) {
	edits := map[string]func(w *world, r azuresim.Rule) error{
		"removed": func(w *world, r azuresim.Rule) error { return w.sim.DeleteRule(azuresim.DemoWebNICNSG, r.Name) },
		"widened": func(w *world, r azuresim.Rule) error {
			r.SourceAddressPrefix = "*"
			return w.sim.PutRule(azuresim.DemoWebNICNSG, r)
		},
		"turned to deny": func(w *world, r azuresim.Rule) error {
			r.Access = "Deny"
			return w.sim.PutRule(azuresim.DemoWebNICNSG, r)
		},
		"until moved": func(w *world, r azuresim.Rule) error {
			r.Description = strings.Replace(r.Description, "until 2000", "until 2099", 1)
			return w.sim.PutRule(azuresim.DemoWebNICNSG, r)
		},
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.foreign()
				w.start()
				g := w.open(time.Hour, "web-1")
				before := w.oursIn(azuresim.DemoWebNICNSG)
				if err := edit(w, before); err != nil {
					t.Fatal(err)
				}
				w.pass(time.Minute)
				if after := w.oursIn(azuresim.DemoWebNICNSG); !equalRules(before, after) {
					t.Errorf("the rule is %+v, was %+v", after, before)
				}
				if !slices.Contains(w.kinds(g.ID), jit.EventDrift) || w.told.count("drift to thread") != 1 {
					t.Errorf("the record says %v, and drift was told %d times", w.kinds(g.ID), w.told.count("drift to thread"))
				}
				w.promises(foreign)
			})
		})
	}
}

func equalRules(a, b azuresim.Rule) bool {
	return a.Name == b.Name && a.SourceAddressPrefix == b.SourceAddressPrefix && a.Access == b.Access && a.Description == b.Description && a.Priority == b.Priority
}

// A deny that somebody puts before the rule of an open grant is told once, and
// the card says so for as long as it is there.
func TestDenyBeforeAGrantIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.Bands.Allow.From = 110
		w.start()
		g := w.open(time.Hour, "web-1")
		if err := w.sim.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: "block-ssh", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "22", Access: "Deny", Direction: "Inbound", Priority: 105,
		}); err != nil {
			t.Fatal(err)
		}
		w.pass(5 * time.Minute)
		fault := func(g jit.Grant) (out string) {
			for _, p := range g.Paths {
				out += p.Hindrance
			}
			return out
		}
		if g = w.want(g.ID, jit.Open); !strings.Contains(fault(g), "The rule block-ssh (priority 105) in web-nic-nsg denies this") {
			t.Errorf("the card says %q", fault(g))
		}
		if w.told.count("hindered to requester") != 1 || w.told.count("hindered to thread") != 1 {
			t.Errorf("said %v", w.told.said)
		}
		if err := w.sim.DeleteRule(azuresim.DemoWebNICNSG, "block-ssh"); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		if g = w.want(g.ID, jit.Open); fault(g) != "" || w.told.count("hindered to requester") != 1 || w.told.count("hindered to card") != 2 {
			t.Errorf("the card says %q, said %v", fault(g), w.told.said)
		}
	})
}

// A rule of ours that no live grant explains is removed, those of another
// installation and those outside our band are not.
func TestOrphans(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		plant := func(name string, priority int) {
			err := w.sim.PutRule(azuresim.DemoDevNSG, azuresim.Rule{
				Name: name, Protocol: "Tcp", SourceAddressPrefix: "203.0.113.99", SourcePortRange: "*", DestinationAddressPrefix: "*",
				DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: priority,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		plant("jitbot-prod-g-99999-web-1-abcd-tcp", 200)
		plant("jitbot-prod-g-88888-web-1-abcd-tcp", 2500)
		plant("jitbot-test-g-99999-web-1-abcd-tcp", 201)
		w.start()
		w.pass(time.Minute)
		var left []string
		for _, r := range w.sim.Rules(azuresim.DemoDevNSG) {
			if strings.HasPrefix(r.Name, "jitbot-") {
				left = append(left, r.Name)
			}
		}
		want := []string{"jitbot-prod-g-88888-web-1-abcd-tcp", "jitbot-test-g-99999-web-1-abcd-tcp"}
		if !slices.Equal(left, want) {
			t.Errorf("left are %v, want %v", left, want)
		}
		if got := w.kinds("g-99999"); !slices.Equal(got, []jit.EventKind{jit.EventOrphan}) {
			t.Errorf("the record says %v", got)
		}
	})
}

// A store restored from an old copy opens nothing again and closes what it
// does not know.
func TestDeletedGuardEndsTheGrant(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		g := w.open(time.Hour, "db-2")
		guards := w.grant(g.ID).Guards()
		for _, guard := range guards {
			w.sim.DeleteNSG(guard)
		}
		w.pass(2 * time.Minute)
		if g := w.want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "deleted") {
			t.Errorf("it ended because %q", g.Decision.Reason)
		}
	})
}

// jitbot sweep closes from the rules in Azure alone.
func TestReapWithoutStore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.foreign()
		w.start()
		g := w.open(time.Hour, "web-1")
		w.stop()
		owner := jit.Owner{Installation: "prod", Bands: w.config.Bands}
		found, err := jit.SweepOverdue(t.Context(), w.client, owner, false, time.Now())
		if err != nil || len(found) != 2 || found[0].Outcome != jit.Kept || w.ours() != 2 {
			t.Fatalf("before until: %v, %v", found, err)
		}
		w.pass(time.Until(g.Clock.Until))
		found, err = jit.SweepOverdue(t.Context(), w.client, owner, false, time.Now())
		if err != nil || len(found) != 2 {
			t.Fatalf("after until: %v, %v", found, err)
		}
		for _, r := range found {
			if r.Outcome != jit.Removed || r.Grant != g.ID {
				t.Errorf("%s", r)
			}
		}
		if w.ours() != 0 || w.foreign() != foreign {
			t.Error("rules are left, or foreign ones changed")
		}
		w.start()
		w.pass(time.Minute)
		w.want(g.ID, jit.Closed)
	})
}

// The rules in Azure are requested as seldom as the promise says: two writes
// and at most six reads of a guard in a life.
func TestRequestsOfALife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.start()
		w.pass(5 * time.Second)
		g, err := w.ask(ada, 5*time.Minute, "db-2")
		if err != nil {
			t.Fatal(err)
		}
		w.sim.Configure(func(s *azuresim.Settings) { s.OperationTime = 0 })
		w.sim.Reset()
		if _, err := w.service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(6 * time.Minute)
		w.want(g.ID, jit.Closed)
		lists, reads, polls, writes := 0, 0, 0, 0
		for _, r := range w.sim.Requests() {
			switch {
			case r.Class == azuresim.ClassOperation:
				polls++
			case r.Class != azuresim.ClassGuard:
			case r.Method != http.MethodGet:
				writes++
			case strings.HasSuffix(r.Path, "/networkSecurityGroups"):
				lists++
			default:
				reads++
			}
		}
		t.Logf("of a guard in one life: %d writes, %d reads, %d polls; besides %d lists for drift in six minutes", writes, reads, polls, lists)
		if writes != 2 || reads+polls > 6 {
			t.Errorf("%d writes, %d reads; want 2 and at most 6", writes, reads+polls)
		}
	})
}

// Where the policy says end, a rule that somebody removed or changed is not put
// back: the access ends, and that is told.
func TestDriftEnds(t *testing.T) {
	for name, edit := range map[string]func(w *world, r azuresim.Rule) error{
		"removed": func(w *world, r azuresim.Rule) error { return w.sim.DeleteRule(azuresim.DemoWebNICNSG, r.Name) },
		"widened": func(w *world, r azuresim.Rule) error {
			r.SourceAddressPrefix = "*"
			return w.sim.PutRule(azuresim.DemoWebNICNSG, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.with(func(c *jit.Config) { c.Policies[0].EndOnDrift = true })
				foreign := w.foreign()
				w.start()
				g := w.open(time.Hour, "web-1")
				if err := edit(w, w.oursIn(azuresim.DemoWebNICNSG)); err != nil {
					t.Fatal(err)
				}
				w.pass(time.Minute)
				ended := w.want(g.ID, jit.Closed)
				if ended.Decision.Ending != jit.Drifted || w.ours() != 0 || w.reachable(azuresim.DemoWeb1, "203.0.113.7") {
					t.Errorf("%+v, %d rules of ours", ended.Decision, w.ours())
				}
				if w.told.count("drift to thread") != 1 || w.told.count("closed to requester") != 1 {
					t.Error("not told")
				}
				w.promises(foreign)
			})
		})
	}
}
