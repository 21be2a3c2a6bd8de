package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func TestOneDeliveryHasOneEffect(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	r := o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	r = o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	again := o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	if again.Payload != nil {
		t.Errorf("the repeat was answered with %s", again.Payload)
	}
	o.ephemeral(adaID, answers)
	o.ephemeral(graceID, func(string) bool { return true })
	if a, q := o.service.noted("approve"), o.service.noted("ask"); a != 1 || q != 1 {
		t.Errorf("%d approvals and %d requests, not one of each", a, q)
	}
	// Two clicks at one instant are two deliveries: the service sees both.
	g, card := o.pending()
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Double: true}))
	o.reads(o.ephemeral(graceID, func(s string) bool { return strings.Contains(s, "already") }), string(g.ID))
}

func TestWhatWasAcceptedSurvivesARestart(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	_, stop := o.open()
	o.service.hold = make(chan struct{})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for x"))
	<-o.service.holding
	stop()
	if n := o.inbox.waiting(); n != 1 {
		t.Fatalf("%d deliveries wait, not 1", n)
	}
	o.service.mu.Lock()
	o.service.hold = nil
	o.service.mu.Unlock()
	o.open()
	o.reads(o.ephemeral(adaID, answers), "waits for approval")
	if n := len(o.service.grants); n != 1 {
		t.Errorf("%d grants, not 1", n)
	}
	o.finished()
}

// What waited for more than half an hour is not done any more, and whoever sent
// it is told.
func TestWhatIsTooOldIsNotCarriedOut(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	_, stop := o.open()
	g, _ := o.pending()
	o.service.hold = make(chan struct{})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 for @channel"))
	<-o.service.holding
	stop()
	o.service.hold = nil
	for _, d := range []string{
		`{"kind":"interactive","payload":{"type":"block_actions","user":{"id":"` + graceID +
			`"},"actions":[{"action_id":"approve","value":"g-7k2qd"}]}}`,
		`{"kind":"interactive","payload":{"type":"view_submission","user":{"id":"` + linusID +
			`"},"view":{"callback_id":"deny","private_metadata":"g-7k2qd"}}}`,
		`{"kind":"interactive","payload":[1]}`, `{"kind":"slash_commands","payload":[1]}`, `{"kind":"interactive","payload":{}}`, `[1]`,
	} {
		if _, err := o.inbox.Accept(o.ctx, d, []byte(d), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	o.conf.Now = func() time.Time { return time.Now().Add(31 * time.Minute) }
	o.open()
	o.finished()
	for user, want := range map[string]string{
		adaID:   "You typed `/jit request web-1 for @channel` at",
		graceID: "pressed `approve` for `g-7k2qd`", linusID: "sent a form",
	} {
		m := o.sim.DMs(user)
		if len(m) != 1 || !strings.Contains(m[0].Text, want) || !strings.Contains(m[0].Text, "too old to be carried out") {
			t.Errorf("%s reads %+v", user, m)
		}
	}
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if len(o.service.grants) != 1 || o.service.grants[g.ID].State != jit.Pending {
		t.Errorf("the grants are %+v", o.service.grants)
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	_, card := o.pending()
	o.inbox.failWith(errors.New("the disk is full"))
	o.reads(o.jit(adaID, "request web-1 for x"), "Something broke on my side.")
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "Something broke on my side.")
	if n := o.service.noted(""); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
