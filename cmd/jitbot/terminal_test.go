package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"jitbot/cmd/internal/host"
	"jitbot/jit"
)

// at is when the lists of the tests were made.
func at() time.Time { return time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC) }

func listed() host.Status {
	const vms = "/subscriptions/s/resourceGroups/prod/providers/Microsoft.Compute/virtualMachines/"
	return host.Status{At: at(), Grants: []host.Grant{
		{
			ID: "g-7k2qd", State: jit.Open, By: "U1", Name: "a.very.long.name.of.somebody@subsidiary.example.com",
			VMs: []string{vms + "web-1", vms + "a-machine-with-a-name-as-long-as-azure-takes-them"}, Ports: []string{"22", "8000-8010"},
			Until: at().Add(90 * time.Minute),
		},
		{ID: "g-8k2qd", State: jit.Closing, By: "U2\x1b[31m", VMs: []string{vms + "db"}, Ports: []string{"22"}, Stuck: true, Until: at()},
		{ID: "g-9k2qd", State: jit.Pending, By: "U3", VMs: []string{vms + "db"}, Ports: []string{"22"}, Lapses: at().Add(time.Minute)},
	}, Stuck: []host.Stuck{{Grant: "g-8k2qd", Since: at(), Fault: strings.Repeat("the lock forbids it, ", 12)}, {Fault: "a rule that nobody explains"}}}
}

// A terminal's line has 80 columns, and what people typed moves no cursor.
func TestListOnATerminal(t *testing.T) {
	plain := screen{}.status(listed())
	for line := range strings.Lines(plain) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns || strings.ContainsAny(line, "\x1b\t") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for _, want := range []string{"g-7k2qd  open     1h30m", "g-8k2qd  stuck", "g-9k2qd  pending  1m ", "stuck since 09:00:00 UTC: g-8k2qd", "stuck: no grant", "No bot runs"} {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is missing in\n%s", want, plain)
		}
	}
	coloured := screen{colours: true}.status(listed())
	if !strings.Contains(coloured, "\x1b[32mopen\x1b[0m") || !strings.Contains(coloured, "\x1b[31mstuck\x1b[0m") {
		t.Errorf("no colours in\n%q", coloured)
	}
	wide := screen{wide: true}.status(listed())
	if !strings.Contains(wide, "a-machine-with-a-name-as-long-as-azure-takes-them") || strings.Contains(wide, "…") || strings.Contains(wide, "\x1b") {
		t.Errorf("a program is given\n%s", wide)
	}
	if got := (screen{}).status(host.Status{Running: true}); got != "Nothing is open and nothing waits.\n" {
		t.Errorf("nothing: %q", got)
	}
}
