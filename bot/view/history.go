package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// ActionHistoryNext shows the next page of what its value, a command.HistoryFilter, names.
const ActionHistoryNext = "history_next"

// HistoryLines is how many lines a page of the history has at most.
const HistoryLines = 20

const (
	historyBlock = 10 // lines that a block has room for
	historyText  = 80 // letters of what somebody wrote
)

// History is a page of the record, newest first, with the anchor of the whole.
func History(p lookup.HistoryPage, f command.HistoryFilter) Message {
	head := historyHead(p, f)
	blocks, texts := []slack.Block{paragraph(head)}, []string{head}
	for some := range slices.Chunk(p.Lines, historyBlock) {
		var said []string
		for _, e := range some {
			said = append(said, historyLine(e))
		}
		blocks, texts = append(blocks, paragraph(joinLines(said...))), append(texts, said...)
	}
	if p.Next > 0 {
		f.Before = p.Next
		blocks = append(blocks, buttons(historyButton(f))...)
	}
	var foot []string
	if p.Doubted {
		foot = append(foot, "Lines may be missing here: which VMs you may see could not all be read.")
	}
	if p.Sealed > 0 && p.Next == 0 {
		foot = append(foot, fmt.Sprintf(
			"Lines 1 to %d of the record have left the store and were not looked at; whoever runs jitbot can export them.", p.Sealed))
	}
	if p.Anchor.Seq > 0 {
		foot = append(foot, "Anchor of the whole record: "+Code(p.Anchor.String()))
	}
	if len(foot) > 0 {
		blocks, texts = append(blocks, footnote(foot...)), append(texts, foot...)
	}
	return Message{Text: shorten(strings.Join(texts, "\n"), maxText), Blocks: blocks}
}

// historyHead says what is shown; that nothing is there, only once all was looked through.
func historyHead(p lookup.HistoryPage, f command.HistoryFilter) string {
	switch of := historyOf(f); {
	case len(p.Lines) > 0:
		return "*" + text.Capital(of) + ", newest first*"
	case p.Next > 0:
		return "None of the lines that were looked through of " + of + " are for you to see; there are earlier ones."
	case p.Doubted:
		return "Nothing of " + of + " can be shown."
	case f.Before > 0:
		return "Nothing before that is recorded of " + of + " that you may see."
	default:
		return "Nothing is recorded of " + of + " that you may see."
	}
}

// historyOf names what is shown.
func historyOf(f command.HistoryFilter) string {
	of := "everything"
	switch {
	case f.VM != "":
		of = Code(f.VM)
	case f.Grant != "":
		of = Code(string(f.Grant))
	case f.User != "":
		of = mentionUser(f.User)
	}
	if f.Days == 0 {
		return of
	}
	if f.Days == 1 {
		return of + " in the last day"
	}
	return of + " in the last " + text.Count(f.Days, "day", "days")
}

func historyButton(f command.HistoryFilter) *slack.ButtonBlockElement {
	return button(ActionHistoryNext, jit.ID(packed(f)), "Earlier", "Show what was before")
}

// historyLine is a line of the record: when, who, what, of whom and of which VM.
func historyLine(e jit.Event) string {
	what, known := historyWords()[e.Kind]
	if !known {
		what = Code(string(e.Kind))
	}
	if e.Kind == jit.EventMoved && e.Actor.ID != "" {
		what = "moved" // else what follows is no move of anybody's
	}
	words := []string{instant(e.At, "{date_short_pretty} {time}") + ":", actor(e.Actor), what}
	if e.Grant != "" {
		words = append(words, Code(string(e.Grant)))
	}
	if e.Subject.ID != "" && e.Subject.ID != e.Actor.ID {
		words = append(words, "of "+mentionUser(e.Subject.ID))
	}
	if len(e.VMs) > 0 {
		words = append(words, "on "+historyVMs(e))
	}
	line := strings.Join(words, " ")
	if e.Text != "" {
		line += ": " + prose(Clip(text.Clean(e.Text), historyText))
	}
	return line
}

// historyVMs are the first of the VMs, with the ports.
func historyVMs(e jit.Event) string {
	out := Code(resource.Name(e.VMs[0]))
	if more := len(e.VMs) - 1; more > 0 {
		out += text.Plural(more, " and one more", " and "+text.Count(more, "more", "more"))
	}
	if len(e.Ports) > 0 {
		out += " (" + Clip(portWords(e.Ports), 60) + ")"
	}
	return out
}

// historyWords say what was done, between whoever did it and the grant.
func historyWords() map[jit.EventKind]string {
	return map[jit.EventKind]string{
		jit.EventAsked: "asked for", jit.EventRefused: "refused", jit.EventRejected: "tried without authority",
		jit.EventWaiting: "asked approvers for", jit.EventApproved: "approved",
		jit.EventClaimed: "is on", jit.EventUnclaimed: "is no longer on",
		jit.EventUnanswered: "asked again for an answer to", jit.EventEscalated: "escalated", jit.EventDenied: "denied",
		jit.EventLapsed: "let lapse", jit.EventCancelled: "withdrew",
		jit.EventHeld: "has kept waiting", jit.EventOpening: "began to open", jit.EventProgress: "went on with", jit.EventOpened: "opened",
		jit.EventFailed: "failed to open", jit.EventExtending: "extends", jit.EventExtended: "extended", jit.EventUnextended: "did not extend",
		jit.EventMoving: "moves", jit.EventUnmoved: "did not move",
		jit.EventReminded: "told that the end is near of", jit.EventUnchecked: "could not check the rights for",
		jit.EventClosing: "ended", jit.EventStuck: "is stuck closing", jit.EventClosed: "read back closed",
		jit.EventDrift:    "found a change by others to",
		jit.EventHindered: "found others' rules before", jit.EventOrphan: "removed a rule of nobody's",
		jit.EventProtecting: "begins to protect", jit.EventProtected: "protected", jit.EventUnprotecting: "begins to unprotect",
		jit.EventUnprotected: "unprotected", jit.EventExposed: "found open what should be shut", jit.EventMoved: "follows a change in Azure",
		jit.EventDigest: "told how all VMs stand", jit.EventCopied: "copied", jit.EventWrote: "wrote in Azure for",
		jit.EventAnchor: "told an anchor", jit.EventMissing: "misses somebody of the configuration",
	}
}
