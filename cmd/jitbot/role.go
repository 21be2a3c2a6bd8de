package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const roleHelp = `Prints the least Azure role that jitbot needs, for the subscriptions of the
configuration. With --sweep it is that of "jitbot sweep", which reads and
deletes rules and can open nothing.

Besides the role, the bot's identity needs the application permissions
User.Read.All and GroupMember.Read.All of Microsoft Graph, to find people and
their groups. The sweep needs none.`

func (c *cli) role() *cobra.Command {
	var sweep bool
	cmd := verb("role", "Print the Azure role that jitbot needs", roleHelp, `  jitbot role > role.json
  az role definition create --role-definition @role.json
  jitbot role --sweep > sweep.json`,
		func(*cobra.Command) error {
			config, err := c.load()
			if err != nil {
				return err
			}
			role, err := app.Role(config, sweep)
			if err != nil {
				return err
			}
			if _, err := c.out.Write(role); err != nil {
				return fmt.Errorf("printing the role: %w", err)
			}
			return nil
		})
	cmd.Flags().BoolVar(&sweep, "sweep", false, "the role of jitbot sweep")
	return cmd
}
