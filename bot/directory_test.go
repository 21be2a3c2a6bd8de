package bot_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/admission"
)

func TestMembersAreWhatSlackSaysOfThem(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	good := admission.Member{ID: "U0NEW", Email: "new@contoso.example", Confirmed: true}
	for name, c := range map[string]struct {
		change func(*slacksim.User)
		want   func(*admission.Member)
	}{
		"full":        {func(*slacksim.User) {}, func(*admission.Member) {}},
		"guest":       {func(u *slacksim.User) { u.Restricted = true }, func(m *admission.Member) { m.Guest = true }},
		"small guest": {func(u *slacksim.User) { u.UltraRestricted = true }, func(m *admission.Member) { m.Guest = true }},
		"gone":        {func(u *slacksim.User) { u.Deleted = true }, func(m *admission.Member) { m.Gone = true }},
		"stranger":    {func(u *slacksim.User) { u.Stranger = true }, func(m *admission.Member) { m.Stranger = true }},
		"elsewhere":   {func(u *slacksim.User) { u.TeamID = "T0OTHER" }, func(m *admission.Member) { m.Stranger = true }},
		"bot":         {func(u *slacksim.User) { u.Bot = true }, func(m *admission.Member) { m.Bot = true }},
		"app":         {func(u *slacksim.User) { u.AppUser = true }, func(m *admission.Member) { m.Bot = true }},
		"workflow":    {func(u *slacksim.User) { u.WorkflowBot = true }, func(m *admission.Member) { m.Bot = true }},
		"connector":   {func(u *slacksim.User) { u.ConnectorBot = true }, func(m *admission.Member) { m.Bot = true }},
		"unconfirmed": {func(u *slacksim.User) { u.EmailUnconfirmed = true }, func(m *admission.Member) { m.Confirmed = false }},
		"invited":     {func(u *slacksim.User) { u.Invited = true }, func(m *admission.Member) { m.Invited = true }},
	} {
		u := slacksim.User{ID: "U0NEW", Name: "new", Email: "new@contoso.example"}
		c.change(&u)
		o.sim.AddUser(u)
		want := good
		c.want(&want)
		got, err := bot.NewPeople(o.conf.API).Member(o.ctx, "U0NEW")
		if err != nil || got != want {
			t.Errorf("%s: %s (%v)", name, cmp.Diff(want, got), err)
		}
	}
	if _, err := bot.NewPeople(o.conf.API).Member(o.ctx, "U0NOBODY"); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("somebody who is not there: %v", err)
	}
	if m, err := bot.NewPeople(o.conf.API).Member(o.ctx, "USLACKBOT"); err != nil || !m.Bot {
		t.Errorf("Slackbot is %+v: %v", m, err)
	}
}

func TestGroupsThatAreGoneAreNotFound(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	got, err := bot.NewPeople(o.conf.API).Group(o.ctx, slacksim.DemoApproversID)
	if want := []jit.UserID{graceID, linusID}; err != nil || !slices.Equal(got, want) {
		t.Errorf("the group is %v: %v", got, err)
	}
	o.sim.UpdateGroup(slacksim.DemoApproversID, func(g *slacksim.Group) { g.Disabled = true })
	if got, err := bot.NewPeople(o.conf.API).Group(o.ctx, slacksim.DemoApproversID); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a group switched off is %v: %v", got, err)
	}
	if _, err := bot.NewPeople(o.conf.API).Group(o.ctx, "S0NOBODY"); !errors.Is(err, jit.ErrNotFound) {
		t.Errorf("a group that is not there: %v", err)
	}
}

func TestPeopleAreAskedOnceForAll(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	p := bot.NewPeople(o.conf.API)
	o.sim.Latency("users.info", 50*time.Millisecond)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := p.Member(o.ctx, adaID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := o.sim.CountCalls("users.info"); n != 1 {
		t.Errorf("Slack was asked %d times", n)
	}
	// A failure is not remembered.
	o.sim.FailNext("users.info", 1, slacksim.Fault{Status: 500})
	if _, err := p.Member(o.ctx, graceID); !errors.Is(err, jit.ErrBusy) {
		t.Errorf("Slack in trouble: %v", err)
	}
	if _, err := p.Member(o.ctx, graceID); err != nil {
		t.Error(err)
	}
	// A slow Slack is not waited for.
	o.sim.Latency("users.info", time.Minute)
	began := time.Now()
	if _, err := p.Member(o.ctx, linusID); err == nil || time.Since(began) > 4*time.Second {
		t.Errorf("a slow Slack took %s: %v", time.Since(began), err)
	}
}
