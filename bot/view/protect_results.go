package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit/access"
	"jitbot/jit/text"
)

// ProtectResults tells what became of each VM: what was refused first, with its
// reason.
func ProtectResults(v command.Verb, results []access.VMResult) Message {
	var refused, done []string
	inside := false
	for _, r := range results {
		name := vmName(r.VM.Group, r.VM.Name, false)
		if r.Err != nil {
			if text, known := Refusal(r.Err); known {
				refused = append(refused, name+" was not changed: "+text)
			} else {
				refused = append(refused, name+": "+DoubtText)
			}
			continue
		}
		done, inside = append(done, name), inside || r.Inside
	}
	lines, what := refused, "Being protected: "
	after := "The channel is told of each when its denies were read back in force: Azure says so then, and " + untilEverywhere
	if v == command.VerbUnprotect {
		what, after = "Being unprotected: ", "Only jitbot's denies are removed, and the channel is told of each when they were read back gone."
	}
	for names := range slices.Chunk(done, maxTargets) {
		lines = append(lines, what+strings.Join(names, ", ")+".")
	}
	switch {
	case len(done) > 0:
		lines = append(lines, after)
		if inside && v == command.VerbProtect {
			lines = append(lines, "The denies hold for every source: they also shut out Bastion, peered networks and load balancer probes. "+
				"With `deny_source: Internet` in the policy what comes from inside is left to other rules.")
		}
	case len(results) == 0:
		lines = append(lines, "That names no VM, so nothing was changed.")
	}
	return linesMessage(lines)
}

// linesMessage is a message of many lines, as many of them as Slack takes.
func linesMessage(lines []string) Message {
	var blocks []slack.Block
	size, all := 0, ""
	for i, line := range lines {
		line = shorten(line, maxSection)
		if size += len(line); size > maxListText || len(blocks) == maxBlocks-1 {
			more := text.Count(len(lines)-i, "more line is not shown.", "more lines are not shown; /jit vms shows what is protected.")
			return Message{Text: shorten(all+"\n"+more, maxText), Blocks: append(blocks, footnote(more))}
		}
		blocks, all = append(blocks, paragraph(line)), strings.TrimPrefix(all+"\n"+line, "\n")
	}
	return Message{Text: shorten(all, maxText), Blocks: blocks}
}
