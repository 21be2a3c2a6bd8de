package bot_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/text"
)

func TestTheFormAsksForAccess(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "")
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

func TestAllRangesOfThePolicy(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(1)
	o.service.offer.Sources = append(from("198.51.100.0/24"), from("192.0.2.0/28")...)
	for i := range o.service.offer.Ports {
		o.service.offer.Ports[i].Sources = o.service.offer.Sources
	}
	o.open()
	o.types(adaID, "request web-1")
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

// Each field altered, missing and oversized is answered at a field, and nothing
// is asked for.
func TestForgedFormsAreRefusedAtTheField(t *testing.T) {
	long := strings.Repeat("x", 10000)
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	for name, c := range map[string]struct {
		change func(map[string]any)
		block  string
		want   string
	}{
		"no VM":                {without("vm"), "vm", "Choose a VM."},
		"a VM cleared":         {put("vm", "vm", map[string]any{"type": "external_select", "selected_option": nil}), "vm", "Choose a VM."},
		"a tag, which is many": {vmOf("tag:env=prod"), "vm", "from the list"},
		"a tag with a slash":   {vmOf("tag:env=prod/x"), "vm", "from the list"},
		"a bare name":          {vmOf("web-1"), "vm", "from the list"},
		"a resource id":        {vmOf("/vm/web-1"), "vm", "from the list"},
		"an unknown hash":      {vmOf("#00"), "vm", "from the list"},
		"a long VM":            {vmOf("rg/" + long), "vm", "from the list"},
		"two hundred VMs": {
			put("vm", "vm", map[string]any{"type": "multi_external_select", "selected_options": slices.Repeat([]any{option("rg/web-1")}, 200)}),
			"vm", "a hundred at most",
		},
		"no ports":            {without("ports"), "vm", "Choose the ports"},
		"ports not offered":   {portsOf("23/tcp"), "ports", "not on offer"},
		"another protocol":    {portsOf("22/udp"), "ports", "not on offer"},
		"every port":          {portsOf("1-65535/*"), "ports", "not on offer"},
		"ports that are none": {portsOf("<!channel>"), "ports", "not on offer"},
		"ports beyond a list": {portsOf(slices.Repeat([]string{"22/tcp"}, 101)...), "ports", "fewer ports"},
		"long ports":          {portsOf(long), "ports", "not on offer"},
		"one port twice":      {portsOf("22/tcp", "22/tcp"), "ports", "overlap"},
		"ports that overlap":  {portsOf("8005/*", "8000-8010/*"), "ports", "overlap"},
		"no source":           {without("source"), "source", "Write your address"},
		"a long source":       {textOf("source", long), "source", "is no address"},
		"a mention as source": {textOf("source", "<@U0GRACE>"), "source", "is no address"},
		"loopback":            {textOf("source", "127.0.0.1"), "source", "nobody can come from"},
		"a foreign range": {
			put("ranges", "ranges", map[string]any{"type": "checkboxes", "selected_options": []any{option("0.0.0.0/0")}}),
			"source", "Write your address",
		},
		"no duration": {func(values map[string]any) {
			without("usual")(values)
			textOf("duration", "")(values)
		}, "duration", "Say for how long"},
		"a long duration":   {textOf("duration", long), "duration", "is no duration"},
		"for ever":          {textOf("duration", "99999999999999999999h"), "duration", "longer than anybody"},
		"no reason":         {without("reason"), "reason", "Say why"},
		"a blank reason":    {textOf("reason", "\u202e\u200b\x00\n"), "reason", "Say why"},
		"10,000 characters": {textOf("reason", long), "reason", "at most 1000"},
		"nothing at all":    {func(values map[string]any) { clear(values) }, "vm", "Choose a VM."},
	} {
		in := fields()
		raw := state(func(values map[string]any) {
			if name == "a foreign range" {
				delete(values, "source")
			}
			c.change(values)
		})
		r, err := o.sim.SubmitRaw(o.ctx, adaID, v.ID, in, raw)
		if err != nil || !strings.Contains(r.Errors[c.block], c.want) {
			t.Errorf("%s: errors %v, %v; want %q at %s", name, r.Errors, err, c.want, c.block)
		}
		for _, text := range r.Errors {
			if len(text) > 2000 || strings.ContainsAny(text, "\u202e\u200b\x00") {
				t.Errorf("%s: said %.80q", name, text)
			}
		}
	}
	if n := o.service.noted("ask"); n != 0 {
		t.Errorf("%d requests were made: %q", n, o.service.calls)
	}
}

// What people wrote is kept as text and shown as such.
func TestHostileReasonsStayText(t *testing.T) {
	for _, reason := range []string{
		"<!channel> <@U0GRACE> <https://evil.example|click>", "*bold* `code` _x_ ~y~", "a\u202eb\u0007c",
		"&lt;!here&gt;",
	} {
		o := setUp(t, slacksim.Options{})
		o.service.vms = machines(1)
		o.open()
		o.types(adaID, "request web-1")
		in := fields()
		in["reason"], in["source"] = reason, "203.0.113.7"
		if r := o.must(o.sim.Submit(o.ctx, adaID, o.form(adaID).ID, in)); r.View != nil {
			t.Fatalf("the form stayed: %v", r.Errors)
		}
		o.finished()
		if got := o.onlyGrant().Request.Reason; got != text.Clean(reason) {
			t.Errorf("%q became %q", reason, got)
		}
	}
}

// A form that is sent twice, delivered twice or sent after its time asks once;
// what else stands in the payload changes nothing.
func TestAFormAsksOnce(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	raw := slacksim.Raw{Double: true, Edit: func(p map[string]any) {
		p["view"].(map[string]any)["private_metadata"] = strings.Repeat(`{"user":"U0GRACE","grant":"g-7k2qd"}`, 100)
	}}
	r := o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, fields(), raw))
	o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	o.finished()
	if r.View != nil || o.onlyGrant().Request.By.ID != adaID {
		t.Errorf("the form stayed: %v", r.Errors)
	}
	late := fields()
	late["reason"] = "another reason, an hour later"
	o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, late, slacksim.Raw{Force: true}))
	o.finished()
	if g := o.onlyGrant(); g.Request.Reason != "the <@U0GRACE> *fix*" {
		t.Errorf("the grant became %+v", g.Request)
	}
	// The view of somebody else is no key to their grant.
	o.types(graceID, "request web-2")
	mine := o.form(graceID)
	o.must(o.sim.SubmitRaw(o.ctx, graceID, mine.ID, fields(), slacksim.Raw{Edit: func(p map[string]any) {
		p["view"].(map[string]any)["callback_id"] = "a_form_of_another_app"
	}}))
	if n := len(o.service.targets()); n != 1 {
		t.Errorf("a form of another app made %d grants", n)
	}
}

// A refusal of the service comes in the form when it comes in time.
func TestTheServicesRefusalIsSaidInTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	o.service.failWith(jit.Refuse(jit.ErrPolicy, "Nobody is named to approve access to %s; ask an admin.", "web-1"))
	r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	o.reads(r.Errors["vm"], "Nobody is named to approve")
	o.finished()
	o.service.failWith(nil)
	// A fault of ours is said, and the form can be sent again.
	o.inbox.failWith(errors.New("the disk is full"))
	r = o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	o.reads(r.Errors["vm"], "Something broke on my side.")
	o.inbox.failWith(nil)
	// Policies that cannot be read in time do not hold the form up.
	o.service.mu.Lock()
	o.service.slow = make(chan struct{})
	slow := o.service.slow
	o.service.mu.Unlock()
	r = o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	if r.View != nil || r.Took > 2500*time.Millisecond {
		t.Fatalf("the form stayed for %s: %v", r.Took, r.Errors)
	}
	close(slow)
	o.finished()
	if g := o.onlyGrant(); g.State != jit.Pending {
		t.Errorf("the grant is %s", g.State)
	}
}
