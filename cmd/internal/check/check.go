package check

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"jitbot/cmd/internal/app"
	"jitbot/jit/text"
)

// Finding is what one check found.
type Finding struct {
	What    string // what was checked
	Note    string // what was seen, when it is in order
	Err     error  // what is wrong, and how to mend it
	Warning bool   // what was seen may be as it should be, or not
}

const (
	whatWidth   = 14 // columns of What
	indentation = len("FAULT  ") + whatWidth + len(" ")
)

// String is one line, however long.
func (f Finding) String() string {
	word, said := "ok", f.Note
	if f.Warning {
		word = "warn"
	}
	if f.Err != nil {
		word, said = "FAULT", text.Clean(strings.ReplaceAll(f.Err.Error(), "\n", "; "))
	}
	return fmt.Sprintf("%-5s  %-*s %s", word, whatWidth, f.What, said)
}

// Wrapped is String for a terminal of so many columns: what does not fit goes
// on below the text.
func (f Finding) Wrapped(columns int) string {
	var out strings.Builder
	at := 0
	for i, word := range strings.Split(f.String(), " ") { // the first blanks are those of the columns
		switch size := len([]rune(word)); {
		case i > 0 && at+1+size > columns && at > indentation:
			out.WriteString("\n" + strings.Repeat(" ", indentation))
			at = indentation
		case i > 0:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += len([]rune(word))
	}
	return out.String()
}

// verdict is a line a fault, or that all is in order. What several questions met
// alike is said once.
func verdict(what, note string, faults ...error) []Finding {
	var out []Finding
	said := map[string]bool{}
	for _, err := range faults {
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			out = append(out, Finding{What: what, Err: err})
		}
	}
	if len(out) == 0 {
		out = append(out, Finding{What: what, Note: note})
	}
	return out
}

const (
	checkWithin = 15 * time.Minute // however much there is to look at
	parallel    = 8                // questions under way at once
)

// run is one check: what the bot would run with.
type run struct{ app.Options }

// Run tries what the bot needs to run with these options: the store, Slack with
// both tokens, and Azure with all machines that a policy matches. It changes
// nothing. It takes as long as there is something to look at, and waits half a minute
// for a service that does not answer. tokens is what reading them said.
func Run(ctx context.Context, o app.Options, tokens error) []Finding {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := run{o}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	results := make([][]Finding, 4)
	inUse := make(chan bool, 1) // whether a jitbot runs with the store
	var group errgroup.Group
	group.Go(func() error { results[0] = c.store(ctx, inUse); return nil })
	results[1] = c.listening()
	azureContext, azureAnswered, azureEnd := patient(ctx, "Azure")
	defer azureEnd()
	var heard atomic.Bool
	client, err := c.AzureClient(func(_ string, code int) {
		if code != 0 {
			heard.Store(true)
			azureAnswered()
		}
	})
	if tokens != nil {
		results[2] = []Finding{{What: "slack", Err: tokens}}
	} else {
		group.Go(func() error { results[2] = c.slack(ctx, <-inUse, client); return nil })
	}
	if err != nil {
		results[3] = []Finding{{What: "azure", Err: err}}
	} else {
		group.Go(func() error { results[3] = c.azure(azureContext, client, heard.Load); return nil })
	}
	_ = group.Wait() // findings hold the errors
	return slices.Concat(results...)
}

// each asks something of each, some at once, and keeps the order.
func each[T any](of []T, ask func(T) error) []error {
	faults := make([]error, len(of))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, one := range of {
		group.Go(func() error { faults[i] = ask(one); return nil })
	}
	_ = group.Wait() // the faults are kept one by one
	return faults
}
