package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
)

func TestVMsAreListed(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.open()
	o.reads(o.jit(adaID, "vms"), "There is no VM that you may see.")
	o.service.listed, o.service.more = []lookup.ListedVM{{VM: machines(1)[0], Protected: protection.Protected, Offer: simple()}}, true
	o.reads(o.jit(adaID, "vms @channel tag:env=prod"), "`web-1` in `rg`*: protected.", "Ask for SSH up to 3 h, from 203.0.113.7",
		"narrow it")
	if o.service.noted(`vms U0ADA "@channel tag:env=prod" 20`) != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.must(o.sim.Slash(o.ctx, gusID, slacksim.DemoGeneralID, "/jit", "vms"))
	o.reads(o.ephemeral(gusID, answers), "Guests cannot use jitbot")
	o.service.failWith(errors.New("the disk is full"))
	o.reads(o.jit(adaID, "vms"), "Something broke on my side.")
}

func finding(n int, class reach.Class, why string) reach.Finding {
	return reach.Finding{
		VM:      jit.VM{Name: fmt.Sprintf("web-%d", n), Group: "rg", Tags: map[string]string{"env": []string{"dev", "prod"}[n%2]}},
		Posture: reach.Posture{Class: class, Why: why}, Admin: true,
	}
}

// shown waits for an ephemeral message and leaves it there.
func (o *setup) shown(user, part string) slacksim.Message {
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
	o := setUp(t, slacksim.Options{})
	for n := range 20 {
		f := finding(n, reach.ClassUnhealthy, "Rule r opens management ports to Any.")
		f.Admin = n == 15
		o.service.found = append(o.service.found, f)
	}
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "scan unhealthy"))
	m := o.shown(graceID, "5 more VMs.")
	o.reads(m.Text, "20 unhealthy", "`web-14` in `rg`")
	o.must(o.sim.Slash(o.ctx, gusID, slacksim.DemoGeneralID, "/jit", "scan"))
	o.reads(o.ephemeral(gusID, answers), "Guests cannot use jitbot")
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Next 5 of 5"))
	m = o.shown(graceID, "`web-19` in `rg`")
	o.reads(m.Text, "`web-15` in `rg`")
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Protect"))
	o.reads(o.form(graceID).AllText(), "web-15")
	if o.service.noted("scan") != 2 {
		t.Errorf("calls: %q", o.service.calls)
	}
}

func TestExplainInSlack(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.dry = lookup.Explanation{VM: jit.VM{Name: "web-1", Group: "rg"}}
	o.open()
	o.reads(o.jit(adaID, "explain web-1"), "<@"+adaID+"> may ask for", "dry run")
	o.reads(o.jit(graceID, "explain rg/web-1 <@"+adaID+">"), "<@"+adaID+"> may ask for")
	if o.service.noted("explain "+adaID+" web-1 "+adaID) != 1 || o.service.noted("explain "+graceID+" rg/web-1 "+adaID) != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
