package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
)

const roleHelp = `Prints the least Azure role that jitbot needs, for az role definition create. It
is named after the installation and may be assigned in the subscriptions of the
configuration; before there is one --installation and --subscription say both.

--firewall says which Azure Firewalls are in front of machines: none; policy for
those that use a firewall policy; classic for those with rules of their own; or
all. Without it the role is for all where azure.open_within in the configuration
names firewalls, else for none; which one was chosen is said on stderr.

With --sweep it is the role of "jitbot sweep". In network security groups that
can only read and delete rules; a firewall is closed by writing it. With
--requester it is the role of who asks, with --admin what admins need to protect
machines.

Besides the role, the bot's identity needs the application permission
User.Read.All of Microsoft Graph, to find people and their groups. The sweep
needs none.`

// roleFlags are those of jitbot role.
type roleFlags struct {
	sweep, requester, admin bool
	firewall, installation  string
	subscriptions           []string
}

func (c *cli) role() *cobra.Command {
	var f roleFlags
	cmd := verb("role", "Print the Azure role that jitbot needs", roleHelp, `  jitbot role > role.json
  az role definition create --role-definition @role.json
  jitbot role --installation prod \
      --subscription 11111111-2222-3333-4444-555555555555
  jitbot role --sweep --firewall policy > sweep.json
  jitbot role --requester > requester.json`,
		func(cmd *cobra.Command) error { return c.printRole(cmd, f) })
	flags := cmd.Flags()
	flags.BoolVar(&f.sweep, "sweep", false, "the role of jitbot sweep")
	flags.BoolVar(&f.requester, "requester", false, "the role of people who ask")
	flags.BoolVar(&f.admin, "admin", false, "the role of admins who protect machines")
	flags.StringVar(&f.firewall, "firewall", "", "none, policy, classic or all, the `kind`")
	flags.StringVar(&f.installation, "installation", "", "its `name`, in place of the configuration's")
	flags.StringArrayVar(&f.subscriptions, "subscription", nil, "an `id`, in place of the configuration's")
	cmd.MarkFlagsMutuallyExclusive("sweep", "requester", "admin")
	return cmd
}

func (f roleFlags) holder() app.Holder {
	switch {
	case f.sweep:
		return app.SweepRole
	case f.requester:
		return app.RequesterRole
	case f.admin:
		return app.AdminRole
	default:
		return app.BotRole
	}
}

func (c *cli) printRole(cmd *cobra.Command, f roleFlags) error {
	loaded, err := c.roleConfig(cmd, f)
	if err != nil {
		return err
	}
	firewalls := app.DefaultFirewalls(loaded)
	if f.firewall != "" {
		if firewalls, err = app.ParseFirewalls(f.firewall); err != nil {
			return err
		}
	}
	role, err := app.Role(loaded, f.holder(), firewalls)
	if err != nil {
		return err
	}
	if _, err := c.out.Write(role); err != nil {
		return fmt.Errorf("printing the role: %w", err)
	}
	notes := app.RoleNotes(loaded, c.config, f.holder(), firewalls, f.firewall == "")
	if f.sweep {
		notes += app.SweepWarning(firewalls)
	}
	fmt.Fprint(c.errs, notes) //nolint:errcheck // the role itself was printed
	return nil
}

// roleConfig is the configuration, or what is known before there is one.
func (c *cli) roleConfig(cmd *cobra.Command, f roleFlags) (config.Config, error) {
	var loaded config.Config
	_, err := os.Stat(c.config)
	if cmd.Flags().Changed("config") || !errors.Is(err, fs.ErrNotExist) {
		if loaded, err = c.load(); err != nil {
			return config.Config{}, err
		}
	}
	return loaded.With(f.installation, f.subscriptions) //nolint:wrapcheck // a sentence of its own
}
