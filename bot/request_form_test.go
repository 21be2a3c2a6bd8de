package bot_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
)

// All that is wrong is said at once, each at its field, however much else is wrong.
func TestErrorsOfAllFieldsComeAtOnce(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	in := fields()
	in["duration"], in["source"], in["reason"] = "9h", "203.0.113.0/24", " \u200b "
	r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, in))
	o.reads(r.Errors["duration"], "at most 3h")
	o.reads(r.Errors["source"], "it accepts 198.51.100.0/24")
	o.reads(r.Errors["reason"], "Say why")
	if len(r.Errors) != 3 || o.service.noted("ask") != 0 {
		t.Errorf("errors %v", r.Errors)
	}
}

// The limits are those of the ports that are ticked, and the form says what it asks
// for before it is sent.
func TestTheFormShowsWhatItAsksFor(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1 22")
	v := o.form(adaID)
	o.reads(v.AllText(), "Between 5m and 3h", "This asks for", "port 22 (SSH) of `web-1 in rg` to be opened to the address that you write for 1 h, for you")
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"source": "203.0.113.7", "reason": "half a reason"}))
	v = o.formWith(adaID, "to be opened to `203.0.113.7`")
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"ports": []string{"22/tcp", "8000-8010/*"}}))
	v = o.formWith(adaID, "Between 10m and 1h")
	o.reads(v.AllText(), "port 22 (SSH), 8000-8010/any protocol of")
	if !strings.Contains(string(v.State), "half a reason") {
		t.Errorf("what was typed is gone: %s", v.State)
	}
}

// A usual duration is chosen or another is written; what was done last counts.
func TestUsualDurations(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1 22 20m from 203.0.113.7 ")
	v := o.form(adaID)
	if initial(v, "duration") != "20m" || initial(v, "usual") != "" {
		t.Errorf("begins with %q and %q", initial(v, "usual"), initial(v, "duration"))
	}
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"usual": "2h"}))
	v = o.formWith(adaID, "`203.0.113.7` for 2 h, for you")
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, slacksim.Values{"reason": "the fix"})); r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	if g := o.onlyGrant(); g.Request.Duration != 2*time.Hour {
		t.Errorf("asked for %s", g.Request.Duration)
	}
	// What is written counts before what was chosen earlier.
	o.types(adaID, "request web-2 22 from 203.0.113.7")
	v = o.form(adaID)
	if initial(v, "usual") != "1h" {
		t.Errorf("begins with %q", initial(v, "usual"))
	}
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, slacksim.Values{"reason": "the fix", "duration": "25m"})); r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	if !o.asked(25 * time.Minute) {
		t.Error("nobody asked for 25m")
	}
}

// asked reports whether a grant was asked for that long.
func (o *setup) asked(d time.Duration) bool {
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	for _, g := range o.service.grants {
		if g.Request.Duration == d {
			return true
		}
	}
	return false
}

// The form begins at what is missing.
func TestTheFocusIsOnWhatIsMissing(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	for line, want := range map[string]string{
		"":                                  "vm",
		"request web-1":                     "ports",
		"request web-1 22":                  "source",
		"request web-1 22 from 203.0.113.7": "reason",
	} {
		o.types(adaID, line)
		v := o.form(adaID)
		if got := focused(v); got != want {
			t.Errorf("%q begins at %q, not %q", line, got, want)
		}
		o.sim.Reload(adaID)
	}
}

// focused is the input that has the focus when the view is there.
func focused(v slacksim.View) string {
	before, _, ok := strings.Cut(string(v.Blocks), `"focus_on_load":true`)
	if !ok {
		return ""
	}
	_, after, _ := strings.Cut(before[strings.LastIndex(before, `"action_id":"`):], `"action_id":"`)
	name, _, _ := strings.Cut(after, `"`)
	return name
}

// Several VMs are chosen in one form.
func TestTheFormTakesSeveralVMs(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "")
	v := o.form(adaID)
	if _, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "web"); err != nil {
		t.Fatal(err)
	}
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": []string{"rg/web-1", "rg/web-3"}}))
	v = o.formWith(adaID, "`web-1 in rg`, `web-3 in rg`")
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields())); r.View != nil {
		t.Fatalf("the form stayed: %v", r.Errors)
	}
	o.finished()
	if g := o.onlyGrant(); len(g.Request.Targets) != 2 {
		t.Errorf("asked for %+v", g.Request.Targets)
	}
}
