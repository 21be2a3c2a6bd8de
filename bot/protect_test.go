package bot_test

import (
	"fmt"
	"net/netip"
	"slices"
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
		"ports": []string{"22", "3389"}, "custom": "1433; 8000–8010 53/udp", "protocol": "tcp",
		"per_request": []string{"single"}, "allowed": "198.51.100.0/24,\n2001:db8::/48", "duration": "90m",
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
	o.reads(v.AllText(), "2 VMs: web-1 in rg, web-2 in rg", "Longest access")
	for action, want := range map[string]string{
		"ports": "22", "custom": "1433/", "duration": "1h", "allowed": "198.51.100.0/24",
		"per_request": "", "protocol": "tcp",
	} {
		if got := initial(v, action); got != strings.TrimSuffix(want, "/") {
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
	like := jit.PortPolicy{
		Any:      true,
		Sources:  []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/48")},
		Shortest: 5 * time.Minute,
		Longest:  90 * time.Minute,
	}
	var want []jit.PortPolicy
	for _, p := range []jit.Ports{
		tcp(22), tcp(3389), tcp(1433),
		{From: 8000, To: 8010, Protocol: jit.TCP},
		{From: 53, To: 53, Protocol: jit.UDP},
	} {
		pp := like
		pp.Ports = p
		if p.From == 8000 {
			pp.Shortest = 10 * time.Minute // the policy's, which the form does not ask for
		}
		want = append(want, pp)
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
	begins("protect web-1",
		map[string]string{"ports": "22", "custom": "", "duration": "3h", "allowed": "203.0.113.7", "per_request": "", "protocol": "tcp"})
	o.service.offer.Ports = append(o.service.offer.Ports,
		jit.PortPolicy{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.UDP}, Longest: time.Hour})
	o.service.offer.Any = true
	begins("protect web-1", map[string]string{"ports": "22", "custom": "22/udp", "duration": "1h", "per_request": "single", "protocol": "tcp"})
	o.service.offer.Ports[1].Ports.Protocol = jit.AnyProtocol
	begins("protect web-1", map[string]string{"ports": "22", "custom": "22/tcp", "protocol": "*"})
	o.service.mu.Lock()
	o.service.refuse = jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s.", "web-1")
	o.service.mu.Unlock()
	begins("protect web-1",
		map[string]string{"ports": "22,3389,5985,5986", "custom": "", "duration": "3h", "per_request": "single", "protocol": "*"})
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
	o.reads(o.jit(graceID, "unprotect web-1"), "Being unprotected: `web-1` in `rg`.", "Exactly jitbot's denies are removed")
}

// forgedProtect makes another form a good one that protects.
func forgedProtect(p map[string]any) {
	v := p["view"].(map[string]any)
	v["callback_id"], v["private_metadata"] = "protect", `{"words":["web-1"]}`
	v["state"] = map[string]any{"values": goodProtect()}
}

func goodProtect() map[string]any {
	values := map[string]any{}
	ticked("ports", "22")(values)
	ticked("per_request", "single")(values)
	put("protocol", "protocol", map[string]any{"type": "static_select", "selected_option": option("tcp")})(values)
	textOf("duration", "3h")(values)
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
	o.types(graceID, "protect web-1")
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
		"no ports":           {without("ports"), "ports", "Choose the ports"},
		"a port not shown":   {ticked("ports", "23"), "ports", "among the ports that are shown"},
		"every port":         {ticked("ports", "1-65535"), "ports", "among the ports that are shown"},
		"one port 200 times": {ticked("ports", slices.Repeat([]string{"22"}, 200)...), "ports", "among the ports that are shown"},
		"a port twice":       {ticked("ports", "22", "22"), "custom", "overlap"},
		"custom again":       {textOf("custom", "20-25"), "custom", "22 and 20-25 overlap"},
		"custom both ways": {
			both(textOf("custom", "22/udp"), put("protocol", "protocol", map[string]any{"selected_option": option("*")})),
			"custom", "overlap",
		},
		"port zero":        {textOf("custom", "0"), "custom", "0 is no port"},
		"port 65536":       {textOf("custom", "65536"), "custom", "65536 is no port"},
		"backwards":        {textOf("custom", "8010-8000"), "custom", "runs backwards"},
		"icmp":             {textOf("custom", "1/icmp"), "custom", "no protocol"},
		"a mention":        {textOf("custom", "<!channel>"), "custom", "is no port"},
		"long custom":      {textOf("custom", long), "custom", "is no port"},
		"a thousand ports": {textOf("custom", strings.Repeat("1 ", 1000)), "custom", "too many ports"},
		"no protocol":      {without("protocol"), "protocol", "Choose Any, TCP or UDP"},
		"protocol icmp": {
			put("protocol", "protocol", map[string]any{"selected_option": option("icmp")}), "protocol",
			"Choose Any, TCP or UDP",
		},
		"from nowhere":        {without("per_request"), "allowed", "Tick any single address"},
		"another tick":        {ticked("per_request", "all"), "allowed", "Tick any single address"},
		"everybody":           {textOf("allowed", "0.0.0.0/0"), "allowed", "whole internet"},
		"host bits":           {textOf("allowed", "198.51.100.7/24"), "allowed", "bits set"},
		"a name":              {textOf("allowed", "198.51.100.0/24, home"), "allowed", "home is no address"},
		"a thousand ranges":   {textOf("allowed", strings.Repeat("1 ", 1000)), "allowed", "too many ranges"},
		"loopback":            {textOf("allowed", "127.0.0.1"), "allowed", "nobody can come from"},
		"no duration":         {without("duration"), "duration", "Say for how long"},
		"too short":           {textOf("duration", "4m59s"), "duration", "from 5m to 24h"},
		"too long":            {textOf("duration", "24h1s"), "duration", "from 5m to 24h"},
		"for ever":            {textOf("duration", "999999h"), "duration", "longer than anybody"},
		"a while":             {textOf("duration", "a while"), "duration", "is no duration"},
		"nothing at all":      {func(values map[string]any) { clear(values) }, "ports", "Choose the ports"},
		"metadata empty":      {nil, "ports", "names no VM"},
		"metadata no list":    {nil, "ports", "names no VM"},
		"metadata empty list": {nil, "ports", "names no VM"},
		"metadata of markup":  {nil, "ports", "names no VM"},
		"metadata an id":      {nil, "ports", "names no VM"},
		"metadata blank":      {nil, "ports", "names no VM"},
		"metadata too long":   {nil, "ports", "names no VM"},
		"metadata many":       {nil, "ports", "names no VM"},
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
	o.reads(r.Errors["ports"], "another workspace")
	if n := o.service.noted("protect"); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
