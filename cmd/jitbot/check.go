package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const checkHelp = `Reads the configuration and tells everything that is wrong with it, each with
its line. Then tries the store, Slack and Azure, and prints a line for each:
what is wrong, and how to mend it. Exits 1 on any fault.`

func (c *cli) check() *cobra.Command {
	var offline bool
	cmd := verb("check", "Check the configuration, the store, Slack and Azure", checkHelp, `  jitbot check
  jitbot check --offline --config new.yaml   # the file only; needs no secrets`,
		func(cmd *cobra.Command) error {
			config, err := c.load()
			if err != nil {
				return err
			}
			found := []app.Finding{{What: "configuration", Note: c.config}}
			if !offline {
				tokens, err := app.ReadTokens(c.env)
				o := app.Options{Config: config, Tokens: tokens, Log: c.log(slog.LevelError)}
				found = append(found, app.Check(cmd.Context(), o, err)...)
			}
			failed := false
			for _, f := range found {
				failed = failed || f.Err != nil
				if _, err := fmt.Fprintln(c.out, f); err != nil {
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
