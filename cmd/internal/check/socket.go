package check

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"jitbot/bot"
)

// greet opens a socket and hears what Slack says of it. Beside a jitbot that runs it
// only asks for an address: what Slack gave to the socket meanwhile would be lost.
func greet(ctx context.Context, account bot.Account, api *slack.Client, inUse bool) (bot.Greeting, Finding) {
	f := Finding{What: "slack socket", Note: "the app token has connections:write and opens one"}
	var g bot.Greeting
	var err error
	if inUse {
		if _, _, err = api.StartSocketModeContext(ctx); err != nil {
			err = bot.Fault("opening a socket", err)
		}
		f.Note = "the app token has connections:write; the jitbot that runs tells in /readyz whether another is on its app"
	} else {
		g, err = bot.Greet(ctx, account)
	}
	switch {
	case bot.ErrorCode(err) == "missing_scope":
		f.Err = errors.New("the app token lacks connections:write; make another under Basic Information, App-Level Tokens," +
			" with that scope, and set SLACK_APP_TOKEN to it")
	case err != nil:
		f.Err = mendSlack(err, "check SLACK_APP_TOKEN and that the app has Socket Mode on")
	case g.Connections > 1:
		f.Err = bot.AnotherBot(g.Connections - 1)
	}
	return g, f
}

// oneApp tells whether both tokens are of one app.
func oneApp(ctx context.Context, api *slack.Client, botID string, g bot.Greeting) []Finding {
	const what = "slack app"
	if g.App == "" {
		return nil // nothing was said of it
	}
	app, err := bot.AppOf(ctx, api, botID)
	switch {
	case err != nil:
		return verdict(what, "", mendSlack(err, "reinstall the app from the manifest"))
	case app != g.App:
		return verdict(what, "", bot.TwoApps(app, g.App))
	}
	return verdict(what, "both tokens are of "+app)
}
