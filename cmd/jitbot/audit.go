package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/record"
)

const auditHelp = `The record has a line for everything that was asked, decided and done, each
chained to the one before it by a hash.`

const verifyHelp = `Checks the whole record: that no line was changed, removed or moved. It reads
that of the bot, running or not, with the sealed segments beside its store; or
that of a file: an export in JSON lines, or a backup of the store, with the
segments in the folder <file>.record if there is one.

What it prints last is an anchor, a number and a hash. Keep it elsewhere: with
--anchor it proves later that all lines up to there are as they were. Without
one a record that somebody wrote anew from the start, or whose end was cut from
an export, looks whole: it is consistent, not proved complete.

--activity-log compares it with Azure's activity log, as printed by "az monitor
activity-log list --output json": changes of rules of jitbot that the record
does not explain, and requests of the record that the log lacks. What is found
is printed, and breaks the record. Rules of other people are left alone.

Exits 0 when it is whole, 1 when it is broken, and names the first bad line, 2
when it cannot be read.`

const exportHelp = `Prints the record, oldest line first. As jsonl it is a JSON object a line, with
seq, at, kind, grant, actor, subject, vms, ports, sources, until, text, prev and
hash; keys are added in later versions. All of it is what "jitbot audit verify"
checks. As csv it is a table in which no cell is run as a formula.

--since and --until take a time, a day, or how long ago: 2026-11-01T08:00:00Z,
2026-11-01, 36h, 7d. A VM is named by its resource id or its name, a user by the
id in Slack or the Entra user name, whether they acted or it was about them.

That a copy was taken is in the record.`

// exitUnread is the code of a record that cannot be read.
const exitUnread = 2

func (c *cli) audit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Check and export the record", Long: auditHelp,
		Example: "  jitbot audit verify\n  jitbot audit export --format csv --since 30d > record.csv",
		Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			return exit{code: exitUsage, err: errors.New("write audit verify, or audit export")}
		},
	}
	cmd.AddCommand(c.auditVerify(), c.auditExport())
	return cmd
}

func (c *cli) auditVerify() *cobra.Command {
	var anchor, activity string
	cmd := &cobra.Command{
		Use: "verify [file]", Short: "Check that the record is whole", Long: verifyHelp,
		Example: `  jitbot audit verify
  jitbot audit verify --anchor 1234:9f86d081884c7d65…
  jitbot audit verify record.jsonl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var a record.Anchor
			if anchor != "" {
				var err error
				if a, err = record.ParseAnchor(anchor); err != nil {
					return exit{code: exitUsage, err: err}
				}
			}
			verify := func(r app.Record) error {
				if activity == "" {
					return c.verifyRecord(r, a)
				}
				return errors.Join(c.verifyRecord(r, a), c.compare(r, activity))
			}
			var err error
			if len(args) == 1 {
				err = app.ReadRecord(cmd.Context(), args[0], verify)
			} else {
				err = c.host(cmd.Context(), func(h *app.Host) error { return verify(h.Record(cmd.Context())) })
			}
			switch {
			case err == nil:
				return nil
			case errors.Is(err, record.ErrBroken):
				return exit{code: exitFault, err: err}
			default:
				return exit{code: exitUnread, err: err}
			}
		},
	}
	cmd.Flags().StringVar(&anchor, "anchor", "", "a `line` that must be in it, as seq:sha256")
	cmd.Flags().StringVar(&activity, "activity-log", "", "a `file` with Azure's activity log to compare with")
	return cmd
}

func (c *cli) verifyRecord(r app.Record, anchor record.Anchor) error {
	last, err := r.Verify(anchor)
	if err != nil {
		return err
	}
	if r.Behind.Seq > 0 {
		err = c.say("Lines 1 to %d are in sealed segments, which are not beside the file: they were not looked at.", r.Behind.Seq)
		if err != nil {
			return err
		}
	}
	switch {
	case last.Seq == 0:
		return c.say("The record is empty.")
	case anchor.Seq > 0:
		err = c.say("%d lines are consistent, and proved complete up to line %d, that of the anchor.", last.Seq, anchor.Seq)
	default:
		err = c.say("%d lines are consistent, not proved complete: for that, give an anchor that was kept elsewhere.", last.Seq)
	}
	if err == nil {
		_, err = fmt.Fprintf(c.out, "anchor %s\n", last)
	}
	return err
}

// compare holds the record against Azure's activity log.
func (c *cli) compare(r app.Record, file string) error {
	found, err := r.Compare(file)
	if err != nil {
		return err
	}
	for _, one := range found {
		if _, err := fmt.Fprintln(c.out, one); err != nil {
			return fmt.Errorf("printing what was found: %w", err)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %d things are not alike in the record and in Azure's activity log", record.ErrBroken, len(found))
	}
	return nil
}

// exportFlags are those of jitbot audit export.
type exportFlags struct{ format, since, until, grant, vm, user string }

func (c *cli) auditExport() *cobra.Command {
	var f exportFlags
	cmd := verb("export", "Print the record", exportHelp, `  jitbot audit export --format jsonl > record.jsonl
  jitbot audit export --format csv --since 30d --vm web-1 > web-1.csv`,
		func(cmd *cobra.Command) error {
			q, err := f.query(time.Now())
			if err != nil {
				return exit{code: exitUsage, err: err}
			}
			return c.host(cmd.Context(), func(h *app.Host) error { return c.export(cmd.Context(), h, f.format, q) })
		})
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "jsonl", "jsonl or csv, the `format`")
	flags.StringVar(&f.since, "since", "", "from this `time` on")
	flags.StringVar(&f.until, "until", "", "before this `time`")
	flags.StringVar(&f.grant, "grant", "", "of this `grant` only")
	flags.StringVar(&f.vm, "vm", "", "of this `machine` only")
	flags.StringVar(&f.user, "user", "", "by or about this `user` only")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"format": cobra.FixedCompletions([]string{"jsonl", "csv"}, cobra.ShellCompDirectiveNoFileComp),
		"grant": func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return c.completeGrants(cmd, nil, typed)
		},
	} {
		if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err) // a flag was renamed above
		}
	}
	return cmd
}

// query is what the flags ask for.
func (f exportFlags) query(now time.Time) (record.Query, error) {
	q := record.Query{Grant: jit.ID(f.grant), VM: f.vm, User: jit.UserID(f.user)}
	if f.format != "jsonl" && f.format != "csv" {
		return q, fmt.Errorf("--format %s is unknown; write jsonl or csv", f.format)
	}
	if f.grant != "" && !q.Grant.Valid() {
		return q, fmt.Errorf("%s is no grant; a grant is named like g-7k2qd", f.grant)
	}
	var sinceErr, untilErr error
	q.Since, sinceErr = instant(f.since, now)
	q.Until, untilErr = instant(f.until, now)
	return q, errors.Join(sinceErr, untilErr)
}

// instant reads a time, a day in UTC, or how long ago; nothing is the zero time.
func instant(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days+"\n", "%d\n", &n); err == nil && n >= 0 && n < 100_000 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := parse.Duration(s); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write one such as 2026-11-01T08:00:00Z, 2026-11-01, 36h or 7d", s)
}

// export prints the lines that are asked for, as they are read.
func (c *cli) export(ctx context.Context, h *app.Host, format string, q record.Query) error {
	if err := h.Copied(ctx, "the record"); err != nil {
		return fmt.Errorf("recording the export: %w", err)
	}
	out := bufio.NewWriter(c.out)
	write, flush, err := writer(out, format)
	if err != nil {
		return err
	}
	for e, err := range h.Record(ctx).Lines {
		if err != nil {
			return errors.Join(fmt.Errorf("reading the record at line %d: %w", e.Seq, err), flush(), out.Flush())
		}
		if !q.Matches(e) {
			continue
		}
		if err := write(e); err != nil {
			return err
		}
	}
	if err := errors.Join(flush(), out.Flush()); err != nil {
		return fmt.Errorf("printing the record: %w", err)
	}
	return nil
}

// writer writes lines in a format.
func writer(out io.Writer, format string) (write func(jit.Event) error, flush func() error, err error) {
	if format == "csv" {
		table, err := record.NewCSV(out)
		if err != nil {
			return nil, nil, err
		}
		return table.Write, table.Flush, nil
	}
	return func(e jit.Event) error {
		line, err := record.Line(e)
		if err == nil {
			_, err = out.Write(line)
		}
		return err
	}, func() error { return nil }, nil
}
