package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
)

func TestCommandsAreAnswered(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	o.reads(o.jit(adaID, "list"), "You have no live grants")
	for text, want := range map[string]string{
		"help":                        "/jit request",
		"lst":                         "did you mean /jit list?",
		"extend g-2222a 1h":           "There is no grant `g-2222a`.",
		"done g-2222a":                "There is no grant `g-2222a`.",
		"request forbidden ssh for x": "You lack `Microsoft.Compute/virtualMachines/read` at `forbidden`.",
		"request web-1 ssh 1h from 203.0.113.7 for the <@U0GRACE> fix": "" +
			"waits for approval: SSH to `web-1` in `rg` for 1 h",
	} {
		o.reads(o.jit(adaID, text), want)
	}
	if n := o.service.noted("ask"); n != 2 {
		t.Errorf("%d requests were made, not 2", n)
	}
	o.finished()
	o.service.failWith(errors.New("the disk is full"))
	o.reads(o.jit(adaID, "list"), "Something broke on my side.")
	o.reads(o.jit(adaID, "request web-1 for x"), "Something broke on my side.")
	if !strings.Contains(o.logs.String(), "the disk is full") {
		t.Error("the fault was not logged")
	}
}

func TestGuestsAndOtherWorkspacesGetNothing(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	general := slacksim.DemoGeneralID
	for _, text := range []string{"list all", "request web-1 for x", "revoke g-7k2qd"} {
		o.must(o.sim.Slash(o.ctx, gusID, general, "/jit", text))
		o.reads(o.ephemeral(gusID, answers), "Guests cannot use jitbot")
	}
	r := o.must(o.sim.SlashRaw(o.ctx, adaID, approvals, "/jit", "request web-1 for x", slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(r.Text, "another workspace")
	_, card := o.pending()
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{TeamID: "T0OTHER"}))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "another workspace")
	if calls := o.service.noted(""); calls != 0 {
		t.Errorf("the service was asked: %q", o.service.calls)
	}
}

// What Slack shows of an ack stays beside the answer, so a command is acknowledged
// with nothing, and what is looked at is told only where the answer is late.
func TestALateAnswerIsPrecededByWhatIsLookedAt(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	r := o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "list"))
	if r.Payload != nil {
		t.Errorf("the ack says %s", r.Payload)
	}
	o.ephemeral(adaID, answers)
	o.service.hold = make(chan struct{})
	r = o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 ssh 1h from 203.0.113.7 for x"))
	if r.Payload != nil {
		t.Errorf("the ack says %s", r.Payload)
	}
	<-o.service.holding
	note := o.shown(adaID, "I am checking your rights in Azure")
	close(o.service.hold)
	o.shown(adaID, "waits for approval")
	if all := o.sim.Ephemerals(adaID); len(all) != 2 || all[0].TS != note.TS {
		t.Errorf("read: %+v", all)
	}
}

// An answer by direct message waits as long as Slack asks for.
func TestAnAnswerIsNotLostToTheLimits(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	o.sim.FailNext("respond", 1, slacksim.Fault{Status: 404})
	o.sim.FailNext("chat.postMessage", 1, slacksim.Fault{RetryAfter: time.Second})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "list"))
	o.until("the answer is a direct message", func(s *slacksim.Snapshot) bool { return len(s.DMs(adaID)) == 1 })
}
