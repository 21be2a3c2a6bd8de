package command_test

import (
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/text"
)

func ssh() []jit.Ports { return []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}} }

func from(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }

func request(a jit.Ask) command.Command { return command.Command{Verb: command.VerbRequest, Ask: a} }

func TestCommandsThatAreUnderstood(t *testing.T) {
	for line, want := range map[string]command.Command{
		"":                                    request(jit.Ask{}),
		"   ":                                 request(jit.Ask{}),
		"request":                             request(jit.Ask{}),
		"request web-1":                       request(jit.Ask{VMs: []string{"web-1"}}),
		"request web-1 22":                    request(jit.Ask{VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 22, To: 22}}}),
		"request web-1 for":                   request(jit.Ask{VMs: []string{"web-1"}}),
		"request web-1 for 2h":                request(jit.Ask{VMs: []string{"web-1"}, Duration: 2 * time.Hour}),
		"help":                                {Verb: command.VerbHelp},
		"HELP me":                             {Verb: command.VerbHelp},
		"list":                                {Verb: command.VerbList},
		"List ALL":                            {Verb: command.VerbList, All: true},
		"`list`":                              {Verb: command.VerbList},
		"done g-7k2qd":                        {Verb: command.VerbDone, Grant: "g-7k2qd"},
		"done `G-7K2QD`":                      {Verb: command.VerbDone, Grant: "g-7k2qd"},
		"done g–7k2qd.":                       {Verb: command.VerbDone, Grant: "g-7k2qd"},
		"extend g-7k2qd 1h":                   {Verb: command.VerbExtend, Grant: "g-7k2qd", More: time.Hour},
		"move g-7k2qd 203.0.113.8":            {Verb: command.VerbMove, Grant: "g-7k2qd", To: netip.MustParsePrefix("203.0.113.8/32")},
		"move G-7K2QD to [2001:DB8::1]":       {Verb: command.VerbMove, Grant: "g-7k2qd", To: netip.MustParsePrefix("2001:db8::1/128")},
		"move `g-7k2qd` from 198.51.100.0/24": {Verb: command.VerbMove, Grant: "g-7k2qd", To: netip.MustParsePrefix("198.51.100.0/24")},
		"extend g-7k2qd by 90 min":            {Verb: command.VerbExtend, Grant: "g-7k2qd", More: 90 * time.Minute},
		"cancel g-7k2qd":                      {Verb: command.VerbCancel, Grant: "g-7k2qd"},
		"revoke g-7k2qd":                      {Verb: command.VerbRevoke, Grant: "g-7k2qd"},
		"revoke g-7k2qd for fun":              {Verb: command.VerbRevoke, Grant: "g-7k2qd", Reason: "fun"},
		"vms":                                 {Verb: command.VerbVMs},
		"VMs tag:env=prod":                    {Verb: command.VerbVMs, Text: "tag:env=prod"},
		"vms “web prod”":                      {Verb: command.VerbVMs, Text: "web prod"},
		"protect web-1":                       {Verb: command.VerbProtect, Ask: jit.Ask{VMs: []string{"web-1"}}},
		"protect rg/web-1, tag:a=b":           {Verb: command.VerbProtect, Ask: jit.Ask{VMs: []string{"rg/web-1", "tag:a=b"}}},
		"protect web-1 ssh":                   {Verb: command.VerbProtect, Ask: jit.Ask{VMs: []string{"web-1"}, Ports: ssh()}},
		"unprotect web-1,web-2":               {Verb: command.VerbUnprotect, Ask: jit.Ask{VMs: []string{"web-1", "web-2"}}},
		"revoke g-7k2qd “gone home”":          {Verb: command.VerbRevoke, Grant: "g-7k2qd", Reason: "gone home"},

		"request web-1 ssh 1h from 203.0.113.7 for the deploy": request(jit.Ask{
			VMs: []string{"web-1"}, Ports: ssh(), Duration: time.Hour, Sources: from("203.0.113.7/32"), Reason: "the deploy",
		}),
		"request web-1 from 203.0.113.0/24 45m 22/tcp for x": request(jit.Ask{
			VMs: []string{"web-1"}, Ports: ssh(), Duration: 45 * time.Minute, Sources: from("203.0.113.0/24"), Reason: "x",
		}),
		"request web-1 for x": request(jit.Ask{VMs: []string{"web-1"}, Reason: "x"}),
		"request web-1 for 2h for looking for 3h at logs from 10.0.0.1": request(jit.Ask{
			VMs: []string{"web-1"}, Duration: 2 * time.Hour, Reason: "looking for 3h at logs from 10.0.0.1",
		}),
		"REQUEST web-1 For 2H FOR Shouting": request(jit.Ask{
			VMs: []string{"web-1"}, Duration: 2 * time.Hour, Reason: "Shouting",
		}),
		"request web-1,rg/web-2 , tag:env=prod,WEB-1 22, 3389 for x": request(jit.Ask{
			VMs:   []string{"web-1", "rg/web-2", "tag:env=prod"},
			Ports: []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}}, Reason: "x",
		}),
		"request web-1 8000–8010 PT90S from 2001:db8::7 for x": request(jit.Ask{
			VMs: []string{"web-1"}, Ports: []jit.Ports{{From: 8000, To: 8010}}, Duration: 90 * time.Second,
			Sources: from("2001:db8::7/128"), Reason: "x",
		}),
		"request “web-1” ‘ssh’ for “a quoted reason”": request(jit.Ask{
			VMs: []string{"web-1"}, Ports: ssh(), Reason: "a quoted reason",
		}),
		"request\tweb-1\u00a0ssh\nfor two\n\nlines\u202e": request(jit.Ask{
			VMs: []string{"web-1"}, Ports: ssh(), Reason: "two lines",
		}),
		"request <http://web-1.example.com|web-1.example.com> for R&amp;D with <@U123|bob> in <#C1|ops>, " +
			"see <https://x.example/a?b=1&amp;c=2> &lt;now&gt;": request(jit.Ask{
			VMs: []string{"web-1.example.com"}, Reason: "R&D with @bob in #ops, see https://x.example/a?b=1&c=2 <now>",
		}),
		"request web-1 for <mailto:a@b.example|a@b.example> and <!subteam^S1|@team> and <!here> and <@U1>": request(jit.Ask{
			VMs: []string{"web-1"}, Reason: "a@b.example and @team and @here and @U1",
		}),
		"request web-1 for &amp;lt;": request(jit.Ask{VMs: []string{"web-1"}, Reason: "&lt;"}),
	} {
		got, err := command.Parse(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		// The table writes 22 without a protocol where the line has none.
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	for line, want := range map[string]string{
		"request for x":                                   "Name the VM first",
		"request from 10.0.0.1 for x":                     "Name the VM first",
		"request web-1,,web-2 for x":                      "comma too many",
		"request a/b/c for x":                             "names no VM",
		"request tag:env for x":                           "names no tag",
		"request web-1 22 3389 for x":                     "ports in two places",
		"request web-1 1h 2h for x":                       "two durations, 1h and 2h",
		"request web-1 1h for 2h for x":                   "two durations",
		"request web-1 for 25h61x for x":                  "25h61x is no duration",
		"request web-1 for 5m3h for x":                    "is no duration",
		"request web-1 99999999h for x":                   "longer than anybody",
		"request web-1 from for x":                        "Write an address after from",
		"request web-1 from":                              "Write an address after from",
		"request web-1 from home for x":                   "home is no address",
		"request web-1 from 0.0.0.0/0 for x":              "whole internet",
		"request web-1 from 10.0.0.1 from 10.0.0.2 for x": "two addresses",
		"request web-1 10.0.0.1 for x":                    "Write from before the address",
		"request web-1 2001:db8::1 for x":                 "Write from before the address",
		"request web-1 99999 for x":                       "is no port",
		"request web-1 please for x":                      "I do not understand please",
		"request web-1 for " + strings.Repeat("x", 10000): "at most 1000",
		"list mine":                 "/jit list all",
		"cancel":                    "Name the grant",
		"approve":                   "Name the grant",
		"deny":                      "Name the grant",
		"deny g-7k2qd for":          "Say why",
		"done web-1":                "names no grant",
		"done g-7k2qd now":          "nothing after the grant",
		"cancel g-00000":            "names no grant",
		"revoke":                    "Name the grant",
		"extend g-7k2qd":            "by how much",
		"extend g-7k2qd 1h today":   "nothing after the duration",
		"extend 1h":                 "names no grant",
		"history web-1 db-1":        "Name one VM, one grant or one person",
		"history @ada":              "choose the name that Slack offers",
		"history 0 days":            "0 days cannot be shown",
		"history 4000":              "4000 days cannot be shown",
		"move":                      "Name the grant",
		"move 203.0.113.8":          "names no grant",
		"move g-7k2qd":              "the address that you come from now",
		"move g-7k2qd to":           "",
		"move g-7k2qd home":         "home",
		"move g-7k2qd 10.0.0.1 now": "nothing after the address",
		"move g-7k2qd 0.0.0.0/0 x":  "",
		"protect":                   "Name the VM, as in /jit protect web-1",
		"unprotect":                 "Name the VM, as in /jit unprotect web-1",
		"protect for web-1":         "Name the VM, as in /jit protect web-1",
		"protect a,,b":              "comma too many",
		"protect a/b/c":             "names no VM",
		"protect tag:env":           "names no tag",
		"protect web-1 99999":       "is no port",
		"protect web-1 22 3389":     "ports in two places",
		"protect web-1 2h":          "I do not understand 2h here",
		"protect web-1 from 10.1":   "I do not understand from 10.1 here",
		"protect web-1 10.0.0.1":    "I do not understand 10.0.0.1 here",
		"unprotect web-1 22":        "I do not understand 22 here",
		"breakglass web-1 for x":    "no break-glass yet",
	} {
		_, err := command.Parse(line)
		refusal, ok := errors.AsType[*jit.Refusal](err)
		if !ok || !strings.Contains(refusal.Error(), want) {
			t.Errorf("%.60q: %v, want %q", line, err, want)
		}
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{
		"", "help", "list all", "done g-7k2qd", "request web-1 22,3389 1h from 203.0.113.7 for the fix",
		"request <http://a|a> for <@U1|bob> &amp; &lt;", "request a , b for 2h for 3h", "protect a,tag:b=c 22,8000-8010", "unprotect a",
		"vms web", "done", "approve g-7k2qd", "deny g-7k2qd not now", "extend g-7k2qd 30m", "move g-7k2qd [::1]/64", "history web-1 7d by <@U0ADA>",
		"revoke `G-7K2QD` “x”", "<|>", "<@", "request a ,",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := command.Parse(line)
		if err != nil {
			if _, ok := errors.AsType[*jit.Refusal](err); !ok {
				t.Fatalf("%q: %v is no refusal", line, err)
			}
			return
		}
		switch c.Verb {
		case command.VerbRequest:
			a := c.Ask
			if len(a.VMs) == 0 && (len(a.Ports) > 0 || a.Reason != "") || a.Reason != text.Clean(a.Reason) ||
				utf8.RuneCountInString(a.Reason) > 1000 ||
				a.Duration < 0 {
				t.Fatalf("%q: %+v", line, a)
			}
		case command.VerbDone: // without a name it is the only one there is
			if c.Grant != "" && !c.Grant.Valid() {
				t.Fatalf("%q: grant %q", line, c.Grant)
			}
		case command.VerbCancel, command.VerbRevoke, command.VerbApprove, command.VerbDeny, command.VerbExtend, command.VerbMove:
			if !c.Grant.Valid() || c.To.IsValid() != (c.Verb == command.VerbMove) || c.To != c.To.Masked() ||
				c.Verb == command.VerbDeny && c.Reason == "" || c.More < 0 {
				t.Fatalf("%q: grant %q, reason %q, more %s", line, c.Grant, c.Reason, c.More)
			}
		case command.VerbHistory:
			if !c.History.Valid() {
				t.Fatalf("%q: %+v", line, c.History)
			}
		case command.VerbProtect, command.VerbUnprotect:
			if len(c.Ask.VMs) == 0 || c.Ask.Reason != "" || len(c.Ask.Sources) > 0 || c.Ask.Duration != 0 ||
				c.Verb == command.VerbUnprotect && len(c.Ask.Ports) > 0 {
				t.Fatalf("%q: %+v", line, c.Ask)
			}
		case command.VerbVMs:
			if c.Text != text.Clean(c.Text) || utf8.RuneCountInString(c.Text) > 120 {
				t.Fatalf("%q: %q", line, c.Text)
			}
		case command.VerbHelp, command.VerbList, command.VerbScan, command.VerbExplain:
		default:
			t.Fatalf("%q: verb %q", line, c.Verb)
		}
	})
}

// What is said of a command that is not built yet sends nobody to another that
// is not.
func TestUnbuiltCommandsNameWhatWorks(t *testing.T) {
	named := regexp.MustCompile(`jit(bot)? [a-z]+`)
	for _, line := range []string{"breakglass web-1 for x"} {
		_, err := command.Parse(line)
		for _, words := range named.FindAllString(err.Error(), -1) {
			if !slices.Contains([]string{"jit request", "jit done", "jit list"}, words) {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
