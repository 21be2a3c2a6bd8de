package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const sweepHelp = `Makes one pass over the rules in Azure and removes those of this installation
that are past their until. It needs neither Slack nor the store: what it must
know is in the rules' own descriptions, so it closes what a jitbot left open
that died. Run it from cron on another machine, with an identity that has the
role of "jitbot role --sweep".

It prints a line a rule: removed, kept (not due yet), unreadable (the
description does not say until when), astray (ours by name but outside our
priorities, so not touched) or failed. It exits 1 if anything overdue could
not be removed or read.`

func (c *cli) sweep() *cobra.Command {
	var unreadable bool
	cmd := verb("sweep", "Close what is overdue, without the bot", sweepHelp, `  jitbot sweep
  jitbot sweep --unreadable   # also remove rules whose description was edited
  */5 * * * * jitbot sweep --config /etc/jitbot.yaml`,
		func(cmd *cobra.Command) error {
			config, err := c.load()
			if err != nil {
				return err
			}
			return app.Sweep(cmd.Context(), app.Options{Config: config, Out: c.out, Log: c.log(slog.LevelError)}, unreadable)
		})
	cmd.Flags().BoolVar(&unreadable, "unreadable", false, "also remove our rules whose description cannot be read")
	return cmd
}
