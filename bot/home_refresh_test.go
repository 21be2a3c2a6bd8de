package bot_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

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
	o.reads(o.direct(graceID, 1), "You approved SSH to `web-1`")
	o.service.mu.Lock()
	g = o.service.grants[g.ID]
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "Opening for you")
	o.sim.FailNext("views.publish", 1, slacksim.Fault{RetryAfter: time.Second})
	o.service.mu.Lock()
	delete(o.service.grants, g.ID)
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "Nothing is open for you")
}

// home waits until somebody's tab says something.
func (o *setup) home(user, want string) slacksim.View {
	o.t.Helper()
	o.until("the home of "+user+" says "+want, func(s *slacksim.Snapshot) bool {
		v, ok := s.Home(user)
		return ok && strings.Contains(v.AllText(), want)
	})
	v, _ := o.sim.Home(user)
	return v
}

// A tab is true for everybody whom a grant concerns, not for its holder alone: those
// who may decide see it come, and see it go when somebody else has decided.
func TestHomesOfEverybodyConcernedAreRefreshed(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, _ := o.open()
	for _, user := range []string{graceID, linusID, slacksim.DemoOutsiderID} {
		o.must(o.sim.OpenHome(o.ctx, user))
		o.home(user, "Nothing waits for your decision")
	}
	g, _ := o.pending() // its approvers are a group
	b.Refresh(g)
	o.home(graceID, "g-7k2qd")
	o.home(linusID, "g-7k2qd")
	o.sim.ResetCalls()
	o.service.mu.Lock()
	g, _, err := g.Approve(jit.Person{ID: graceID}, time.Now())
	o.service.grants[g.ID] = g
	o.service.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	b.Refresh(g)
	o.home(graceID, "Nothing waits for your decision")
	o.home(linusID, "Nothing waits for your decision")
	o.home(adaID, "Opening for you")
	for range 5 {
		b.Refresh(g) // nothing is news any more
	}
	o.must(o.sim.OpenHome(o.ctx, slacksim.DemoOutsiderID))
	o.eventually("the tabs are shown", func() bool { return o.sim.CountCalls("views.publish") >= 4 })
	if n := o.sim.CountCalls("views.publish"); n > 7 { // three may have been under way when the counting began
		t.Errorf("%d tabs were shown, of three people of whom something had changed and one who looked", n)
	}
	// An approver by name who has not opened the tab since the start has one too.
	o.service.mu.Lock()
	named, _ := jit.NewGrant("g-7k2qe", g.Request)
	named, _, err = named.Wait(g.Request.By, []string{slacksim.DemoOutsiderID}, 1, time.Now().Add(time.Hour), time.Now())
	o.service.grants[named.ID] = named
	o.service.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	b.Refresh(named)
	o.home(adaID, "g-7k2qe")
}

// Somebody who gets no tab is told so, and may click on it for as long as they like:
// Slack and the service are not asked again for it, and others' tabs are not kept
// waiting. Once they are a member they have one.
func TestGuestsClicksOnTheHomeCostNothing(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	var passed atomic.Int64
	o.conf.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	o.open()
	o.must(o.sim.OpenHome(o.ctx, gusID))
	o.home(gusID, "Guests cannot use jitbot")
	o.eventually("it is remembered", func() bool { return o.sim.CountCalls("views.publish") == 1 })
	o.sim.ResetCalls()
	for range 50 {
		o.must(o.sim.OpenHome(o.ctx, gusID))
	}
	o.must(o.sim.OpenHome(o.ctx, graceID))
	o.home(graceID, "Nothing waits for your decision")
	o.eventually("Grace's tab is counted", func() bool { return o.sim.CountCalls("views.publish") > 0 })
	if n, m := o.sim.CountCalls("views.publish"), o.sim.CountCalls("users.info"); n > 2 || m > 2 {
		t.Errorf("a guest's 50 clicks and one of Grace's: %d tabs shown, %d people read", n, m)
	}
	o.sim.UpdateUser(gusID, func(u *slacksim.User) { u.Restricted, u.UltraRestricted = false, false })
	o.eventually("the guest is read anew", func() bool {
		passed.Add(int64(11 * time.Minute))
		o.must(o.sim.OpenHome(o.ctx, gusID))
		v, _ := o.sim.Home(gusID)
		return strings.Contains(v.AllText(), "Nothing waits for your decision")
	})
}

// One tab that hangs keeps nobody else's waiting.
func TestOneHomeThatHangsStopsNoOther(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.mu.Lock()
	o.service.hangs = adaID
	o.service.mu.Unlock()
	o.open()
	o.must(o.sim.OpenHome(o.ctx, adaID))
	o.must(o.sim.OpenHome(o.ctx, graceID))
	o.home(graceID, "Nothing waits for your decision")
}
