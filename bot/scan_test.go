package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func (d *desk) Scan(ctx context.Context, by jit.UserID) ([]jit.Finding, bool, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, false, err
	}
	return d.found, d.more, d.note("scan %s", by)
}

func (d *desk) Explain(_ context.Context, by jit.UserID, vm string, who jit.UserID) (jit.Explanation, error) {
	e := d.dry
	e.For = who
	return e, d.note("explain %s %s %s", by, vm, who)
}

func finding(n int, class jit.Class, why string) jit.Finding {
	return jit.Finding{
		VM:      jit.VM{Name: fmt.Sprintf("web-%d", n), Group: "rg", Tags: map[string]string{"env": []string{"dev", "prod"}[n%2]}},
		Posture: jit.Posture{Class: class, Why: why}, Admin: true,
	}
}

func findings() []jit.Finding {
	open := finding(1, jit.ClassUnhealthy, "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any.")
	open.Posture.Notes = []string{"It is deallocated now; the rules are open as soon as it starts.", "note <!channel>", "one more", "another"}
	hidden := finding(2, jit.ClassUnhealthy, "Rule <!channel> `x` of y opens management ports to Internet.")
	hidden.Admin = false
	bare := finding(3, jit.ClassNotApplicable, "It has no network security group.")
	good := finding(4, jit.ClassHealthy, "jitbot protects it: just-in-time access is on.")
	good.Posture.Yet = []string{"Yet its policy lets a request open port 22 and 3389 to any single address that it names."}
	good.Posture.Defaults = []string{"10.0.0.0/8 to port 22 of 10.10.9.4: rule AllowVnetInBound (priority 65000, a default rule of Azure) of x at the subnet allows it."}
	return []jit.Finding{open, hidden, bare, good}
}

func TestScanPages(t *testing.T) {
	golden(t, "scan", bot.ScanPage(findings(), false, bot.ScanFilter{}))
	golden(t, "scan-none", bot.ScanPage(nil, false, bot.ScanFilter{}))
	golden(t, "scan-unhealthy", bot.ScanPage(findings(), true, bot.ScanFilter{Class: jit.ClassUnhealthy, Text: "env=prod"}))
	var many []jit.Finding
	for n := range 40 {
		many = append(many, finding(n, jit.ClassHealthy, "All is well."))
	}
	golden(t, "scan-last", bot.ScanPage(many, false, bot.ScanFilter{Offset: 38}))
	golden(t, "scan-past", bot.ScanPage(many, false, bot.ScanFilter{Offset: 1e9}))
	nasty := finding(1, jit.ClassUnhealthy, strings.Repeat("<!channel> `", 500))
	nasty.VM.Name, nasty.VM.Group = strings.Repeat("<!channel>", 50), strings.Repeat("`", 90)
	nasty.Posture.Notes = slices.Repeat([]string{strings.Repeat("<!channel>", 100)}, 30)
	nasty.Posture.Yet = nasty.Posture.Notes[:2]
	for _, nasty.Admin = range []bool{true, false} {
		raw, err := json.Marshal(bot.ScanPage(slices.Repeat([]jit.Finding{nasty}, 100), true, bot.ScanFilter{}))
		if err != nil || !nasty.Admin && bytes.Contains(raw, []byte(`\u003c!channel`)) {
			t.Errorf("mentions the channel: %v", err)
		}
		checkLimits(t, "a scan of the worst", raw)
	}
}

func dryRun() jit.Explanation {
	port := jit.PortPolicy{Ports: tcp(22), Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour}
	reason := jit.Reason{Guard: "/x/jump-nsg", Rule: "ssh-anywhere", Priority: 1000, Allow: true, Text: "The internet to port 22 of 10.10.9.4: rule ssh-anywhere (priority 1000) of jump-nsg at the network interface allows it."}
	return jit.Explanation{
		VM: jit.VM{Name: "jump-1", Group: "prod-web", Tags: map[string]string{"env": "prod"}}, For: "U0ADA", Who: ada, Policy: true,
		Guards: []string{"/x/jump-nsg", "/x/web-subnet-nsg"},
		Offers: []jit.Offered{{
			Port: port, Widest: jit.Widths{V4: 32, V6: 128}, Duration: time.Hour, Named: true,
			Rule: jit.ApprovalRule{Approvers: []string{"S0APPROVERS", "U0GRACE"}, Required: 2},
			Ways: []jit.Reached{
				{Source: "Internet", Verdict: jit.Verdict{Decision: jit.AnswerAllow, Why: []jit.Reason{reason, reason, reason, reason}}},
				{Source: "VirtualNetwork", Verdict: jit.Verdict{Decision: jit.AnswerUnknown}},
			},
		}},
		Posture: jit.Posture{
			Class: jit.ClassUnhealthy, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any.",
			Notes: []string{"The routes of its subnet lead to the virtual appliance 10.40.0.4: a firewall is on the route and is not looked at yet."},
		},
	}
}

func TestExplainScreens(t *testing.T) {
	golden(t, "explain", bot.ExplainScreen(dryRun()))
	e := dryRun()
	e.Protected, e.Guards = jit.Locked, nil
	e.Posture.Yet = []string{"Yet rule rdp (priority 310) of jump-nsg opens management ports to Any."}
	e.No = jit.Refuse(jit.ErrAuthority, "%s lacks the Azure action %s.", "bob <!here>", "Microsoft.Compute/virtualMachines/read")
	e.Blocked = jit.Refuse(jit.ErrPolicy, "%s has no network security group; attach one first.", "jump-1")
	e.Offers[0].Few = jit.Refuse(jit.ErrPolicy, "%s approvals are needed and only %s people could give one.", "2", "1")
	golden(t, "explain-no", bot.ExplainScreen(e))
	e.Hidden = true
	e.Offers[0].Rule.Required, e.Offers[0].Few = 0, nil
	golden(t, "explain-hidden", bot.ExplainScreen(e))
	e.Offers, e.Policy = nil, false
	golden(t, "explain-nothing", bot.ExplainScreen(e))
	nasty := dryRun()
	nasty.VM.Name = strings.Repeat("<!channel>", 90)
	for i := range nasty.Offers[0].Ways {
		nasty.Offers[0].Ways[i].Verdict.Why = slices.Repeat([]jit.Reason{{Text: strings.Repeat("<!channel> `", 90)}}, 90)
	}
	nasty.Offers[0].Named = false
	nasty.Offers = slices.Repeat(nasty.Offers, 100)
	nasty.Guards = slices.Repeat([]string{"/x/<!channel>"}, 100)
	nasty.Posture.Notes = slices.Repeat([]string{strings.Repeat("<!channel>", 90)}, 100)
	raw, err := json.Marshal(bot.ExplainScreen(nasty))
	if err != nil || bytes.Contains(raw, []byte(`\u003c!channel`)) {
		t.Errorf("mentions the channel: %v", err)
	}
	checkLimits(t, "the worst explanation", raw)
}

// shown waits for an ephemeral message and leaves it on the screen.
func (o *office) shown(user, part string) slacksim.Message {
	o.t.Helper()
	var found slacksim.Message
	o.until("an answer comes", func(s *slacksim.Snapshot) bool {
		for _, m := range s.Ephemerals(user) {
			if strings.Contains(m.Text, part) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func TestScanInSlack(t *testing.T) {
	o := newOffice(t, slacksim.Options{})
	for n := range 20 {
		f := finding(n, jit.ClassUnhealthy, "Rule r opens management ports to Any.")
		f.Admin = n == 15
		o.desk.found = append(o.desk.found, f)
	}
	o.desk.offer, o.desk.vms = wide(), machines(3)
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "scan unhealthy"))
	m := o.shown(graceID, "5 more VMs.")
	o.reads(m.Text, "20 unhealthy", "`rg/web-14`")
	o.must(o.sim.Slash(o.ctx, gusID, slacksim.DemoGeneralID, "/jit", "scan"))
	o.reads(o.whisper(gusID, func(s string) bool { return s != "Checking…" }), "Guests cannot use jitbot")
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Next 5 of 5"))
	m = o.shown(graceID, "`rg/web-19`")
	o.reads(m.Text, "`rg/web-15`")
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Protect"))
	o.reads(o.form(graceID).AllText(), "web-15")
	if o.desk.noted("scan") != 2 {
		t.Errorf("calls: %q", o.desk.calls)
	}
}

func TestExplainInSlack(t *testing.T) {
	o := newOffice(t, slacksim.Options{})
	o.desk.dry = dryRun()
	o.open()
	o.reads(o.jit(adaID, "explain web-1"), "for <@"+adaID+">", "dry run")
	o.reads(o.jit(graceID, "explain rg/web-1 <@"+adaID+">"), "for <@"+adaID+">")
	if o.desk.noted("explain "+adaID+" web-1 "+adaID) != 1 || o.desk.noted("explain "+graceID+" rg/web-1 "+adaID) != 1 {
		t.Errorf("calls: %q", o.desk.calls)
	}
}

func TestScanAndExplainAreUnderstood(t *testing.T) {
	for line, want := range map[string]bot.Command{
		"scan":                          {Verb: bot.VerbScan},
		"Scan UNHEALTHY":                {Verb: bot.VerbScan, Scan: bot.ScanFilter{Class: jit.ClassUnhealthy}},
		"scan web na":                   {Verb: bot.VerbScan, Scan: bot.ScanFilter{Class: jit.ClassNotApplicable, Text: "web"}},
		"scan “tag:env=prod”":           {Verb: bot.VerbScan, Scan: bot.ScanFilter{Text: "tag:env=prod"}},
		"explain web-1":                 {Verb: bot.VerbExplain, Ask: jit.Ask{VMs: []string{"web-1"}}},
		"explain rg/web-1 <@U1|a b>":    {Verb: bot.VerbExplain, Ask: jit.Ask{VMs: []string{"rg/web-1"}}, For: "U1"},
		"explain <http://a.b|a.b><@U2>": {Verb: bot.VerbExplain, Ask: jit.Ask{VMs: []string{"a.b"}}, For: "U2"},
	} {
		got, err := bot.ParseCommand(line)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"explain":               "Name the VM, as in /jit explain web-1",
		"explain <@U1>":         "Name the VM",
		"explain a,b":           "Name one VM",
		"explain a <@U1> <@U2>": "at most one person",
		"explain a @bob":        "I do not understand @bob here",
		"explain a <@u;drop>":   "no member of this workspace",
		"explain a/b/c":         "names no VM",
	} {
		if _, err := bot.ParseCommand(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
