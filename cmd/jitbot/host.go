package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
)

// exit ends a command with a code of its own, and says why where it was not said yet.
type exit struct {
	code int
	err  error // nil: said already
}

func (e exit) Error() string {
	if e.err == nil {
		return "told already"
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// options are what host commands work with.
func (c *cli) options() (app.Options, error) {
	loaded, err := c.load()
	return app.Options{Config: loaded, Version: versionOf().number, Log: c.log(slog.LevelError)}, err
}

// host finds the bot that runs, or opens its store, and gives it back after f.
func (c *cli) host(ctx context.Context, f func(*app.Host) error) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	h, err := app.OpenHost(ctx, o)
	if err != nil {
		return err //nolint:wrapcheck // a sentence already
	}
	defer h.Close() //nolint:errcheck // all that counts was answered
	return f(h)
}

const completeWithin = 2 * time.Second // the shell waits meanwhile

// completeGrants offers the grants that have not ended. What cannot be read offers
// none.
func (c *cli) completeGrants(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	var out []string
	_ = c.host(ctx, func(h *app.Host) error { // a completion has nobody to tell
		status, err := h.Status(ctx)
		for _, g := range status.Grants {
			if strings.HasPrefix(string(g.ID), typed) {
				out = append(out, fmt.Sprintf("%s\t%s, %s", g.ID, g.State, strings.Join(names(g.VMs), ", ")))
			}
		}
		return err
	})
	return out, cobra.ShellCompDirectiveNoFileComp
}
