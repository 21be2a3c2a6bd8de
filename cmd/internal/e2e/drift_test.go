package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// Somebody removes, or widens, the rule of a live grant: it is put back within
// a minute and told in the thread.
func TestDriftIsRepaired(t *testing.T) {
	edits := map[string]func(w *world, r azuresim.Rule) error{
		"removed": func(w *world, r azuresim.Rule) error { return w.Azure.DeleteRule(azuresim.DemoWebNICNSG, r.Name) },
		"widened": func(w *world, r azuresim.Rule) error {
			r.SourceAddressPrefix = "*"
			return w.Azure.PutRule(azuresim.DemoWebNICNSG, r)
		},
		"turned to deny": func(w *world, r azuresim.Rule) error {
			r.Access = "Deny"
			return w.Azure.PutRule(azuresim.DemoWebNICNSG, r)
		},
		"until moved": func(w *world, r azuresim.Rule) error {
			r.Description = strings.Replace(r.Description, "until 2000", "until 2099", 1)
			return w.Azure.PutRule(azuresim.DemoWebNICNSG, r)
		},
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				g := w.Open(time.Hour, "web-1")
				before := w.OursIn(azuresim.DemoWebNICNSG)
				if err := edit(w, before); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				if after := w.OursIn(azuresim.DemoWebNICNSG); !equalRules(before, after) {
					t.Errorf("the rule is %+v, was %+v", after, before)
				}
				if !slices.Contains(w.Kinds(g.ID), jit.EventDrift) || w.Told.Count("drift to thread") != 1 {
					t.Errorf("the record says %v, and drift was told %d times", w.Kinds(g.ID), w.Told.Count("drift to thread"))
				}
				w.CheckPromises(foreign)
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
		w.Config.Bands.Allow.From = 110
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if err := w.Azure.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: "block-ssh", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: "*",
			DestinationPortRange: "22", Access: "Deny", Direction: "Inbound", Priority: 105,
		}); err != nil {
			t.Fatal(err)
		}
		w.Pass(5 * time.Minute)
		fault := func(g jit.Grant) (out string) {
			for _, p := range g.Paths {
				out += p.Hindrance
			}
			return out
		}
		if g = w.Want(g.ID, jit.Open); !strings.Contains(fault(g), "The rule block-ssh (priority 105) in web-nic-nsg denies this") {
			t.Errorf("the card says %q", fault(g))
		}
		if w.Told.Count("hindered to requester") != 1 || w.Told.Count("hindered to thread") != 1 {
			t.Errorf("said %v", w.Told.Said())
		}
		if err := w.Azure.DeleteRule(azuresim.DemoWebNICNSG, "block-ssh"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Minute)
		if g = w.Want(g.ID, jit.Open); fault(g) != "" || w.Told.Count("hindered to requester") != 1 || w.Told.Count("hindered to card") != 2 {
			t.Errorf("the card says %q, said %v", fault(g), w.Told.Said())
		}
	})
}

// A rule of ours that no live grant explains is removed, those of another
// installation and those outside our band are not.
func TestOrphans(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		plant := func(name string, priority int) {
			err := w.Azure.PutRule(azuresim.DemoDevNSG, azuresim.Rule{
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
		w.Start()
		w.Pass(time.Minute)
		var left []string
		for _, r := range w.Azure.Rules(azuresim.DemoDevNSG) {
			if strings.HasPrefix(r.Name, "jitbot-") {
				left = append(left, r.Name)
			}
		}
		want := []string{"jitbot-prod-g-88888-web-1-abcd-tcp", "jitbot-test-g-99999-web-1-abcd-tcp"}
		if !slices.Equal(left, want) {
			t.Errorf("left are %v, want %v", left, want)
		}
		if got := w.Kinds("g-99999"); !slices.Equal(got, []jit.EventKind{jit.EventOrphan}) {
			t.Errorf("the record says %v", got)
		}
	})
}

// A store restored from an old copy opens nothing again and closes what it
// does not know.
func TestDeletedGuardEndsTheGrant(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "db-2")
		guards := w.Grant(g.ID).Guards()
		for _, guard := range guards {
			w.Azure.DeleteNSG(guard)
		}
		w.Pass(2 * time.Minute)
		if g := w.Want(g.ID, jit.Closed); !strings.Contains(g.Decision.Reason, "deleted") {
			t.Errorf("it ended because %q", g.Decision.Reason)
		}
	})
}

// jitbot sweep closes from the rules in Azure alone.
func TestSweepWithoutStore(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		w.Stop()
		owner := rules.Owner{Installation: "prod", Bands: w.Config.Bands}
		found, err := sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
		if err != nil || len(found) != 2 || found[0].Outcome != sweep.Kept || w.Ours() != 2 {
			t.Fatalf("before until: %v, %v", found, err)
		}
		w.Pass(time.Until(g.Clock.Until))
		found, err = sweep.Overdue(t.Context(), w.Client, owner, false, time.Now())
		if err != nil || len(found) != 2 {
			t.Fatalf("after until: %v, %v", found, err)
		}
		for _, r := range found {
			if r.Outcome != sweep.Removed || r.Grant != g.ID {
				t.Errorf("%s", r)
			}
		}
		if w.Ours() != 0 || w.Foreign() != foreign {
			t.Error("rules are left, or foreign ones changed")
		}
		w.Start()
		w.Pass(time.Minute)
		w.Want(g.ID, jit.Closed)
	})
}

// The rules in Azure are requested as seldom as the promise says: two writes
// and at most six reads of a guard in a life.
func TestRequestsOfALife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Pass(5 * time.Second)
		g, err := w.Ask(ada, 5*time.Minute, "db-2")
		if err != nil {
			t.Fatal(err)
		}
		w.Azure.Configure(func(s *azuresim.Settings) { s.OperationTime = 0 })
		w.Azure.Reset()
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(6 * time.Minute)
		w.Want(g.ID, jit.Closed)
		lists, reads, polls, writes := 0, 0, 0, 0
		for _, r := range w.Azure.Requests() {
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
		"removed": func(w *world, r azuresim.Rule) error { return w.Azure.DeleteRule(azuresim.DemoWebNICNSG, r.Name) },
		"widened": func(w *world, r azuresim.Rule) error {
			r.SourceAddressPrefix = "*"
			return w.Azure.PutRule(azuresim.DemoWebNICNSG, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.With(func(c *policies.Config) { c.Policies[0].EndOnDrift = true })
				foreign := w.Foreign()
				w.Start()
				g := w.Open(time.Hour, "web-1")
				if err := edit(w, w.OursIn(azuresim.DemoWebNICNSG)); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Minute)
				ended := w.Want(g.ID, jit.Closed)
				if ended.Decision.Ending != jit.Drifted || w.Ours() != 0 || w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
					t.Errorf("%+v, %d rules of ours", ended.Decision, w.Ours())
				}
				if w.Told.Count("drift to thread") != 1 || w.Told.Count("closed to requester") != 1 {
					t.Error("not told")
				}
				w.CheckPromises(foreign)
			})
		})
	}
}
