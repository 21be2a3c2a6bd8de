package view

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/bot/command"
	"jitbot/jit/lookup"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// preview says what will be opened for whom, as far as the form is filled in;
// empty while no VM is chosen.
func preview(d RequestDraft, o lookup.Offer) string {
	if len(d.VMs) == 0 || len(o.Ports) == 0 {
		return ""
	}
	return "*This asks for* " + previewPorts(d, o) + " of " + previewVMs(d) + " to be opened to " + previewSource(d, o) +
		" " + previewDuration(d) + ", for you."
}

func previewVMs(d RequestDraft) string {
	names := make([]string, 0, len(d.VMs))
	for _, c := range d.VMs {
		names = append(names, Code(c.Text))
	}
	return atMost(names, maxTargets)
}

func previewPorts(d RequestDraft, o lookup.Offer) string {
	var names []string
	for _, value := range d.Ports {
		if _, p, ok := FindPortOption(value, o); ok {
			names = append(names, portName(p))
		}
	}
	if len(names) == 0 {
		return "the ports that you tick"
	}
	return "port " + Clip(strings.Join(names, ", "), 300)
}

func previewSource(d RequestDraft, o lookup.Offer) string {
	word := text.Clean(d.Source)
	if word == "" && d.Ranges && len(o.Sources) > 0 {
		names := make([]string, 0, len(o.Sources))
		for _, s := range o.Sources {
			names = append(names, sourceName(s))
		}
		return atMost(names, maxTargets)
	}
	if source, err := parse.Source(Clip(word, MaxOptionText)); err == nil {
		return sourceName(source)
	}
	return "the address that you write"
}

func previewDuration(d RequestDraft) string {
	if asked, err := parse.Duration(d.Asked()); err == nil {
		return "for " + span(asked)
	}
	return "for as long as you write"
}

// Asked is the duration that counts: what is written, else what is chosen.
func (d RequestDraft) Asked() string {
	if word := text.Clean(d.Duration); word != "" {
		return Clip(word, MaxOptionText)
	}
	return Clip(text.Clean(d.Usual), MaxOptionText)
}

// FocusOnMissing puts the focus on the first input that is still empty.
func (d *RequestDraft) FocusOnMissing(o lookup.Offer) {
	all := []struct {
		input string
		empty bool
	}{
		{InputVM, len(d.VMs) == 0},
		{InputPorts, len(o.Ports) > 0 && !slices.ContainsFunc(d.Ports, func(v string) bool { _, _, ok := FindPortOption(v, o); return ok })},
		{InputSource, text.Clean(d.Source) == "" && !d.Ranges},
		{InputDuration, d.Asked() == ""},
		{InputReason, text.Clean(d.Reason) == ""},
	}
	for _, one := range all {
		if one.empty {
			d.Focus = one.input
			return
		}
	}
}

// FocusOn puts the focus on what was wrong with what was typed.
func (d *RequestDraft) FocusOn(wrong command.Part, o lookup.Offer) {
	at := map[command.Part]string{
		command.PartVMs: InputVM, command.PartPorts: InputPorts, command.PartSource: InputSource,
		command.PartDuration: InputDuration, command.PartReason: InputReason,
	}[wrong]
	if at != "" && (at != InputPorts || len(o.Ports) > 0) {
		d.Focus = at
	}
}

// atMost is as many of the names as are to be read, and how many more there are.
func atMost(names []string, most int) string {
	if more := len(names) - most; more > 0 {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
