package bot_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
)

// What is typed asks back, and nothing is changed before the answer's button is pressed.
func TestUnprotectAsksBack(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "unprotect web-1"))
	m := o.shown(graceID, "Nothing is changed yet")
	o.reads(m.Text, "Unprotect `web-1` in `rg`?")
	o.finished()
	if n := o.service.noted("unprotect"); n != 0 {
		t.Errorf("typing it changed something: %q", o.service.calls)
	}
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Unprotect"))
	o.reads(o.shown(graceID, "Being unprotected").Text, "`web-1` in `rg`", "Only jitbot's denies are removed")
	o.finished()
	if n := o.service.noted("unprotect U0GRACE [/vm/web-1]"); n != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	o.reads(o.said(graceID, "unprotect web-1").Text, "Nothing is changed yet")
}

// A button that says nothing, one that is too old or of a time that is not yet, and one
// pressed by somebody who is no admin, change nothing.
func TestWhatDoesNotUnprotect(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "unprotect web-1"))
	m := o.shown(graceID, "Nothing is changed yet")
	value := func(at time.Time) string {
		v, _ := view.Unprotecting{IDs: []string{"/vm/web-1"}, Asked: at.UnixNano()}.Pack()
		return v
	}
	press := func(user, value string) {
		o.must(o.sim.ClickRaw(o.ctx, graceID, m.Channel, m.TS, "Unprotect", slacksim.Raw{Edit: func(p map[string]any) {
			p["user"].(map[string]any)["id"] = user
			p["actions"].([]any)[0].(map[string]any)["value"] = value
		}}))
	}
	for _, nothing := range []string{"", "{}", `{"v":["/vm/web-1"]}`, `{"v":[""],"t":1}`, "g-2222a"} {
		press(graceID, nothing)
	}
	press(graceID, value(time.Now().Add(-view.UnprotectWithin-time.Minute)))
	o.shown(graceID, "This question is too old")
	press(graceID, value(time.Now().Add(time.Hour)))
	press(adaID, value(time.Now()))
	o.until("Ada is told", func(s *slacksim.Snapshot) bool {
		raw, _ := json.Marshal(s)
		return strings.Contains(string(raw), "Only admins may protect")
	})
	o.finished()
	if n := o.service.noted("unprotect"); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}

// Where what it opens cannot be read, there is no button that does it.
func TestUnprotectNotForeseen(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.service.results = []access.VMResult{{VM: o.service.vms[0], Err: errors.New("read: reset")}}
	o.open()
	o.reads(o.jit(graceID, "unprotect web-1"), "what would become reachable could not be read. Try again")
	o.service.results = []access.VMResult{{VM: o.service.vms[0], Err: jit.Refuse(jit.ErrStale, "%s is not protected.", "web-1")}}
	o.reads(o.jit(graceID, "unprotect web-1"), "`web-1` is not protected")
	o.finished()
	if n := o.service.noted("unprotect"); n != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
