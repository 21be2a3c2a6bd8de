package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) version() *cobra.Command {
	return verb("version", "Print the version", "Prints the version, the commit where it is known, and Go's version.", `  jitbot version`,
		func(*cobra.Command) error {
			if _, err := fmt.Fprintln(c.out, versionOf()); err != nil {
				return fmt.Errorf("printing the version: %w", err)
			}
			return nil
		})
}

// build is what is known of this binary.
type build struct{ number, commit string }

func (b build) String() string {
	s := "jitbot " + b.number
	if b.commit != "" {
		s += " (" + b.commit + ")"
	}
	return fmt.Sprintf("%s, %s %s/%s", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionOf() build {
	b := build{number: version}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{number: cmp.Or(version, "unknown")}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value + b.commit
		case "vcs.modified":
			if s.Value == "true" {
				b.commit += ", changed"
			}
		}
	}
	b.number = cmp.Or(version, info.Main.Version, "unknown")
	return b
}
