package view

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/text"
)

// endedAs are the ways in which grants end, in the order in which they are told of
// together; each takes those that are not of one before.
func endedAs() []struct {
	is        func(jit.Grant) bool
	one, many string // after the number
} {
	in := func(states ...jit.State) func(jit.Grant) bool {
		return func(g jit.Grant) bool { return slices.Contains(states, g.State) }
	}
	return []struct {
		is        func(jit.Grant) bool
		one, many string
	}{
		{
			func(g jit.Grant) bool { return g.State == jit.Closing && g.Stuck },
			"grant has ended, and its rule could not be removed yet", "grants have ended, and their rules could not be removed yet",
		},
		{in(jit.Closing), "grant has ended, and its rule is being removed", "grants have ended, and their rules are being removed"},
		{
			func(g jit.Grant) bool { return g.State == jit.Closed && !neverWritten(g) },
			"grant ended, and its rule was read back gone", "grants ended, and their rules were read back gone",
		},
		{in(jit.Closed), "grant ended before anything was written in Azure", "grants ended before anything was written in Azure"},
		{in(jit.Denied), "request was denied", "requests were denied"},
		{in(jit.Lapsed), "request lapsed", "requests lapsed"},
		{in(jit.Cancelled), "request was withdrawn", "requests were withdrawn"},
		{func(jit.Grant) bool { return true }, "grant changed", "grants changed"},
	}
}

// grouped are the sentences about grants that ended, with at most so many named,
// and a line for each.
func grouped(grants []jit.Grant, most int) (sentences, lines []string) {
	left := most
	taken := map[jit.ID]bool{}
	for _, as := range endedAs() {
		var names []string
		for _, g := range grants {
			if taken[g.ID] || !as.is(g) {
				continue
			}
			taken[g.ID] = true
			name := mentionUser(g.Request.By.ID) + " at " + targetNames(g) + " (" + Code(string(g.ID)) + ")"
			names = append(names, name)
			lines = append(lines, name+": "+stateText(g)+"."+afterSpace(howEnded(g)))
		}
		if len(names) == 0 {
			continue
		}
		sentences = append(sentences, text.Count(len(names), as.one, as.many)+": "+named(names, left)+".")
		left = max(0, left-len(names))
	}
	return sentences, lines
}

// howEnded says why live access ended; empty for what was never live.
func howEnded(g jit.Grant) string {
	if g.State != jit.Closing && g.State != jit.Closed {
		return ""
	}
	why := oneLine(whyEnded(g)) + afterSpace(stillOpen(g))
	if g.Decision.Reason != "" {
		why += " Why: " + Sentence(g.Decision.Reason)
	}
	return why
}

// Ended tells a channel of many grants that ended, whose cards may not say so yet.
func Ended(grants []jit.Grant) Many {
	sentences, lines := grouped(grants, maxNamed)
	m := Many{Head: Say("These ended. " + strings.Join(sentences, " "))}
	if len(grants) > maxNamed {
		m.Rest = parts(lines, "see `/jit list all` for what is still open")
	}
	return m
}

// HolderEnded tells one person of many of their grants that ended.
func HolderEnded(grants []jit.Grant) Many {
	sentences, lines := grouped(grants, maxNamed)
	text := fmt.Sprintf("%d of your grants and requests are over. %s %s For more time, ask again with /jit request.",
		len(grants), strings.Join(sentences, " "), connectionsStay)
	m := Many{Head: Say(text)}
	if len(grants) > maxNamed {
		m.Rest = parts(lines, "see `/jit list` for what is still open")
	}
	return m
}
