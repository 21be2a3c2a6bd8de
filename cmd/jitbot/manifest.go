package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const manifestHelp = `Prints the manifest of the Slack app. At api.slack.com/apps choose Create New
App, From a manifest, and paste it; install the app, then make an app-level
token with the scope connections:write.`

func (c *cli) manifest() *cobra.Command {
	return verb("manifest", "Print the Slack app's manifest", manifestHelp, `  jitbot manifest > manifest.yaml`,
		func(*cobra.Command) error {
			if _, err := fmt.Fprint(c.out, app.Manifest()); err != nil {
				return fmt.Errorf("printing the manifest: %w", err)
			}
			return nil
		})
}
