package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// A typed denial is never counted, whatever is wrong with its line; a typed approval is.
func TestATypedDenialIsNeverCounted(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 3
	o.open()
	o.pending()
	for range 5 {
		o.reads(o.jit(graceID, "deny g-7k2qd"), "Say why", "/jit deny `g-7k2qd`")
		o.reads(o.jit(graceID, "done"), "no access that is open")
	}
	for range 3 {
		o.reads(o.jit(graceID, "help"), "/jit request")
	}
	o.reads(o.jit(graceID, "approve g-7k2qd"), "more than anybody may do in a minute")
	if g := o.onlyGrant(); g.State != jit.Pending {
		t.Errorf("it is %s", g.State)
	}
	o.reads(o.jit(graceID, "deny G-7K2QD. because of the freeze"), "You denied")
	if g := o.onlyGrant(); g.State != jit.Denied || g.Decision.Reason != "because of the freeze" {
		t.Errorf("it is %s, because %q", g.State, g.Decision.Reason)
	}
}

// A typed decision that was acknowledged is carried out though the bot ended before.
func TestATypedDecisionSurvivesARestart(t *testing.T) {
	for line, want := range map[string]struct {
		state jit.State
		says  string
	}{
		"approve g-7k2qd":              {jit.Opening, "You approved"},
		"deny g-7k2qd it is a weekend": {jit.Denied, "You denied"},
	} {
		t.Run(line, func(t *testing.T) {
			o := setUp(t, slacksim.Options{})
			_, stop := o.open()
			o.pending()
			o.service.hold = make(chan struct{})
			r := o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", line))
			<-o.service.holding
			stop()
			if n := o.inbox.waiting(); n != 1 || r.Payload != nil {
				t.Fatalf("%d deliveries wait, and it was answered with %s", n, r.Payload)
			}
			o.service.mu.Lock()
			o.service.hold = nil
			o.service.mu.Unlock()
			o.open()
			o.reads(o.ephemeral(graceID, answers), want.says)
			if g := o.onlyGrant(); g.State != want.state {
				t.Errorf("it is %s", g.State)
			}
			o.finished()
		})
	}
}

// Where Approve asks once more, a typed approval shows what is approved, with the button.
func TestATypedApprovalAsksBackWhereTheButtonDoes(t *testing.T) {
	for what, change := range map[string]func(g *jit.Grant){
		"It is for production.":            func(g *jit.Grant) { g.Request.Targets[0].Production = true },
		"It is for 2 VMs.":                 func(g *jit.Grant) { g.Request.Targets = append(g.Request.Targets, jit.Target{VM: "/vm/b", Name: "b"}) },
		"It is for more than one address.": func(g *jit.Grant) { g.Request.Sources = from("203.0.113.0/24") },
		"It has 1 warning,":                func(g *jit.Grant) { g.Warnings = []string{"The VM is off."} },
	} {
		t.Run(what, func(t *testing.T) {
			o := setUp(t, slacksim.Options{})
			o.open()
			g, _ := o.pending()
			change(&g)
			o.service.put(g)
			o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "approve g-7k2qd"))
			var last slacksim.Message
			o.until("it is asked back", func(s *slacksim.Snapshot) bool {
				if all := s.Ephemerals(graceID); len(all) > 0 {
					last = all[len(all)-1]
				}
				return last.TS != ""
			})
			o.reads(last.Text, "Nothing is approved yet", what, "the fix", "press Approve here")
			if g := o.onlyGrant(); g.State != jit.Pending {
				t.Errorf("it is %s", g.State)
			}
			r := o.must(o.sim.ClickRaw(o.ctx, graceID, approvals, last.TS, "approve", slacksim.Raw{Force: true}))
			if r.Confirm == nil || !strings.Contains(r.Confirm.Text, what) {
				t.Errorf("the button asks %+v", r.Confirm)
			}
			o.ephemeral(graceID, func(s string) bool { return strings.Contains(s, "You approved") })
			if g := o.onlyGrant(); g.State != jit.Opening {
				t.Errorf("it is %s", g.State)
			}
		})
	}
}

// What is typed of one grant and done without one are carried out in their order.
func TestDoneWithoutAGrantKeepsItsOrder(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	g, _ := o.pending()
	g.State = jit.Open
	o.service.put(g)
	o.reads(o.jit(adaID, "done"), "You ended your")
	o.reads(o.jit(adaID, "done"), "no access that is open")
	if g := o.onlyGrant(); g.State != jit.Closing {
		t.Errorf("it is %s", g.State)
	}
}
