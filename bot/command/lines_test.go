package command_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/text"
)

var update = flag.Bool("update", false, "write the table of lines")

const linesFile = "testdata/lines.txt"

// typedLines are the lines of the table, with what each becomes.
func typedLines(tb testing.TB) (lines, becomes []string) {
	tb.Helper()
	raw, err := os.ReadFile(linesFile)
	if err != nil {
		tb.Fatal(err)
	}
	for row := range strings.Lines(string(raw)) {
		row = strings.TrimSuffix(row, "\n")
		if line, want, ok := strings.Cut(row, " => "); ok && !strings.HasPrefix(row, "#") {
			lines, becomes = append(lines, line), append(becomes, want)
		}
	}
	return lines, becomes
}

// What is typed becomes what its author means, or a question comes back.
func TestLines(t *testing.T) {
	if *update {
		writeLines(t)
	}
	lines, wants := typedLines(t)
	if len(lines) < 300 {
		t.Errorf("%d lines are in the table", len(lines))
	}
	for i, line := range lines {
		if got := becomes(line); got != wants[i] {
			t.Errorf("%s\n got %s\nwant %s", line, got, wants[i])
		}
	}
}

func writeLines(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(linesFile)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for row := range strings.Lines(string(raw)) {
		if line, _, ok := strings.Cut(strings.TrimSuffix(row, "\n"), " => "); ok && !strings.HasPrefix(row, "#") {
			row = line + " => " + becomes(line) + "\n"
		}
		out.WriteString(row)
	}
	if err := os.WriteFile(linesFile, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// becomes writes what a line is read as.
func becomes(line string) string {
	c, err := command.Parse(line)
	if c.Unknown != "" && !slices.Contains([]string{"web-1", "web-2", "web-3", "01-web"}, strings.ToLower(command.Bare(c.Unknown))) {
		return "? " + command.NoCommand(c.Unknown).Error()
	}
	if err != nil {
		return "? " + strings.ReplaceAll(err.Error(), "\n", " / ")
	}
	return said(c)
}

// said writes what was read.
func said(c command.Command) string {
	words := []string{string(c.Verb)}
	add := func(word, what string) {
		if what != "" {
			words = append(words, word+what)
		}
	}
	add("", strings.Join(c.Ask.VMs, " "))
	add("port ", ports(c.Ask.Ports))
	if c.Ask.Duration > 0 {
		add("for ", text.Duration(c.Ask.Duration))
	}
	for _, s := range c.Ask.Sources {
		add("from ", s.String())
	}
	if c.Mine {
		add("from ", "me")
	}
	add("", string(c.Grant))
	add("because ", c.Ask.Reason+c.Reason)
	add("of ", string(c.For))
	add("about ", string(c.About))
	add("class ", string(c.Scan.Class))
	add("text ", c.Text+c.Scan.Text)
	if h := c.History; c.Verb == command.VerbHistory {
		add("of ", h.VM+string(h.Grant)+string(h.User))
		add("days ", fmt.Sprint(h.Days))
	}
	if c.All {
		add("", "all")
	}
	return strings.Join(words, "; ")
}

func ports(all []jit.Ports) string {
	words := make([]string, 0, len(all))
	for _, p := range all {
		word := p.Span()
		if p.Protocol != "" {
			word += "/" + string(p.Protocol)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
