package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/bot"
	"jitbot/cmd/internal/app"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/preflight"
	"jitbot/jit/text"
)

// slack tries both tokens, and what they are to reach. client, nil where
// Azure cannot be asked, finds people in Entra.
func (c run) slack(ctx context.Context, inUse bool, client *azure.Client) []Finding {
	ctx, answered, end := patient(ctx, "Slack")
	defer end()
	account := c.SlackAccount()
	account.Observe = func(_ string, code int) {
		if code != 0 {
			answered()
		}
	}
	api := bot.NewClient(account)
	greeting, socket := greet(ctx, account, api, inUse)
	auth, err := api.AuthTestContext(ctx)
	if err != nil {
		return []Finding{{What: "slack bot", Err: mendSlack(bot.Fault("asking Slack who I am", err),
			"check SLACK_BOT_TOKEN and slack.api_url, and reinstall the app (channels and people are looked at after that)")}, socket}
	}
	found := []Finding{{What: "slack bot", Note: fmt.Sprintf("%s in %s", auth.User, auth.Team)}}
	granted := splitScopes(auth.Header.Get("X-OAuth-Scopes"))
	channels := c.channels()
	faults := each(channels, func(c *channel) error { return c.look(ctx, api, granted) })
	public := slices.ContainsFunc(channels, func(c *channel) bool { return c.public })
	found = append(found, c.scopes(granted, public)...)
	found = append(found, socket)
	if socket.Err == nil {
		found = append(found, oneApp(ctx, api, auth.BotID, greeting)...)
	}
	found = append(found, verdict("slack channels", text.Count(len(channels), "channel is there", "channels are there"), faults...)...)
	return append(found, c.people(ctx, bot.NewPeople(api), client)...)
}

func splitScopes(header string) []string {
	return strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ' ' })
}

// scopes compares the bot token's scopes with those of the manifest. Two
// may be dropped, as it says itself: public is whether a card goes to a channel
// without the bot.
func (c run) scopes(granted []string, public bool) []Finding {
	const what = "slack scopes"
	if len(granted) == 0 {
		return []Finding{{What: what, Note: "Slack does not say which ones the bot token has"}}
	}
	needed := map[string]bool{"chat:write.public": public, "users:read.email": c.Config.Jit.MatchEmail}
	asked := app.ManifestScopes()
	var missing, dropped []string
	for _, scope := range asked {
		needs, may := needed[scope]
		switch {
		case slices.Contains(granted, scope):
		case may && !needs:
			dropped = append(dropped, scope)
		default:
			missing = append(missing, scope)
		}
	}
	if len(missing) > 0 {
		return []Finding{{What: what, Err: fmt.Errorf("the bot token lacks %s; put the manifest that jitbot manifest prints into the app,"+
			" and reinstall the app", strings.Join(missing, ", "))}}
	}
	note := fmt.Sprintf("the bot token has all %d of the manifest", len(asked))
	if len(dropped) > 0 {
		note = fmt.Sprintf("the bot token has what is needed; it lacks %s, which nothing here uses", strings.Join(dropped, " and "))
	}
	return []Finding{{What: what, Note: note + "; " + copies(granted)}}
}

// copies says what becomes of a card that a crash left twice.
func copies(granted []string) string {
	for _, scope := range app.HistoryScopes() {
		if !slices.Contains(granted, scope) {
			return "a copy of a card that a crash leaves is mended when it is clicked (jitbot manifest --history: found at the start)"
		}
	}
	return "a copy of a card that a crash leaves is found at the start and deleted"
}

// channel is a channel that cards go to.
type channel struct {
	id     string
	where  string // in the configuration
	public bool   // cards go there without the bot being a member
}

// channels are the channels of the configuration, each once.
func (c run) channels() []*channel {
	all := []*channel{{id: c.Config.Jit.Channel, where: "slack.channel"}}
	for i, rule := range c.Config.Jit.Approvals {
		id := cmp.Or(rule.Channel, c.Config.Jit.Channel)
		if !slices.ContainsFunc(all, func(c *channel) bool { return c.id == id }) {
			all = append(all, &channel{id: id, where: fmt.Sprintf("approvals[%d].channel", i)})
		}
	}
	return all
}

// look finds out whether cards get there. Slack says of a private channel that
// it is not there, to a bot that is no member.
func (ch *channel) look(ctx context.Context, api *slack.Client, granted []string) error {
	c, err := bot.LookAtChannel(ctx, api, ch.id)
	switch {
	case bot.ErrorCode(err) == "missing_scope":
		return fmt.Errorf("the channel %s cannot be looked at: the bot token lacks channels:read or groups:read;"+
			" reinstall the app from the manifest", ch.id)
	case c == nil:
		return mendSlack(err, "mend "+ch.where+", or invite jitbot to the channel when it is private")
	case err != nil:
		return fmt.Errorf("%w, or name another under %s", err, ch.where)
	case c.IsMember:
		return nil
	case c.IsPrivate:
		return fmt.Errorf("jitbot is no member of the private channel %s, so no card gets there; invite it", ch.id)
	}
	ch.public = true
	if len(granted) > 0 && !slices.Contains(granted, "chat:write.public") {
		return fmt.Errorf("jitbot is no member of the channel %s and its token lacks chat:write.public, so no card gets there; invite it", ch.id)
	}
	return nil
}

// people looks for everybody whom the configuration names, in Slack and,
// by their e-mail address where that ties them, in Entra.
func (c run) people(ctx context.Context, people admission.People, client *azure.Client) []Finding {
	r := members{config: c.Config.Jit, people: people}
	if client != nil {
		r.survey = preflight.NewApprovers(c.Config.Jit, admission.Adapters{People: people, Directory: client, Log: c.Log})
		r.entra = true
	}
	return slices.Concat(r.check(ctx), r.checkApprovals(ctx), r.approverActions(ctx, client))
}
