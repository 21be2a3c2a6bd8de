package command_test

import (
	"fmt"
	"strings"
	"testing"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/reach"
)

func TestScanAndExplainAreUnderstood(t *testing.T) {
	for line, want := range map[string]command.Command{
		"scan":                          {Verb: command.VerbScan},
		"Scan UNHEALTHY":                {Verb: command.VerbScan, Scan: command.ScanFilter{Class: reach.ClassUnhealthy}},
		"scan web na":                   {Verb: command.VerbScan, Scan: command.ScanFilter{Class: reach.ClassNotApplicable, Text: "web"}},
		"scan “tag:env=prod”":           {Verb: command.VerbScan, Scan: command.ScanFilter{Text: "tag:env=prod"}},
		"explain web-1":                 {Verb: command.VerbExplain, Ask: jit.Ask{VMs: []string{"web-1"}}},
		"explain rg/web-1 <@U1|a b>":    {Verb: command.VerbExplain, Ask: jit.Ask{VMs: []string{"rg/web-1"}}, For: "U1"},
		"explain <http://a.b|a.b><@U2>": {Verb: command.VerbExplain, Ask: jit.Ask{VMs: []string{"a.b"}}, For: "U2"},
	} {
		got, err := command.Parse(line)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"explain":               "Name the VM, as in /jit explain web-1",
		"explain <@U1>":         "Name the VM",
		"explain a,b":           "Name one VM",
		"explain a <@U1> <@U2>": "at most one person",
		"explain a @bob":        "I do not understand @bob here",
		"explain a <@u;drop>":   "no member of this workspace",
		"explain a/b/c":         "names no VM",
	} {
		if _, err := command.Parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
