package bot_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// form waits for the form to be filled.
func (o *setup) form(user string) slacksim.View {
	o.t.Helper()
	var v slacksim.View
	o.until("the form is there", func(s *slacksim.Snapshot) bool {
		all := s.Views(user)
		if len(all) == 1 && all[0].Submit != "" {
			v = all[0]
			return true
		}
		return false
	})
	return v
}

// formWith waits until the form shows a text.
func (o *setup) formWith(user, text string) slacksim.View {
	o.t.Helper()
	var v slacksim.View
	o.until("the form says "+text, func(s *slacksim.Snapshot) bool {
		all := s.Views(user)
		if len(all) == 1 && strings.Contains(string(all[0].Blocks), text) {
			v = all[0]
			return true
		}
		return false
	})
	return v
}

func (o *setup) type_(user, text string) {
	o.t.Helper()
	if r := o.must(o.sim.Slash(o.ctx, user, approvals, "/jit", text)); r.Text != "" {
		o.t.Fatalf("/jit %s was answered with %q", text, r.Text)
	}
}

func initial(v slacksim.View, action string) string {
	for _, e := range v.Elements() {
		if e.ActionID == action {
			return e.Initial
		}
	}
	return "nothing of that name"
}

func machines(n int) []jit.VM {
	var out []jit.VM
	for i := range n {
		out = append(out, jit.VM{ID: fmt.Sprintf("/vm/web-%d", i+1), Name: fmt.Sprintf("web-%d", i+1), Group: "rg"})
	}
	return out
}

// fields are what a good form holds.
func fields() slacksim.Values {
	return slacksim.Values{"ports": []string{"22/tcp"}, "source": "203.0.113.7", "duration": "45m", "reason": "the <@U0GRACE> *fix*"}
}

func TestTheFormAsksForAccess(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.type_(adaID, "")
	v := o.form(adaID)
	found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "web-2")
	if err != nil || len(found) != 1 || found[0].Value != "rg/web-2" || found[0].Text != "web-2 in rg" {
		t.Fatalf("the menu offers %v: %v", found, err)
	}
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": "rg/web-2", "reason": "typed before"}))
	v = o.formWith(adaID, "Between 5m and 3h")
	if !strings.Contains(string(v.State), "typed before") || !strings.Contains(string(v.State), "rg/web-2") {
		t.Errorf("what was typed is gone: %s", v.State)
	}
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"duration": {"a while", "is no duration"}, "source": {"home", "home is no address"}, "reason": {" \u200b\u202e ", "Say why"},
		"ports": {[]string{}, "complete this required field"},
	} {
		in := fields()
		in[name] = c.value
		r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in))
		o.reads(r.Errors[name], c.want)
		if len(r.Errors) != 1 {
			t.Errorf("%s: errors %v", name, r.Errors)
		}
	}
	for name, c := range map[string]struct{ field, value, want string }{
		"too long":    {"duration", "4h", "ask for at most 3h"},
		"too short":   {"duration", "1m", "ask for at least 5m"},
		"too wide":    {"source", "203.0.113.0/24", "it accepts 198.51.100.0/24, any single address"},
		"everything":  {"source", "0.0.0.0/0", "whole internet"},
		"both":        {"ranges", "all", "not both"},
		"host bits":   {"source", "198.51.100.7/24", "bits set"},
		"with spaces": {"duration", "1 h 61 m x", "is no duration"},
	} {
		in := fields()
		in[c.field] = c.value
		field := c.field
		if field == "ranges" {
			in[field], field = []string{"all"}, "source"
		} else {
			in["ranges"] = []string{}
		}
		r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in))
		if !strings.Contains(r.Errors[field], c.want) || len(r.Errors) != 1 {
			t.Errorf("%s: errors %v", name, r.Errors)
		}
	}
	if n := o.service.noted("ask"); n != 0 {
		t.Fatalf("%d requests before the form was right", n)
	}
	in := fields()
	in["ranges"] = []string{}
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in)); len(r.Errors) > 0 || r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	g := o.onlyGrant()
	if g.State != jit.Pending || g.Request.By.ID != adaID || g.Request.Targets[0].Name != "rg/web-2" || g.Request.Ports[0] != tcp(22) ||
		g.Request.Sources[0] != from("203.0.113.7/32")[0] || g.Request.Duration != 45*time.Minute || g.Request.Reason != "the <@U0GRACE> *fix*" {
		t.Errorf("asked for %+v, %s", g.Request, g.State)
	}
	if m := o.sim.DMs(adaID); len(m) != 0 {
		t.Errorf("beside the notices of the grant, %q was said", m[0].Text)
	}
}

func (o *setup) onlyGrant() jit.Grant {
	o.t.Helper()
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if len(o.service.grants) != 1 {
		o.t.Fatalf("%d grants, not 1", len(o.service.grants))
	}
	for _, g := range o.service.grants {
		return g
	}
	return jit.Grant{}
}

func TestAllRangesOfThePolicy(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(1)
	o.service.offer.Sources = append(from("198.51.100.0/24"), from("192.0.2.0/28")...)
	for i := range o.service.offer.Ports {
		o.service.offer.Ports[i].Sources = o.service.offer.Sources
	}
	o.open()
	o.type_(adaID, "request web-1")
	v := o.form(adaID)
	in := fields()
	delete(in, "source")
	r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in))
	o.reads(r.Errors["source"], "or tick all ranges")
	in["ranges"] = []string{"all"}
	if r = o.must(o.sim.Submit(o.ctx, adaID, v.ID, in)); r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	if got := o.onlyGrant().Request.Sources; !slices.Equal(got, o.service.offer.Sources) {
		t.Errorf("asked from %v", got)
	}
}

func TestIncompleteLinesOpenTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.type_(adaID, "request web-1 8005 45m from 203.0.113.9")
	v := o.form(adaID)
	for action, want := range map[string]string{"vm": "rg/web-1", "ports": "8005/*", "source": "203.0.113.9", "duration": "45m", "reason": ""} {
		if got := initial(v, action); got != want {
			t.Errorf("%s begins with %q, not %q", action, got, want)
		}
	}
	o.sim.Reload(adaID)
	o.type_(adaID, "request web-1,web-2 ssh for two of them")
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
	o.type_(adaID, "request wbe-1,web-3 23 2h")
	v = o.form(adaID)
	o.reads(v.AllText(), "There is no VM called wbe-1; did you mean web-1?", "Not on offer: port 23")
	if initial(v, "vm") != "rg/web-3" || initial(v, "duration") != "2h" {
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
	o.service.last = jit.Request{Targets: []jit.Target{{VM: "/vm/web-3", Name: "web-3", Group: "rg"}}, Ports: []jit.Ports{tcp(22), tcp(9999)}, Sources: from("203.0.113.8/32")}
	o.open()
	o.type_(adaID, "")
	v := o.form(adaID)
	for action, want := range map[string]string{"vm": "rg/web-3", "ports": "22/tcp", "source": "203.0.113.8", "duration": "1h", "reason": ""} {
		if got := initial(v, action); got != want {
			t.Errorf("%s begins with %q, not %q", action, got, want)
		}
	}
	o.sim.Reload(adaID)
	o.type_(adaID, "request web-1 from 203.0.113.9")
	v = o.form(adaID)
	if initial(v, "vm") != "rg/web-1" || initial(v, "source") != "203.0.113.9" || initial(v, "ports") != "22/tcp" {
		t.Errorf("what was typed does not win: %s", v.Blocks)
	}
	// What is no longer on offer is no default.
	o.sim.Reload(adaID)
	o.service.last.Sources = []netip.Prefix{netip.MustParsePrefix("203.0.112.0/23")}
	o.type_(adaID, "")
	if got := initial(o.form(adaID), "source"); got != "" {
		t.Errorf("the source begins with %q", got)
	}
}

func TestASlowListOfVMsKeepsNobodyWaiting(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.slow = wide(), make(chan struct{})
	o.open()
	began := time.Now()
	o.type_(adaID, "request web-1 22")
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
		o.reads(o.ephemeral(gusID, func(s string) bool { return s != "Checking…" }), "Guests cannot use jitbot")
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

func TestThousandsOfVMsAreSearched(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(4000)
	long := strings.Repeat("g", 90)
	o.service.vms = append(o.service.vms, jit.VM{ID: "/vm/long", Name: strings.Repeat("v", 64), Group: long},
		jit.VM{ID: "/a/twin", Name: "twin", Group: "rg"}, jit.VM{ID: "/b/twin", Name: "twin", Group: "rg"})
	o.open()
	o.type_(adaID, "")
	v := o.form(adaID)
	found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "")
	if err != nil || len(found) < 90 || len(found) > 100 {
		t.Fatalf("%d are offered: %v", len(found), err)
	}
	all := o.sim.Envelopes()
	o.reads(string(all[len(all)-1].Response), "type more to narrow")
	for text, want := range map[string]int{"web-3999": 1, "rg/twin": 2, long: 1, "nothing": 0} {
		found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", text)
		if err != nil || len(found) != want {
			t.Errorf("%q finds %v: %v", text, found, err)
		}
	}
	// A VM whose name is too long for an option, or that is not the only one of
	// its name, is found again.
	for text, id := range map[string]string{long: "/vm/long", "rg/twin": "/b/twin"} {
		found, _ := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", text)
		o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": found[len(found)-1].Value}))
		o.formWith(adaID, "Between")
		if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields())); r.View != nil {
			t.Fatalf("the form stayed: %v", r.Errors)
		}
		o.finished()
		if !slices.Contains(o.service.targets(), id) {
			t.Errorf("asked for %v, not %s", o.service.targets(), id)
		}
		o.type_(adaID, "")
		v = o.form(adaID)
	}
}

func (d *fakeService) targets() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, g := range d.grants {
		out = append(out, g.Request.Targets[0].Name)
	}
	return out
}

func TestChoosingAVMRedrawsAndKeeps(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.type_(adaID, "request web-1 22,8000-8010 from 203.0.113.9")
	v := o.form(adaID)
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"reason": "half", "duration": "20m"}))
	if _, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", ""); err != nil {
		t.Fatal(err)
	}
	o.service.mu.Lock()
	o.service.offer = simple() // of the next VM
	o.service.offer.Longest = 2 * time.Hour
	o.service.mu.Unlock()
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": "rg/web-2"}))
	v = o.formWith(adaID, "Between 5m and 2h")
	for _, want := range []string{`"half"`, `"20m"`, `"203.0.113.9"`, `"rg/web-2"`, `"22/tcp"`} {
		if !strings.Contains(string(v.State), want) {
			t.Errorf("the form lost %s: %s", want, v.State)
		}
	}
	if strings.Contains(string(v.State), "8000-8010") {
		t.Errorf("a port is ticked that is not on offer: %s", v.State)
	}
	o.service.mu.Lock()
	o.service.unknown = "web-3"
	o.service.mu.Unlock()
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": "rg/web-3"}))
	v = o.formWith(adaID, "There is no VM called web-3")
	if !strings.Contains(string(v.State), `"half"`) {
		t.Errorf("the form lost the reason: %s", v.State)
	}
}

func TestTheHomeTab(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, _ := o.open()
	g, _ := o.pending()
	home := func(user, want string) slacksim.View {
		o.until("the home says "+want, func(s *slacksim.Snapshot) bool {
			v, ok := s.Home(user)
			return ok && strings.Contains(v.AllText(), want)
		})
		v, _ := o.sim.Home(user)
		return v
	}
	o.must(o.sim.OpenMessagesTab(o.ctx, adaID))
	o.must(o.sim.OpenHome(o.ctx, adaID))
	v := home(adaID, "g-7k2qd")
	if _, ok := v.Button("Withdraw request"); !ok || len(v.Buttons()) != 2 {
		t.Errorf("the home has %v", v.Buttons())
	}
	o.must(o.sim.ClickView(o.ctx, adaID, v.ID, "Request access"))
	o.form(adaID)
	o.must(o.sim.OpenHome(o.ctx, graceID))
	v = home(graceID, "Waiting for me")
	o.must(o.sim.ClickView(o.ctx, graceID, v.ID, "approve"))
	home(graceID, "Nothing waits for your decision")
	o.reads(o.direct(graceID, 1), "You approved `g-7k2qd`")
	o.service.mu.Lock()
	g = o.service.grants[g.ID]
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "approved, opening")
	o.sim.FailNext("views.publish", 1, slacksim.Fault{RetryAfter: time.Second})
	o.service.mu.Lock()
	delete(o.service.grants, g.ID)
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "Nothing is open for you")
}
