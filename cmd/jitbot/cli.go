package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"jitbot/cmd/internal/config"
)

// errSaid ends a command that has told what is wrong.
var errSaid = errors.New("told already")

// cli is what the verbs share.
type cli struct {
	env       func(string) string
	out, errs io.Writer

	config  string
	format  string
	verbose bool
	begun   bool // the command line was understood: what fails now is no usage error
}

const rootHelp = `jitbot keeps the management ports of Azure VMs closed and opens them for a
person, an address and a time, asked for and approved in Slack.

Everything is in one file, jitbot.yaml. Secrets come from the environment:
SLACK_BOT_TOKEN and SLACK_APP_TOKEN (or, with _FILE behind the name, from
files), and AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET or what
else an Azure identity reads.`

const rootExamples = `  jitbot manifest > manifest.yaml     # make the Slack app of it
  jitbot role > role.json             # the Azure role that the bot needs
  az role definition create --role-definition @role.json
  jitbot check                        # is everything in place?
  jitbot run                          # the bot
  jitbot list                         # what is open, also while Slack is down
  jitbot revoke g-7k2qd               # end it
  jitbot sweep                        # close what is overdue, without the bot`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "jitbot", Short: "Just-in-time network access to Azure VMs, asked for in Slack",
		Long: rootHelp, Example: rootExamples,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if c.format != "text" && c.format != "json" {
				return fmt.Errorf("--log %s is unknown; write text or json", c.format)
			}
			c.begun = true
			return nil
		},
	}
	root.InitDefaultHelpFlag() // else cobra takes what follows --help for its value
	flags := root.PersistentFlags()
	flags.StringVar(&c.config, "config", "jitbot.yaml", "the configuration `file`")
	flags.StringVar(&c.format, "log", "text", "log on stderr as text or json, the `format`")
	flags.BoolVar(&c.verbose, "verbose", false, "log more")
	for flag, complete := range map[string]cobra.CompletionFunc{
		"config": cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt),
		"log":    cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp),
	} {
		if err := root.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err) // a flag was renamed above
		}
	}
	root.AddCommand(c.run(), c.check(), c.list(), c.revoke(), c.audit(), c.backup(), c.sweep(), c.role(), c.manifest(), c.version())
	return root
}

// verb is a command without arguments.
func verb(use, short, long, examples string, f func(cmd *cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: examples,
		Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error { return f(cmd) },
	}
}

// load reads the configuration; its faults are told as they are, a line each.
func (c *cli) load() (config.Config, error) { return config.Load(c.config) }

// log is the log on stderr.
func (c *cli) log(least slog.Level) *slog.Logger {
	if c.verbose {
		least = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: least}
	if c.format == "json" {
		return slog.New(slog.NewJSONHandler(c.errs, o))
	}
	return slog.New(slog.NewTextHandler(c.errs, o))
}
