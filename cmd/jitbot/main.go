// Jitbot gives just-in-time network access to virtual machines in Azure, asked
// for and approved in Slack.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker (-X main.version=…); otherwise the build's own
// information tells it.
var version string

func main() { os.Exit(run()) }

// The exit codes.
const (
	exitOK    = 0
	exitFault = 1 // something is wrong, and was said
	exitUsage = 2 // the command line is wrong
)

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default is back, so that a second one kills.
	context.AfterFunc(ctx, stop)
	return execute(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
}

// execute runs one command line.
func execute(ctx context.Context, args []string, env func(string) string, out, errs io.Writer) int {
	c := &cli{env: env, out: out, errs: errs}
	root := c.root() //nolint:contextcheck // cobra hands the context to the verbs
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	var coded exit
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
		return exitFault
	case errors.As(err, &coded):
		if coded.err != nil {
			fmt.Fprintf(errs, "%v\n", err) //nolint:errcheck // nobody else to tell
		}
		return coded.code
	case !c.begun:
		fmt.Fprintf(errs, "jitbot: %v\nRun \"jitbot --help\" for the commands.\n", err) //nolint:errcheck // nobody else to tell
		return exitUsage
	default:
		fmt.Fprintf(errs, "%v\n", err) //nolint:errcheck // nobody else to tell
		return exitFault
	}
}
