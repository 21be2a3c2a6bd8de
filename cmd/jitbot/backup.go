package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

const backupHelp = `Writes a consistent copy of the store to a file, readable by its owner only,
while the bot runs or not, and reads it back as a store before it takes the
name. A file of that name is left as it is; --force replaces it.

What has left the store of the record, in the folder <store>.record, is not in
the copy: copy that folder as well, and put it beside the copy as <file>.record
to check both with "jitbot audit verify".

To restore, stop the bot, move its store and the file <store>.newest away, copy
the backup to the store's place with mode 0600, and start the bot. It re-opens
nothing: grants that the copy calls open and whose rules are gone end, and rules
that it does not know are removed after ten minutes and told in the channel.`

func (c *cli) backup() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "backup file", Short: "Copy the store while it is in use", Long: backupHelp,
		Example: `  jitbot backup /backup/jitbot-$(date +%F).db
  jitbot backup --force /backup/jitbot.db`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.host(cmd.Context(), func(h *app.Host) error {
				n, err := h.BackupTo(cmd.Context(), args[0], force)
				if errors.Is(err, fs.ErrExist) {
					return fmt.Errorf("%s is there already; name another file, or write --force to replace it", args[0])
				}
				if err != nil {
					return fmt.Errorf("backing the store up: %w", err)
				}
				return c.say("%s is a whole copy of the store, of %d bytes.", args[0], n)
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a file of that name")
	return cmd
}
