// Jitdemo runs jitbot over a simulated Slack workspace and a simulated Azure
// subscription in one process: nothing leaves the machine, and no account is
// needed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Jitdemo runs jitbot over a simulated Slack workspace and a simulated Azure
subscription in one process. Nothing leaves this machine; no account is needed.

  jitdemo --tour      plays one grant from request to expiry here, about 20 s

`

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("jitdemo", flag.ContinueOnError)
	flags.SetOutput(errs)
	tour := flags.Bool("tour", false, "play one grant in the terminal and exit")
	verbose := flags.Bool("verbose", false, "show jitbot's log")
	flags.Usage = func() { fmt.Fprint(errs, usage); flags.PrintDefaults() } //nolint:errcheck // nobody else to tell
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0 || !*tour:
		flags.Usage()
		return 2
	}
	var log io.Writer = io.Discard
	if *verbose {
		log = errs
	}
	if err := playTour(ctx, out, log); err != nil {
		fmt.Fprintf(errs, "jitdemo: %v\n", err) //nolint:errcheck // nobody else to tell
		return 1
	}
	return 0
}
