package main

import (
	"cmp"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

const width = 80 // columns of a terminal

func (t *tour) print(format string, args ...any) {
	fmt.Fprintf(t.out, format+"\n", args...) //nolint:errcheck // a terminal that is gone ends nothing
}

func (t *tour) title(s string) { t.print("\n%s\n%s", s, strings.Repeat("-", len(s))) }

// says shows a message as a reader of Slack sees it: its blocks, or its text where it has none.
func (t *tour) says(who string, m slacksim.Message) {
	shown := cmp.Or(strings.TrimSpace(strings.TrimPrefix(m.AllText(), m.Text)), m.Text)
	var buttons, bracketed []string
	for _, b := range m.Buttons() {
		buttons, bracketed = append(buttons, b.Text), append(bracketed, "["+b.Text+"]")
	}
	t.tells(who, strings.Replace(shown, strings.Join(buttons, "\n"), strings.Join(bracketed, " "), 1))
}

// tells shows what somebody wrote.
func (t *tour) tells(who, text string) {
	for i, line := range wrap(t.plain(text), width-6) {
		if i == 0 {
			t.print("  %s:", who)
		}
		t.print("    | %s", line)
	}
}

var (
	dates    = regexp.MustCompile(`<!date\^(\d+)\^[^|>]*\|([^>]*)>`)
	mentions = regexp.MustCompile(`<@([UW][A-Z0-9]+)>`)
	subteams = regexp.MustCompile(`<!subteam\^(S[A-Z0-9]+)>`)
)

// plain turns Slack's text into what it shows.
func (t *tour) plain(text string) string {
	text = dates.ReplaceAllStringFunc(text, func(m string) string {
		var unix int64
		if _, err := fmt.Sscanf(m, "<!date^%d^", &unix); err != nil {
			return m
		}
		return time.Unix(unix, 0).Format("15:04:05")
	})
	text = mentions.ReplaceAllStringFunc(text, func(m string) string {
		return "@" + name(mentions.FindStringSubmatch(m)[1])
	})
	text = subteams.ReplaceAllString(text, "@jit-approvers")
	return html.UnescapeString(text)
}

// name is who a Slack id is in the story.
func name(id string) string {
	names := map[string]string{
		slacksim.DemoEngineerID: "Ada", slacksim.DemoApproverID: "Grace",
		slacksim.DemoApprover2ID: "Linus", slacksim.DemoOutsiderID: "Mallory",
		slacksim.DemoGuestID: "Gus", "": "jitbot",
	}
	return cmp.Or(names[id], id)
}

func wrap(text string, columns int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range fields(paragraph, columns) {
			if line != "" && len(line)+1+len(word) > columns {
				lines = append(lines, line)
				line = ""
			}
			line = strings.TrimSpace(line + " " + word)
		}
		lines = append(lines, line)
	}
	return lines
}

// fields are the words, the longest ones cut to fit.
func fields(text string, columns int) []string {
	var words []string
	for word := range strings.FieldsSeq(text) {
		for len(word) > columns {
			words = append(words, word[:columns])
			word = word[columns:]
		}
		words = append(words, word)
	}
	return words
}

// rules shows the inbound rules of the guards in front of the VM, ours marked.
func (t *tour) rules() {
	for _, nsg := range []string{azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG} {
		t.print("  %s", nsg[strings.LastIndexByte(nsg, '/')+1:])
		list := t.azure.Rules(nsg)
		slices.SortFunc(list, func(a, b azuresim.Rule) int { return a.Priority - b.Priority })
		for _, r := range list {
			if r.Direction != "Inbound" {
				continue
			}
			mark := " "
			if _, ours := rules.ParseRuleName(r.Name); ours {
				mark = ">"
			}
			t.print("  %s %5d %-5s %-33s %-17s %s", mark, r.Priority, r.Access, cut(r.Name, 33),
				cut(either(r.SourceAddressPrefix, r.SourceAddressPrefixes), 17), cut(either(r.DestinationPortRange, r.DestinationPortRanges), 12))
		}
		t.print("    65500 Deny  DenyAllInBound (Azure's own)")
	}
}

func either(one string, many []string) string {
	return cmp.Or(one, strings.Join(many, ","))
}

func cut(s string, most int) string {
	if len(s) > most {
		return s[:most-1] + "~"
	}
	return s
}
