package bot_test

import (
	"strings"
	"testing"

	"jitbot/bot"
	"jitbot/bot/slacksim"
)

const demoOrg = "E0CONTOSO"

// What is not said is no proof: a member is at home in the workspace, or in one of
// the organization's workspaces that is it.
func TestMembershipNeedsProof(t *testing.T) {
	org := slacksim.Options{EnterpriseID: demoOrg}
	for name, c := range map[string]struct {
		opt    slacksim.Options
		user   slacksim.User
		member bool
	}{
		"at home here":                      {slacksim.Options{}, slacksim.User{}, true},
		"at home nowhere":                   {slacksim.Options{}, slacksim.User{NoTeam: true}, false},
		"at home elsewhere":                 {slacksim.Options{}, slacksim.User{TeamID: "T0OTHER"}, false},
		"organization, here":                {org, slacksim.User{}, true},
		"organization, nowhere":             {org, slacksim.User{NoTeam: true}, false},
		"organization, elsewhere":           {org, slacksim.User{TeamID: "T0OTHER"}, false},
		"organization, elsewhere and here":  {org, slacksim.User{TeamID: "T0OTHER", Teams: []string{slacksim.DemoTeamID}}, true},
		"organization, elsewhere and there": {org, slacksim.User{TeamID: "T0OTHER", Teams: []string{"T0THIRD"}}, false},
		"all of the organization":           {slacksim.Options{EnterpriseID: demoOrg, OrgInstall: true}, slacksim.User{TeamID: "T0OTHER"}, true},
		"all of it, somebody of another": {
			slacksim.Options{EnterpriseID: demoOrg, OrgInstall: true}, slacksim.User{TeamID: "T0OTHER", Stranger: true}, false,
		},
	} {
		o := setUp(t, c.opt)
		c.user.ID = "U0NEW"
		o.sim.AddUser(c.user)
		m, err := bot.NewPeople(o.conf.API).Member(o.ctx, "U0NEW")
		if err != nil || m.Stranger == c.member {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// asksByForm has somebody search a VM in the menu, choose it and send the form.
func (o *setup) asksByForm(user string) slacksim.Reply {
	o.t.Helper()
	o.types(user, "")
	v := o.form(user)
	found, err := o.sim.Suggest(o.ctx, user, v.ID, "vm", "web")
	if err != nil || len(found) == 0 {
		o.t.Fatalf("the menu is %v: %v\n%s", found, err, o.logs)
	}
	o.must(o.sim.Fill(o.ctx, user, v.ID, slacksim.Values{"vm": found[0].Value}))
	o.formWith(user, "Between")
	return o.must(o.sim.Submit(o.ctx, user, v.ID, fields()))
}

// Everything works in an Enterprise organization, whose payloads name it in other
// places, for who is a member of the workspace, wherever they are at home.
func TestOrganizationsAreServed(t *testing.T) {
	for name, opt := range map[string]slacksim.Options{
		"in a workspace": {EnterpriseID: demoOrg}, "in the organization": {EnterpriseID: demoOrg, OrgInstall: true},
	} {
		for _, home := range []string{"", "T0OTHER"} {
			t.Run(name+" "+home, func(t *testing.T) {
				t.Parallel()
				o := setUp(t, opt)
				o.sim.UpdateUser(adaID, func(u *slacksim.User) {
					if home != "" {
						u.TeamID, u.Teams = home, []string{slacksim.DemoTeamID}
					}
				})
				o.service.vms = machines(3)
				o.open()
				if home != "" && !opt.OrgInstall {
					raw := slacksim.Raw{Edit: func(p map[string]any) { p["team_id"] = slacksim.DemoTeamID }} // typed in this workspace
					if r := o.must(o.sim.SlashRaw(o.ctx, adaID, approvals, "/jit", "", raw)); r.Text != "" {
						t.Fatalf("read %q", r.Text)
					}
					v := o.form(adaID)
					if found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "web"); err != nil || len(found) == 0 {
						t.Fatalf("the menu is %v: %v\n%s", found, err, o.logs)
					}
					return
				}
				if r := o.asksByForm(adaID); r.View != nil {
					t.Fatalf("the form stayed: %v\n%s", r.Errors, o.logs)
				}
				o.finished()
				if len(o.service.targets()) != 1 {
					t.Errorf("asked for %v", o.service.targets())
				}
				_, card := o.pending()
				o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
				o.reads(o.ephemeral(graceID, answers), "You approved")
				o.must(o.sim.OpenHome(o.ctx, graceID))
				o.until("the home is there", func(s *slacksim.Snapshot) bool { _, ok := s.Home(graceID); return ok })
				o.must(o.sim.Shortcut(o.ctx, linusID, "request_access"))
				o.form(linusID)
				if strings.Contains(o.logs.String(), "a payload was refused") {
					t.Errorf("refused:\n%s", o.logs)
				}
			})
		}
	}
}

// In a connected channel a form names its sender's workspace, and the view says
// which installation it is for. Who is a member there too may ask; somebody of
// another organization may not.
func TestConnectedChannels(t *testing.T) {
	o := setUp(t, slacksim.Options{EnterpriseID: demoOrg})
	o.service.vms = machines(3)
	o.open()
	o.types(adaID, "")
	v := o.form(adaID)
	o.sim.UpdateUser(adaID, func(u *slacksim.User) { u.TeamID, u.Teams = "T0OTHER", []string{slacksim.DemoTeamID} })
	found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "web")
	if err != nil || len(found) == 0 {
		t.Fatalf("the menu is %v: %v\n%s", found, err, o.logs)
	}
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": found[0].Value}))
	o.formWith(adaID, "Between")
	if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields())); r.View != nil {
		t.Fatalf("the form stayed: %v\n%s", r.Errors, o.logs)
	}
	o.finished()
	if len(o.service.targets()) != 1 {
		t.Errorf("asked for %v", o.service.targets())
	}

	o.sim.AddUser(slacksim.User{ID: "U0EVE", TeamID: "T0EVIL", Stranger: true})
	o.sim.UpdateChannel(approvals, func(c *slacksim.Channel) { c.ExtShared, c.Members = true, append(c.Members, "U0EVE") })
	g, card := o.pending()
	o.must(o.sim.Click(o.ctx, "U0EVE", card.Channel, card.Message, "approve"))
	o.reads(o.ephemeral("U0EVE", answers), "serves another workspace")
	if !strings.Contains(o.logs.String(), `reason="its sender is of the workspace T0EVIL"`) {
		t.Errorf("the log lacks the reason:\n%s", o.logs)
	}
	if o.service.noted("approve") != 0 {
		t.Errorf("%s was approved: %q", g.ID, o.service.calls)
	}
}

// Payloads of other workspaces, organizations and installations are refused and
// logged with the reason; menus say nothing.
func TestPayloadsOfElsewhere(t *testing.T) {
	o := setUp(t, slacksim.Options{EnterpriseID: demoOrg})
	o.service.vms = machines(3)
	o.open()
	o.types(adaID, "")
	v := o.form(adaID)
	for _, tt := range []struct {
		edit func(p, team, user, view map[string]any)
		why  string
	}{
		{func(_, team, _, _ map[string]any) { team["enterprise_id"] = "E0OTHER" }, "it is of the organization E0OTHER"},
		{func(p, _, _, _ map[string]any) { p["enterprise"] = map[string]any{"id": "E0OTHER"} }, "it is of the organization E0OTHER"},
		{func(_, _, _, view map[string]any) { view["app_installed_team_id"] = "T0OTHER" }, "it is of the workspace T0OTHER"},
		{func(p, _, _, view map[string]any) { p["team"] = nil; delete(view, "app_installed_team_id") }, "it names no workspace"},
		{func(_, _, user, _ map[string]any) { user["team_id"] = "E0OTHER" }, "its sender is of the workspace E0OTHER"},
		{func(p, _, user, _ map[string]any) {
			user["team_id"] = "T0OTHER"
			delete(p, "enterprise")
			p["team"] = map[string]any{"id": slacksim.DemoTeamID}
		}, "its sender is of the workspace T0OTHER"},
	} {
		before := strings.Count(o.logs.String(), tt.why)
		r := o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, slacksim.Values{}, slacksim.Raw{Force: true, Edit: func(p map[string]any) {
			tt.edit(p, p["team"].(map[string]any), p["user"].(map[string]any), p["view"].(map[string]any))
		}}))
		if !strings.Contains(string(r.Payload), "serves another workspace") {
			t.Errorf("%s: answered %s", tt.why, r.Payload)
		}
		if strings.Count(o.logs.String(), tt.why) != before+1 {
			t.Errorf("%q is not logged once more:\n%s", tt.why, o.logs)
		}
	}
	if o.service.noted("ask") != 0 {
		t.Errorf("calls: %q", o.service.calls)
	}
}
