package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
)

var errPassing = fmt.Errorf("reading: %w", jit.ErrBusy)

// again presses the button that tries again what met a passing fault, once that is over.
func (o *setup) again(user string) {
	o.t.Helper()
	m := o.shown(user, "is busy, which passes")
	o.service.failWith(nil)
	o.must(o.sim.Click(o.ctx, user, m.Channel, m.TS, "Try again"))
}

// What was being shown when a fault passed by is shown at a click.
func TestWhatIsShownMayBeTriedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	for n := range 20 {
		vm := jit.VM{ID: fmt.Sprint("/vm/w-", n), Name: fmt.Sprint("w-", n), Group: "rg"}
		o.service.found = append(o.service.found, reach.Finding{VM: vm, Posture: reach.Posture{Class: reach.ClassUnhealthy, Why: "It is open."}})
	}
	o.service.dry.VM = jit.VM{ID: "/vm/web-1", Name: "web-1", Group: "rg", Interfaces: []jit.Interface{{ID: "/nic/1"}}}
	o.open()
	for _, tt := range []struct{ line, said, button, then string }{
		{"scan", "20 unhealthy", "Next 5 of 5", "w-19"},
		{"explain web-1", "may ask for", "Ask Azure", "is what jitbot read"},
	} {
		o.sim.Reload(graceID)
		o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", tt.line))
		m := o.shown(graceID, tt.said)
		o.service.failWith(errPassing)
		o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, tt.button))
		o.again(graceID)
		o.shown(graceID, tt.then)
	}
}

// The question before an unprotection is asked again at a click.
func TestTheQuestionMayBeTriedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
	o.service.unforeseen = errPassing
	o.open()
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "unprotect web-1"))
	m := o.shown(graceID, "is busy, which passes")
	o.service.mu.Lock()
	o.service.unforeseen = nil
	o.service.mu.Unlock()
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Try again"))
	o.shown(graceID, "Nothing is changed yet")
	if n := o.service.noted("unprotect"); n != 0 {
		t.Errorf("it was done: %q", o.service.calls)
	}
}

// A revocation that is tried again has its reason.
func TestTheReasonOfARevocationIsKept(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	g, _ := o.pending()
	o.open()
	o.service.failWith(errPassing)
	o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "revoke "+string(g.ID)+" not during the sale"))
	o.again(graceID)
	o.eventually("it is tried with the reason", func() bool {
		return o.service.noted(fmt.Sprintf("%s %s %s not during the sale", jit.Revoked, graceID, g.ID)) == 2
	})
}

// The form that protects VMs is filled at a click, and sent again as it was typed.
func TestTheProtectFormMayBeTriedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	o.service.vms = machines(1)
	o.open()
	o.service.refuseWith(errPassing)
	o.types(graceID, "protect web-1 22,1433")
	o.until("it says why there is none", func(s *slacksim.Snapshot) bool {
		all := s.Views(graceID)
		return len(all) == 1 && strings.Contains(all[0].AllText(), "could not be read just now")
	})
	v := o.sim.Views(graceID)[0]
	o.service.refuseWith(nil)
	o.must(o.sim.ClickView(o.ctx, graceID, v.ID, "Try again"))
	v = o.form(graceID)
	if a, b := initial(v, "port-1"), initial(v, "port-2"); a != "22" || b != "1433" {
		t.Errorf("begins with %q and %q", a, b)
	}
	o.service.failWith(errPassing)
	o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"from-1": "198.51.100.0/24", "longest-2": "2h"}))
	o.direct(graceID, 1)
	o.service.failWith(nil)
	m := o.sim.DMs(graceID)[0]
	o.must(o.sim.Click(o.ctx, graceID, m.Channel, m.TS, "Try again"))
	v = o.form(graceID)
	if a, b := initial(v, "from-1"), initial(v, "longest-2"); a != "198.51.100.0/24" || b != "2h" {
		t.Errorf("begins again with %q and %q", a, b)
	}
}

// More time is asked for again, as much as before.
func TestAnExtensionMayBeTriedAgain(t *testing.T) {
	o := setUp(t, slacksim.Options{NoRateLimits: true})
	g, _ := o.pending()
	o.open()
	o.service.failWith(errPassing)
	o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "extend "+string(g.ID)+" 90m"))
	o.again(adaID)
	o.eventually("it is asked for again", func() bool { return o.service.noted("extend U0ADA g-7k2qd 1h30m0s") == 2 })
}
