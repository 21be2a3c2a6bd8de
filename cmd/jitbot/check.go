package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/check"
)

const checkHelp = `Reads the configuration and tells everything that is wrong with it, each with
its line. Then tries what jitbot needs, and changes nothing of it: the store;
Slack's tokens, scopes, channels and people; what the identity may do in
Azure; and for each machine that a policy matches its network security groups,
their rules and the locks over them. It takes as long as there is something to
look at; what says nothing for 30 seconds is given up.

A fault of the file is told on stderr as FILE:LINE: KEY: what is wrong and what
to write, and nothing is tried before all are mended. Then it prints a line for
each check: what was seen, or after FAULT what is wrong and how to mend it.
Exits 1 on any fault. On a terminal these lines are folded at 80 columns,
elsewhere they are not: "jitbot check | grep FAULT" shows them all.`

func (c *cli) check() *cobra.Command {
	var offline bool
	cmd := verb("check", "Check the configuration, the store, Slack and Azure", checkHelp, `  jitbot check
  jitbot check --offline --config new.yaml   # the file only; needs no secrets`,
		func(cmd *cobra.Command) error {
			loaded, err := c.load()
			if err != nil {
				return err
			}
			found := []check.Finding{{What: "configuration", Note: c.config}}
			if !offline {
				tokens, err := c.tokens(loaded)
				o := app.Options{Config: loaded, Tokens: tokens, Log: c.log(slog.LevelError)}
				found = append(found, check.Run(cmd.Context(), o, err)...)
			}
			failed := false
			for _, f := range found {
				failed = failed || f.Err != nil
				line := f.String()
				if terminal(c.out) {
					line = f.Wrapped(columns)
				}
				if _, err := fmt.Fprintln(c.out, line); err != nil {
					return fmt.Errorf("telling what was found: %w", err)
				}
			}
			if failed {
				return errSaid
			}
			return nil
		})
	cmd.Flags().BoolVar(&offline, "offline", false, "stop after the configuration")
	return cmd
}
