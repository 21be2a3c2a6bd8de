package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
)

const runHelp = `Runs the bot until SIGINT or SIGTERM. It then finishes what is under way,
prints each live grant with its deadline and how to close it without the bot,
and exits 0. A second signal ends it at once; nothing is lost by that.

One jitbot runs on a store; a second one is refused. While it is down it closes
nothing: what is due then is closed only where "jitbot sweep" runs as well, from
cron or with --watch, on another machine.`

// tokens are the secrets that the configuration needs.
func (c *cli) tokens(loaded config.Config) (config.Tokens, error) {
	tokens, err := config.ReadTokens(c.env)
	if loaded.Webhook != "" {
		var secretErr error
		tokens.Webhook, secretErr = config.ReadWebhookSecret(c.env)
		err = errors.Join(err, secretErr)
	}
	return tokens, err
}

func (c *cli) run() *cobra.Command {
	return verb("run", "Run the bot", runHelp, `  jitbot run
  SLACK_BOT_TOKEN_FILE=/run/secrets/bot jitbot run --config prod.yaml --log json
  curl http://127.0.0.1:9090/readyz   # how it is`,
		func(cmd *cobra.Command) error {
			loaded, err := c.load()
			tokens, tokenErr := c.tokens(loaded)
			if err := errors.Join(err, tokenErr); err != nil {
				return err
			}
			o := app.Options{
				Config: loaded, Tokens: tokens, Version: versionOf().number,
				Out: c.out, Stream: c.out, Log: c.log(slog.LevelInfo),
			}
			if loaded.Stream == "stdout" {
				o.Out = c.errs // a collector reads the other
			}
			return app.Run(cmd.Context(), o)
		})
}
