package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/host"
	"jitbot/jit"
	"jitbot/jit/text"
	"jitbot/store"
)

const revokeHelp = `Ends a grant: closes what is open, and withdraws what waits for approval. With
--all, every grant that has not ended; on a terminal it asks back, elsewhere it
wants --yes.

It waits until the rules were read back gone, 60 seconds at most; with
--no-wait not at all. The bot goes on closing either way. Where no bot runs it
removes the rules itself; where the store cannot be read, too, by their names.

Exits 0 when nothing is open any more, also when it was closed already; 1 when
that is not so yet; 2 when there is no such grant.`

const (
	revokeWithin = 60 * time.Second
	exitNoGrant  = 2
)

// revokeFlags are those of jitbot revoke.
type revokeFlags struct{ all, yes, noWait bool }

func (c *cli) revoke() *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use: "revoke [grant]", Short: "End a grant, or all of them", Long: revokeHelp,
		Example: `  jitbot revoke g-7k2qd
  jitbot revoke --all
  jitbot revoke --all --yes --no-wait`,
		ValidArgsFunction: c.completeGrants,
		Args: func(_ *cobra.Command, args []string) error {
			if f.all == (len(args) == 1) || len(args) > 1 {
				return errors.New("name one grant, such as g-7k2qd, or write --all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.all {
				return c.revokeAll(cmd.Context(), cmd.InOrStdin(), f)
			}
			return c.revokeOne(cmd.Context(), jit.ID(args[0]), f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "end every grant that has not ended")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask back")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until the rules are gone")
	return cmd
}

func (c *cli) revokeOne(ctx context.Context, id jit.ID, f revokeFlags) error {
	err := c.host(ctx, func(h *app.Host) error {
		g, err := h.End(ctx, id)
		if err != nil {
			return unended(err)
		}
		return c.awaitGone(ctx, h, []host.Grant{g}, f)
	})
	if !unreadable(err) || errors.As(err, new(exit)) {
		return err
	}
	return c.revokeUnstored(ctx, id, err)
}

// unended is why a grant could not be ended, with the code that says so.
func unended(err error) error {
	if errors.Is(err, jit.ErrNotFound) || errors.Is(err, jit.ErrInput) {
		return exit{code: exitNoGrant, err: err}
	}
	return err
}

// unreadable reports whether the store itself cannot be used, by any bot.
func unreadable(err error) bool {
	return errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrForeign) || errors.Is(err, store.ErrNewer)
}

// revokeUnstored closes a grant by its rules' names, where the store cannot be read.
func (c *cli) revokeUnstored(ctx context.Context, id jit.ID, cause error) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.errs, "%v\n", cause) //nolint:errcheck // what follows counts
	ctx, cancel := context.WithTimeout(ctx, revokeWithin)
	defer cancel()
	lines, err := app.CloseUnstored(ctx, o, id)
	for _, line := range lines {
		fmt.Fprintln(c.out, line) //nolint:errcheck // the exit code says it too
	}
	switch {
	case errors.Is(err, jit.ErrInput):
		return exit{code: exitNoGrant, err: err}
	case err != nil:
		return fmt.Errorf("rules of %s are or may be left in Azure: %w", id, err)
	}
	return c.say("No rule of %s is left in Azure. This is not in the record, since the store cannot be read.", id)
}

func (c *cli) revokeAll(ctx context.Context, in io.Reader, f revokeFlags) error {
	return c.host(ctx, func(h *app.Host) error {
		status, err := h.Status(ctx)
		if err != nil {
			return fmt.Errorf("listing the grants: %w", err)
		}
		if len(status.Grants) == 0 {
			return c.say("Nothing is open and nothing waits.")
		}
		if !f.yes {
			if err := c.askBack(in, status); err != nil {
				return err
			}
		}
		ended, err := h.EndAll(ctx)
		return errors.Join(err, c.awaitGone(ctx, h, ended, f))
	})
}

// askBack shows what would end and wants a yes.
func (c *cli) askBack(in io.Reader, status host.Status) error {
	if file, ok := in.(*os.File); !ok || !terminal(file) || !terminal(c.out) {
		return errors.New("nobody can be asked here; write --yes to end every grant")
	}
	fmt.Fprintf(c.out, "%sEnd %s? Type yes: ", c.screen().status(status), //nolint:errcheck // the answer is read
		text.Count(len(status.Grants), "grant", "grants"))
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if strings.TrimSpace(strings.ToLower(answer)) != "yes" {
		return errors.New("nothing was ended")
	}
	return nil
}

// awaitGone waits until nothing of the grants is open, and says how each is.
func (c *cli) awaitGone(ctx context.Context, h *app.Host, grants []host.Grant, f revokeFlags) error {
	ctx, cancel := context.WithTimeout(ctx, revokeWithin)
	defer cancel()
	left := 0
	for _, g := range grants {
		var err error
		if !f.noWait && !g.Gone() {
			var now host.Grant
			if now, err = h.AwaitGone(ctx, g.ID); now.ID != "" {
				g = now
			}
		}
		if !g.Gone() {
			left++
		}
		if err := c.sayEnded(ctx, h, g, err); err != nil {
			return err
		}
	}
	if left > 0 {
		return exit{code: exitFault}
	}
	return nil
}

// sayEnded says how a grant is that was ended.
func (c *cli) sayEnded(ctx context.Context, h *app.Host, g host.Grant, fault error) error {
	where := strings.Join(names(g.VMs), ", ")
	if g.Gone() {
		return c.say("%s on %s is %s: nothing of it is open.", g.ID, where, g.State)
	}
	why := g.Fault
	if fault != nil {
		why = fault.Error()
	}
	if why != "" {
		why = " (" + strings.ReplaceAll(why, "\n", "; ") + ")"
	}
	if h.Running() {
		return c.say("%s on %s is %s and not gone yet%s: the bot keeps closing it; see \"jitbot list\".", g.ID, where, g.State, why)
	}
	err := c.say("%s on %s is %s and not gone yet%s: no bot runs, so \"jitbot run\" closes it when it starts, "+
		"\"jitbot revoke %s\" tries again, and \"jitbot sweep\" closes it once its time is up.", g.ID, where, g.State, why, g.ID)
	if lines := h.ByHand(context.WithoutCancel(ctx), g.ID); err == nil && lines != "" {
		_, err = fmt.Fprintf(c.out, "By hand:\n%s", lines)
	}
	return err
}

// say prints a sentence, folded on a terminal.
func (c *cli) say(format string, args ...any) error {
	if _, err := fmt.Fprintln(c.out, c.screen().fold(fmt.Sprintf(format, args...), "  ")); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
