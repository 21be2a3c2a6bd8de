package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/host"
	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

const listHelp = `Lists the grants that have not ended, and what is stuck: what should be closed
and is not. It asks the bot that runs, through the socket beside its store, and
opens the store itself where none does. So it works while Slack does not.

Run it as the account that the bot runs as, or as root.

With --json it prints one object with the keys at, running, grants and stuck.
Of a grant: grant, state, by, name, vms, ports, sources, reason, asked, lapses,
until, ended, ending, ended_by, stuck and fault; times are in UTC, and what is
not known is left out. Keys are added in later versions, and never renamed.`

func (c *cli) list() *cobra.Command {
	var asJSON bool
	cmd := verb("list", "List what is open, waiting or stuck", listHelp, `  jitbot list
  jitbot list --json | jq -r '.grants[].grant'`,
		func(cmd *cobra.Command) error {
			return c.host(cmd.Context(), func(h *app.Host) error {
				status, err := h.Status(cmd.Context())
				if err != nil {
					return fmt.Errorf("listing the grants: %w", err)
				}
				return c.printStatus(status, asJSON)
			})
		})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (c *cli) printStatus(status host.Status, asJSON bool) error {
	said := c.screen().status(status)
	if asJSON {
		raw, err := json.MarshalIndent(status, "", "  ")
		if err != nil {
			return fmt.Errorf("encoding the list: %w", err)
		}
		said = string(raw) + "\n"
	}
	if _, err := fmt.Fprint(c.out, said); err != nil {
		return fmt.Errorf("printing the list: %w", err)
	}
	return nil
}

// status is the list for people.
func (s screen) status(status host.Status) string {
	var b strings.Builder
	if len(status.Grants) == 0 {
		b.WriteString("Nothing is open and nothing waits.\n")
	} else {
		rows := []row{{cells: []string{"GRANT", "STATE", "LEFT", "VM", "PORT", "WHO"}}}
		for _, g := range status.Grants {
			rows = append(rows, grantRow(g, status.At))
		}
		b.WriteString(s.table(rows))
	}
	for _, one := range status.Stuck {
		since := ""
		if !one.Since.IsZero() {
			since = " since " + one.Since.UTC().Format("15:04:05 UTC")
		}
		line := fmt.Sprintf("stuck%s: %s: %s", since, cmp.Or(string(one.Grant), "no grant"), cmp.Or(one.Fault, "it is not gone yet"))
		b.WriteString(s.paint(s.fold(line, "  "), red) + "\n")
	}
	if !status.Running && len(status.Grants) > 0 {
		b.WriteString(s.fold("No bot runs with this store, so nothing closes what is due but \"jitbot sweep\" and \"jitbot revoke\".", "") + "\n")
	}
	return b.String()
}

func grantRow(g host.Grant, at time.Time) row {
	left := ""
	switch end := cmp.Or(g.Until, g.Lapses); {
	case end.IsZero() || g.State == jit.Closing:
	case end.After(at):
		left = text.Duration(end.Sub(at).Round(time.Second))
	default:
		left = "over"
	}
	state, paint := string(g.State), colour("")
	switch {
	case g.Stuck:
		state, paint = "stuck", red
	case g.State == jit.Open:
		paint = green
	case g.State.Live():
		paint = yellow
	}
	return row{
		cells:  []string{string(g.ID), state, left, strings.Join(names(g.VMs), ", "), strings.Join(g.Ports, ", "), cmp.Or(g.Name, string(g.By))},
		colour: paint,
	}
}

// names are those of the resources.
func names(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		out = append(out, resource.Name(id))
	}
	return out
}
