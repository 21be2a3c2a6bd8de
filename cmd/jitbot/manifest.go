package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const manifestHelp = `Prints the manifest of the Slack app. At api.slack.com/apps choose Create New
App, From a manifest, and paste it; install the app, then make an app-level
token with the scope connections:write.

With --history it also asks to read the channels that the app is a member of, so
that copies of a card which a crash left are found at the start and deleted.`

func (c *cli) manifest() *cobra.Command {
	var history bool
	cmd := verb("manifest", "Print the Slack app's manifest", manifestHelp, `  jitbot manifest > manifest.yaml`,
		func(*cobra.Command) error {
			text := app.Manifest()
			if history {
				text = app.HistoryManifest()
			}
			if _, err := fmt.Fprint(c.out, text); err != nil {
				return fmt.Errorf("printing the manifest: %w", err)
			}
			return nil
		})
	cmd.Flags().BoolVar(&history, "history", false, "with the scopes to read the channels of the cards")
	return cmd
}
