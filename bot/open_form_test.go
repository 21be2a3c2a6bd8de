package bot_test

import (
	"net/netip"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func TestIncompleteLinesOpenTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1 8005 45m from 203.0.113.9")
	v := o.form(adaID)
	for action, want := range map[string]string{
		"vm": "rg/web-1", "ports": "8005/*", "source": "203.0.113.9", "duration": "45m",
		"reason": "",
	} {
		if got := initial(v, action); got != want {
			t.Errorf("%s begins with %q, not %q", action, got, want)
		}
	}
	o.sim.Reload(adaID)
	o.types(adaID, "request web-1,web-2 ssh for two of them")
	v = o.form(adaID)
	if got := initial(v, "vm"); got != "rg/web-1,rg/web-2" || initial(v, "reason") != "two of them" || initial(v, "ports") != "22/tcp" {
		t.Errorf("several VMs are %q; %s", got, v.Blocks)
	}
	in := fields()
	delete(in, "reason")
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in)); r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	if g := o.onlyGrant(); len(g.Request.Targets) != 2 || g.Request.Reason != "two of them" {
		t.Errorf("asked for %+v", g.Request)
	}
	// A name that nobody has is said, and the rest is kept.
	o.service.unknown = "wbe-1"
	o.types(adaID, "request wbe-1,web-3 23 2h")
	v = o.form(adaID)
	o.reads(v.AllText(), "There is no VM called wbe-1; did you mean web-1?", "Not on offer: port 23")
	if initial(v, "vm") != "rg/web-3" || initial(v, "duration") != "2h" && initial(v, "usual") != "2h" {
		t.Errorf("the form is %s", v.Blocks)
	}
	o.sim.Reload(adaID)
	// With a reason and all else to be had from the policy, nothing is asked.
	o.service.offer = simple()
	o.reads(o.jit(adaID, "request web-1 for x"), "waits for approval")
	o.reads(o.jit(adaID, "request wbe-1 22 1h from 10.1.2.3 for x"), "waits for approval")
	if n := len(o.sim.Views(adaID)); n != 0 {
		t.Error("a complete line opened the form")
	}
}

func TestTheFormBeginsWithTheLatestRequest(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.service.last = jit.Request{
		Targets: []jit.Target{{VM: "/vm/web-3", Name: "web-3", Group: "rg"}},
		Ports:   []jit.Ports{tcp(22), tcp(9999)},
		Sources: from("203.0.113.8/32"),
	}
	o.open()
	o.types(adaID, "")
	v := o.form(adaID)
	for action, want := range map[string]string{"vm": "rg/web-3", "ports": "22/tcp", "source": "203.0.113.8", "usual": "1h", "duration": "", "reason": ""} {
		if got := initial(v, action); got != want {
			t.Errorf("%s begins with %q, not %q", action, got, want)
		}
	}
	o.sim.Reload(adaID)
	o.types(adaID, "request web-1 from 203.0.113.9")
	v = o.form(adaID)
	if initial(v, "vm") != "rg/web-1" || initial(v, "source") != "203.0.113.9" || initial(v, "ports") != "22/tcp" {
		t.Errorf("what was typed does not win: %s", v.Blocks)
	}
	// What is no longer on offer is no default.
	o.sim.Reload(adaID)
	o.service.last.Sources = []netip.Prefix{netip.MustParsePrefix("203.0.112.0/23")}
	o.types(adaID, "")
	if got := initial(o.form(adaID), "source"); got != "" {
		t.Errorf("the source begins with %q", got)
	}
}

func TestASlowListOfVMsKeepsNobodyWaiting(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.slow = wide(), make(chan struct{})
	o.open()
	began := time.Now()
	o.types(adaID, "request web-1 22")
	v := o.formWith(adaID, "Loading…")
	if took := time.Since(began); took > time.Second {
		t.Errorf("the view was there after %s", took)
	}
	if v.Submit != "" {
		t.Error("what is loading can be sent")
	}
	close(o.service.slow)
	if v = o.form(adaID); initial(v, "vm") != "rg/web-1" {
		t.Errorf("the form is %s", v.Blocks)
	}
}

func TestShortcutAndMentionOpenTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	o.must(o.sim.Shortcut(o.ctx, adaID, "request_access"))
	o.form(adaID)
	o.sim.Reload(adaID)
	o.must(o.sim.Shortcut(o.ctx, adaID, "another"))
	r := o.must(o.sim.Mention(o.ctx, adaID, approvals, "hello?"))
	var m slacksim.Message
	o.until("the mention is answered", func(s *slacksim.Snapshot) bool {
		all := s.Ephemerals(adaID)
		if len(all) == 1 {
			m = all[0]
		}
		return len(all) == 1
	})
	o.reads(m.AllText(), "Request access", "/jit help")
	o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	o.must(o.sim.Click(o.ctx, adaID, m.Channel, m.TS, "Request access"))
	o.form(adaID)
	if n := len(o.sim.Ephemerals(adaID)); n != 1 {
		t.Errorf("one mention was answered %d times", n)
	}
	o.sim.Reload(adaID)
	o.sim.FailNext("views.open", 1, slacksim.Fault{Error: "expired_trigger_id"})
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", ""))
	o.reads(o.ephemeral(adaID, func(string) bool { return true }), "could not be opened")
}

func TestGuestsGetNoForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	for _, text := range []string{"", "request web-1", "request web-1 for x"} {
		o.must(o.sim.Slash(o.ctx, gusID, slacksim.DemoGeneralID, "/jit", text))
		o.reads(o.ephemeral(gusID, answers), "Guests cannot use jitbot")
	}
	o.must(o.sim.Shortcut(o.ctx, gusID, "request_access"))
	o.until("the guest is told", func(s *slacksim.Snapshot) bool { return len(s.DMs(gusID)) == 1 })
	o.reads(o.sim.DMs(gusID)[0].Text, "Guests cannot use jitbot")
	if n := o.sim.CountCalls("views.open"); n != 0 {
		t.Errorf("%d views were opened", n)
	}
	o.must(o.sim.OpenHome(o.ctx, gusID))
	o.until("the guest's home is there", func(s *slacksim.Snapshot) bool { _, ok := s.Home(gusID); return ok })
	home, _ := o.sim.Home(gusID)
	if o.reads(home.AllText(), "Guests cannot use jitbot"); len(home.Buttons()) != 0 {
		t.Error("a guest has a button")
	}
}
