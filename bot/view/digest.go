package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit/reach"
	"jitbot/jit/text"
)

// Digest is what the channel reads of how all VMs stand.
func Digest(d reach.Digest) Message {
	lines := []string{digestHead(d)}
	for _, x := range d.Exposures {
		lines = append(lines, "• "+nameByID(x.VM, x.Production)+": *Unhealthy*. "+prose(Clip(x.Why, 300)))
	}
	if more := d.Unhealthy - len(d.Exposures); more > 0 {
		lines = append(lines, "… and "+text.Count(more, "more Unhealthy VM", "more Unhealthy VMs")+"; see `/jit scan unhealthy`.")
	}
	if len(d.Remarks) > 0 {
		lines = append(lines, "*Open all the same:*")
	}
	for _, r := range d.Remarks {
		lines = append(lines, "• "+vmNames(r.VMs)+": "+prose(Clip(noYet(r.Text), 300)))
	}
	if d.More > 0 {
		lines = append(lines, "… and "+text.Count(d.More, "more remark", "more remarks")+"; see `/jit scan`.")
	}
	for _, gap := range d.Gaps {
		lines = append(lines, "• "+prose(Clip(gap, 300)))
	}
	lines = append(lines, "See `/jit scan` for every VM, and `/jit protect` to have ports kept shut.")
	return Message{Text: shorten(strings.Join(lines, "\n"), maxText), Blocks: digestBlocks(lines)}
}

// noYet is a remark where nothing stands before it that it qualifies.
func noYet(remark string) string { return text.Capital(strings.TrimPrefix(remark, "Yet ")) }

// digestBlocks puts as many lines into a paragraph as it holds.
func digestBlocks(lines []string) []slack.Block {
	var blocks []slack.Block
	text := ""
	for _, line := range lines {
		if text != "" && len(text)+len(line) >= maxSection {
			blocks, text = append(blocks, paragraph(text)), ""
		}
		text += line + "\n"
	}
	return append(blocks, paragraph(strings.TrimSuffix(text, "\n")))
}

// digestHead counts, and says what changed.
func digestHead(d reach.Digest) string {
	all := d.Unhealthy + d.NotApplicable + d.Healthy
	head := fmt.Sprintf("*How the VMs stand* at %s: %s, %d Unhealthy, %d Not applicable",
		WhenDay(d.At), text.Count(all, "VM", "VMs"), d.Unhealthy, d.NotApplicable)
	if d.Untold > 0 {
		head += fmt.Sprintf(" (%d cannot be told)", d.Untold)
	}
	head += fmt.Sprintf(", %d Healthy.", d.Healthy)
	if d.Since.IsZero() {
		return head
	}
	head += "\nSince " + WhenDay(d.Since) + ": "
	switch {
	case len(d.Opened) == 0 && len(d.Mended) == 0 && d.Unhealthy == 0:
		return head + "none is or became Unhealthy."
	case len(d.Opened) == 0 && len(d.Mended) == 0:
		return head + "the same VMs are Unhealthy."
	case len(d.Mended) == 0:
		return head + "became Unhealthy: " + vmNames(d.Opened) + "."
	case len(d.Opened) == 0:
		return head + "no longer Unhealthy: " + vmNames(d.Mended) + "."
	default:
		return head + "became Unhealthy: " + vmNames(d.Opened) + "; no longer: " + vmNames(d.Mended) + "."
	}
}
