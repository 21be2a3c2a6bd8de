package bot_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
)

// protectFields are what a good form holds that protects VMs.
func protectFields() slacksim.Values {
	return slacksim.Values{
		"port-1": "22", "protocol-1": "tcp", "from-1": "any; 198.51.100.0/24,\n2001:db8::/48", "longest-1": "90m",
		"port-2": "8000–8010/udp", "protocol-2": "tcp", "from-2": "Any", "longest-2": "45 m",
	}
}

// direct waits for the newest direct message.
func (o *setup) direct(user string, n int) string {
	o.t.Helper()
	o.until("a direct message comes", func(s *slacksim.Snapshot) bool { return len(s.DMs(user)) == n })
	return o.sim.DMs(user)[n-1].Text
}

func TestProtectOpensTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.service.results = []access.VMResult{
		{VM: o.service.vms[0]},
		{VM: o.service.vms[1], Err: jit.Refuse(jit.ErrPolicy, "attach an NSG to %s first", "web-2")},
	}
	o.open()
	o.types(graceID, "protect web-1,rg/web-2 22,1433")
	v := o.form(graceID)
	o.reads(v.AllText(), "2 VMs: web-1 in rg, web-2 in rg", "For at most")
	for action, want := range map[string]string{
		"port-1": "22", "protocol-1": "tcp", "from-1": "any, 198.51.100.0/24", "longest-1": "3h",
		"port-2": "1433", "protocol-2": "tcp", "from-2": "any", "longest-2": "3h",
	} {
		if got := initial(v, action); got != want {
			t.Errorf("%s begins with %q, not %q", action, got, want)
		}
	}
	if r := o.must(o.sim.Submit(o.ctx, graceID, v.ID, protectFields())); r.View != nil || len(r.Errors) > 0 {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.reads(o.direct(graceID, 1), "`web-2` in `rg` was not changed: attach an NSG to `web-2` first", "Being protected: `web-1` in `rg`.",
		"The channel is told")
	o.finished()
	if o.service.noted("protect U0GRACE [/vm/web-1 /vm/web-2]") != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	want := []jit.PortPolicy{
		{
			Ports: tcp(22), Any: true, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/48")},
			Shortest: 5 * time.Minute, Longest: 90 * time.Minute,
		},
		// The shortest is the policy's, which the form does not ask for.
		{Ports: jit.Ports{From: 8000, To: 8010, Protocol: jit.UDP}, Any: true, Shortest: 10 * time.Minute, Longest: 45 * time.Minute},
	}
	if diff := cmp.Diff(want, o.service.protected, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("protected (-want +got):\n%s", diff)
	}
}

func TestTheProtectFormBegins(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms, o.service.unknown = simple(), machines(1), "wbe-1"
	o.open()
	begins := func(text string, want map[string]string) {
		o.t.Helper()
		o.sim.Reload(graceID)
		o.types(graceID, text)
		v := o.form(graceID)
		for action, w := range want {
			if got := initial(v, action); got != w {
				t.Errorf("%s: %s begins with %q, not %q", text, action, got, w)
			}
		}
	}
	begins("protect web-1", map[string]string{"port-1": "22", "protocol-1": "tcp", "from-1": "203.0.113.7", "longest-1": "3h"})
	o.service.offer.Ports = append(o.service.offer.Ports,
		jit.PortPolicy{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.UDP}, Any: true, Longest: time.Hour},
		jit.PortPolicy{Ports: jit.Ports{From: 20, To: 25, Protocol: jit.TCP}, Any: true, Longest: 2 * time.Minute})
	begins("protect web-1", map[string]string{
		"port-1": "22", "longest-1": "3h", "port-2": "22", "protocol-2": "udp", "from-2": "any", "longest-2": "1h",
		"port-3": "20-21", "longest-3": "2m", "port-4": "23-25",
	})
	// Whatever the policies are, the form is taken as it begins.
	v := o.form(graceID)
	if r := o.must(o.sim.Submit(o.ctx, graceID, v.ID, nil)); r.View != nil || len(r.Errors) > 0 {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	o.service.mu.Lock()
	if got := o.service.protected; len(got) != 4 || got[0].Any || got[0].Longest != 3*time.Hour || got[3].Longest != 2*time.Minute {
		t.Errorf("protected %+v", got)
	}
	o.service.mu.Unlock()
	o.service.mu.Lock()
	o.service.refuse = jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s.", "web-1")
	o.service.mu.Unlock()
	begins("protect web-1", map[string]string{
		"port-1": "22", "port-2": "3389", "port-3": "5985", "port-4": "5986", "longest-4": "3h", "from-4": "any", "protocol-1": "*",
	})
	o.service.mu.Lock()
	o.service.refuse = nil
	o.service.mu.Unlock()
	o.sim.Reload(graceID)
	o.types(graceID, "protect wbe-1")
	if v := o.formWith(graceID, "did you mean"); v.Submit != "" || v.Title != "Protect VMs" {
		t.Errorf("the view is %q with %q", v.Title, v.Submit)
	}
	o.sim.Reload(graceID)
	var names []string
	for n := range 150 {
		names = append(names, fmt.Sprintf("web-%d", n))
	}
	o.reads(o.jit(graceID, "protect "+strings.Join(names, ",")), "too many VMs at once")
	o.sim.FailNext("views.open", 1, slacksim.Fault{Error: "expired_trigger_id"})
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "protect web-1"))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "nothing was protected")
}

// Only admins get the form; who sends one without being one changes nothing.
func TestWhoGetsTheProtectForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(1)
	o.open()
	for user, want := range map[string]string{adaID: "Only admins may protect", gusID: "Guests cannot use jitbot"} {
		channel := approvals
		if user == gusID {
			channel = slacksim.DemoGeneralID
		}
		for _, text := range []string{"protect web-1", "unprotect web-1"} {
			o.must(o.sim.Slash(o.ctx, user, channel, "/jit", text))
			o.reads(o.ephemeral(user, answers), want)
		}
	}
	if n := o.sim.CountCalls("views.open"); n != 0 {
		t.Errorf("%d views were opened", n)
	}
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, fields(), slacksim.Raw{Force: true, Edit: forgedProtect}))
	o.reads(o.direct(adaID, 1), "Only admins may protect")
	if n := o.service.noted("protect") + o.service.noted("unprotect"); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
}

// forgedProtect makes another form a good one that protects.
func forgedProtect(p map[string]any) {
	v := p["view"].(map[string]any)
	v["callback_id"], v["private_metadata"] = "protect", `{"words":["web-1"]}`
	v["state"] = map[string]any{"values": goodProtect()}
}

func goodProtect() map[string]any {
	values := map[string]any{}
	textOf("port-1", "22")(values)
	textOf("from-1", "any")(values)
	put("protocol-1", "protocol-1", map[string]any{"type": "static_select", "selected_option": option("tcp")})(values)
	textOf("longest-1", "3h")(values)
	return values
}

// Each field altered, missing and out of range is answered at a field, and
// nothing is protected.
func TestForgedProtectFormsAreRefusedAtTheField(t *testing.T) {
	long := strings.Repeat("x", 10000)
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.service.offer, o.service.vms = simple(), machines(1)
	o.open()
	o.types(graceID, "protect web-1 22,1433")
	v := o.form(graceID)
	both := func(all ...func(map[string]any)) func(map[string]any) {
		return func(values map[string]any) {
			for _, f := range all {
				f(values)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(map[string]any)
		block  string
		want   string
	}{
		"no ports":   {without("port-1"), "port-1", "Write the ports"},
		"port empty": {textOf("port-1", " "), "port-1", "Write a port"},
		"custom again": {
			both(textOf("port-2", "20-25"), textOf("from-2", "any"), textOf("longest-2", "1h"),
				put("protocol-2", "protocol-2", map[string]any{"selected_option": option("tcp")})),
			"port-2", "22 and 20-25 overlap",
		},
		"two in a row":        {textOf("port-1", "22,23"), "port-1", "one port or range here"},
		"port zero":           {textOf("port-1", "0"), "port-1", "0 is no port"},
		"port 65536":          {textOf("port-1", "65536"), "port-1", "65536 is no port"},
		"backwards":           {textOf("port-1", "8010-8000"), "port-1", "runs backwards"},
		"icmp":                {textOf("port-1", "1/icmp"), "port-1", "no protocol"},
		"a mention":           {textOf("port-1", "<!channel>"), "port-1", "is no port"},
		"a long port":         {textOf("port-1", long), "port-1", "is no port"},
		"no protocol":         {without("protocol-1"), "protocol-1", "Choose Any, TCP or UDP"},
		"protocol icmp":       {put("protocol-1", "protocol-1", map[string]any{"selected_option": option("icmp")}), "protocol-1", "Choose Any, TCP or UDP"},
		"from nowhere":        {without("from-1"), "from-1", "Write any"},
		"everybody":           {textOf("from-1", "0.0.0.0/0"), "from-1", "whole internet"},
		"host bits":           {textOf("from-1", "198.51.100.7/24"), "from-1", "bits set"},
		"a name":              {textOf("from-1", "198.51.100.0/24, home"), "from-1", "home is no address"},
		"a thousand ranges":   {textOf("from-1", strings.Repeat("1 ", 1000)), "from-1", "too many ranges"},
		"loopback":            {textOf("from-1", "127.0.0.1"), "from-1", "nobody can come from"},
		"no duration":         {without("longest-1"), "longest-1", "Say for how long"},
		"too long":            {textOf("longest-1", "24h1s"), "longest-1", "24h at most"},
		"for ever":            {textOf("longest-1", "999999h"), "longest-1", "longer than anybody"},
		"a while":             {textOf("longest-1", "a while"), "longest-1", "is no duration"},
		"nothing at all":      {func(values map[string]any) { clear(values) }, "port-1", "Write the ports"},
		"metadata empty":      {nil, "port-1", "names no VM"},
		"metadata no list":    {nil, "port-1", "names no VM"},
		"metadata empty list": {nil, "port-1", "names no VM"},
		"metadata of markup":  {nil, "port-1", "names no VM"},
		"metadata an id":      {nil, "port-1", "names no VM"},
		"metadata blank":      {nil, "port-1", "names no VM"},
		"metadata too long":   {nil, "port-1", "names no VM"},
		"metadata many":       {nil, "port-1", "names no VM"},
	} {
		metadata, forged := map[string]string{
			"metadata empty": "", "metadata no list": `{"vm":"web-1"}`, "metadata empty list": `{"words":[]}`, "metadata of markup": `{"words":["tag:<!channel>"]}`,
			"metadata an id": `{"words":["/subscriptions/s/x"]}`, "metadata blank": `{"words":["\u200b"]}`, "metadata too long": `{"words":["` + long + `"]}`,
			"metadata many": `{"words":[` + strings.Repeat(`"a",`, 200) + `"a"]}`,
		}[name]
		r, err := o.sim.SubmitRaw(o.ctx, graceID, v.ID, nil, slacksim.Raw{Force: true, Edit: func(p map[string]any) {
			view := p["view"].(map[string]any)
			values := goodProtect()
			if forged {
				view["private_metadata"] = metadata
			} else {
				c.change(values)
			}
			view["state"] = map[string]any{"values": values}
		}})
		if err != nil || !strings.Contains(r.Errors[c.block], c.want) {
			t.Errorf("%s: errors %v, %v; want %q at %s", name, r.Errors, err, c.want, c.block)
		}
		for _, text := range r.Errors {
			if len(text) > 2000 {
				t.Errorf("%s: said %.80q", name, text)
			}
		}
	}
	r := o.must(o.sim.SubmitRaw(o.ctx, graceID, v.ID, protectFields(), slacksim.Raw{TeamID: "T0OTHER", Force: true}))
	o.reads(r.Errors["port-1"], "another workspace")
	if n := o.service.noted("protect"); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
