package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const roleHelp = `Prints the least Azure role that jitbot needs, for the subscriptions of the
configuration. The actions of azureFirewalls, firewallPolicies and ipGroups,
and every join/action, are needed only where an Azure Firewall is in front of a
machine.

With --sweep it is the role of "jitbot sweep". In network security groups that
can only read and delete rules; a firewall is closed by writing it, which is
said on stderr.

Besides the role, the bot's identity needs the application permission
User.Read.All of Microsoft Graph, to find people and their groups. The sweep
needs none.`

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
			if sweep {
				fmt.Fprint(c.errs, app.SweepWarning()) //nolint:errcheck // the role itself was printed
			}
			return nil
		})
	cmd.Flags().BoolVar(&sweep, "sweep", false, "the role of jitbot sweep")
	return cmd
}
