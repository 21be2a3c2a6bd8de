package main

import (
	"fmt"
	"log/slog"
	"time"

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
not be removed or read.

A rule that a management lock keeps from being deleted is turned into a deny,
which nobody passes, and is told as failed until the lock is gone.

With --watch it goes on until it is ended, with a pause of 10s or more, prints
what it removes and what is amiss, and serves /healthz and /metrics where
--listen says, "" for nowhere.`

const minWatch = 10 * time.Second // Azure's reads are counted

func (c *cli) sweep() *cobra.Command {
	var unreadable bool
	var watch time.Duration
	var listen string
	cmd := verb("sweep", "Close what is overdue, without the bot", sweepHelp, `  jitbot sweep
  jitbot sweep --unreadable   # also remove rules whose description was edited
  jitbot sweep --watch 1m     # as a service on another machine
  */5 * * * * jitbot sweep --config /etc/jitbot.yaml`,
		func(cmd *cobra.Command) error {
			config, err := c.load()
			if err != nil {
				return err
			}
			if watch != 0 {
				if watch < minWatch {
					return fmt.Errorf("--watch %s is too often; write %s or more", watch, minWatch)
				}
				config.Listen = listen
				o := app.Options{Config: config, Out: c.out, Log: c.log(slog.LevelInfo)}
				return app.SweepWatch(cmd.Context(), o, unreadable, watch)
			}
			return app.Sweep(cmd.Context(), app.Options{Config: config, Out: c.out, Log: c.log(slog.LevelError)}, unreadable)
		})
	cmd.Flags().BoolVar(&unreadable, "unreadable", false, "also remove our rules whose description cannot be read")
	cmd.Flags().DurationVar(&watch, "watch", 0, "sweep again and again, with this pause")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9091", "where --watch serves")
	return cmd
}
