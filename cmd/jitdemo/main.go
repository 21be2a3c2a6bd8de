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

  jitdemo             serves a web page to play with, until Ctrl-C
  jitdemo --tour      plays one grant from request to expiry here, about 20 s

`

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("jitdemo", flag.ContinueOnError)
	flags.SetOutput(errs)
	tour := flags.Bool("tour", false, "play one grant in the terminal and exit")
	listen := flags.String("listen", "", "serve the page at this loopback `address`; 127.0.0.1:0 takes a free port\n"+
		"(default "+atFirst+", or a free port when that is taken)")
	verbose := flags.Bool("verbose", false, "show jitbot's log")
	flags.Usage = func() {} // Parse tells where it should not
	help := func(w io.Writer) {
		flags.SetOutput(w)
		fmt.Fprint(w, usage) //nolint:errcheck // nobody else to tell
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		help(out)
		return 0
	case err != nil || flags.NArg() > 0 || *tour && *listen != "":
		help(errs)
		return 2
	}
	log := io.Discard
	if *verbose {
		log = errs
	}
	var err error
	if *tour {
		err = playTour(ctx, out, log)
	} else {
		err = servePage(ctx, *listen, out, log)
	}
	if err != nil {
		fmt.Fprintf(errs, "jitdemo: %v\n", err) //nolint:errcheck // nobody else to tell
		return 1
	}
	return 0
}
