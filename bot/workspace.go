package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/text"
)

// workspace is where the bot is installed, and who it is there.
type workspace struct {
	Team       string
	Enterprise string
	User       string
	Bot        string // of which bots.info tells the app
}

func whoami(ctx context.Context, api *slack.Client) (workspace, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	me, err := api.AuthTestContext(ctx)
	if err != nil {
		return workspace{}, slackError("asking Slack for the workspace", err)
	}
	return workspace{Team: me.TeamID, Enterprise: me.EnterpriseID, User: me.UserID, Bot: me.BotID}, nil
}

// orgWide reports whether the app is installed in a whole Enterprise organization.
func (w workspace) orgWide() bool {
	return w.Enterprise != "" && w.Team == w.Enterprise
}

// member reports whether Slack proves that somebody is of the workspace: by where
// they are at home, or in an Enterprise organization by the workspaces that they
// are in. What is not said is no proof.
func (w workspace) member(u slack.User) bool {
	if w.Team == "" {
		return false
	}
	return u.TeamID == w.Team || slices.Contains(u.Enterprise.Teams, w.Team) || w.orgWide() && u.Enterprise.EnterpriseID == w.Enterprise
}

// origin is where a payload says that it comes from. What it does not say is empty.
type origin struct {
	team       string
	installed  string // the workspace whose installation of the app it is for
	userTeam   string // where its sender is at home; an organization's id at times
	enterprise []string
	orgWide    bool // it is for an installation in a whole organization
}

func originOf(i form.Interaction) origin {
	return origin{
		team: i.Team.ID, installed: i.View.Installed, userTeam: i.User.Team,
		enterprise: []string{i.Enterprise.ID, i.Team.Enterprise}, orgWide: bool(i.OrgWide),
	}
}

// refusal is why a payload is not of this installation; empty when it is. In a
// connected channel the team of a form is its sender's, and the view says which
// installation it is for. Who its sender is, and whether a member, is read before
// anything is done.
func (w workspace) refusal(o origin) string {
	same := w.Enterprise != "" && o.userTeam == w.Enterprise
	for _, e := range o.enterprise {
		if e != "" && w.Enterprise != "" && e != w.Enterprise {
			return "it is of the organization " + e
		}
		same = same || e != "" && e == w.Enterprise
	}
	org := o.orgWide && same
	place := cmp.Or(o.installed, o.team)
	switch {
	case place == "" && !org:
		return "it names no workspace"
	case place != "" && place != w.Team && (!org || !w.orgWide() && place != w.Enterprise):
		return "it is of the workspace " + place
	case o.userTeam == "" || o.userTeam == w.Team || o.userTeam == w.Enterprise:
		return ""
	case !same || strings.HasPrefix(o.userTeam, "E"):
		return "its sender is of the workspace " + o.userTeam
	}
	return ""
}

// ours reports whether a payload is of this installation. One that is not is
// logged with the reason.
func (b *Bot) ours(ctx context.Context, what string, by jit.UserID, o origin) bool {
	reason := b.workspace.refusal(o)
	if reason == "" {
		return true
	}
	b.logRefused(ctx, what, by, reason)
	return false
}

// logRefused logs why a payload was refused. Its words are not ours.
func (b *Bot) logRefused(ctx context.Context, what string, by jit.UserID, reason string) {
	clip := func(s string) string { return view.Clip(text.Clean(s), view.MaxOptionText) }
	b.Log.WarnContext(ctx, "a payload was refused", "kind", clip(what), "user", clip(string(by)), "reason", clip(reason))
}
