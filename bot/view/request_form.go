package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/text"
)

// LoadingForm is seen until the form of this name is there.
func LoadingForm(callback string) slack.ModalViewRequest {
	return modal(callback, paragraph("Loading…"))
}

// TextForm says why there is no form of this name.
func TextForm(callback, text string) slack.ModalViewRequest {
	return modal(callback, paragraph(text))
}

// modal is the form of this name, which says by its title what it is for.
func modal(callback string, blocks ...slack.Block) slack.ModalViewRequest {
	title := "Request access"
	if callback == FormProtect {
		title = "Protect VMs"
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: plain(title), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// RequestForm is the form with what is known. The offer is that of the VMs that
// are chosen, empty while there is none.
func RequestForm(d RequestDraft, o access.Offer) slack.ModalViewRequest {
	var blocks []slack.Block
	if text.Clean(d.Note) != "" {
		blocks = append(blocks, verbatim("", d.Note))
	}
	blocks = append(blocks, vmInput(d))
	if len(o.Ports) == 0 {
		blocks = append(blocks, footnote("Choose a VM, and the ports that its policy offers appear here."))
	} else {
		blocks = append(blocks, portsInput(d, o))
	}
	if len(o.Sources) > 0 {
		blocks = append(blocks, rangesInput(d, o))
	}
	blocks = append(blocks, sourceInput(d, o), durationInput(d, o), reasonInput(d))
	v := modal(FormRequest, blocks...)
	v.Submit = plain("Request")
	return v
}

func vmInput(d RequestDraft) slack.Block {
	none := 0 // letters before the menu is asked for: it opens with a list
	var menu slack.BlockElement
	label := "VM"
	if d.Many {
		label = "VMs"
		m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plain("Search by name, group or tag"), InputVM)
		m.MinQueryLength = &none
		for _, c := range d.VMs {
			m.InitialOptions = append(m.InitialOptions, c.option())
		}
		menu = m
	} else {
		m := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Search by name, group or tag"), InputVM)
		m.MinQueryLength = &none
		if len(d.VMs) > 0 {
			m.InitialOption = d.VMs[0].option()
		}
		menu = m
	}
	b := slack.NewInputBlock(InputVM, plain(label), nil, menu)
	b.DispatchAction = true
	return b
}

// portsInput shows what is offered, and what was typed that lies within it.
func portsInput(d RequestDraft, o access.Offer) slack.Block {
	var options, ticked []*slack.OptionBlockObject
	add := func(pp jit.PortPolicy, p jit.Ports) {
		value := portValue(p)
		option := slack.NewOptionBlockObject(value, plain(Clip(portName(p), MaxOptionText)), plain(Clip(portTerms(pp, o), MaxOptionText)))
		options = append(options, option)
		if slices.Contains(d.Ports, value) {
			ticked = append(ticked, option)
		}
	}
	for _, value := range d.Ports {
		if pp, p, ok := FindPortOption(value, o); ok && p != pp.Ports && len(options) < maxChecks/2 {
			add(pp, p)
		}
	}
	for _, pp := range o.Ports[:min(len(o.Ports), MaxOptions-len(options))] {
		add(pp, pp.Ports)
	}
	var menu slack.BlockElement
	if len(options) <= maxChecks {
		m := slack.NewCheckboxGroupsBlockElement(InputPorts, options...)
		m.InitialOptions = ticked
		menu = m
	} else {
		m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Choose ports"), InputPorts, options...)
		m.InitialOptions = ticked
		menu = m
	}
	id := InputPorts
	if d.Again {
		id = BlockPortsAgain
	}
	return slack.NewInputBlock(id, plain("Ports"), nil, menu)
}

func rangesInput(d RequestDraft, o access.Offer) slack.Block {
	ranges := make([]string, 0, len(o.Sources))
	for _, s := range o.Sources {
		ranges = append(ranges, Address(s))
	}
	names := plain(Clip(strings.Join(ranges, ", "), MaxOptionText))
	option := slack.NewOptionBlockObject(AllRanges, plain("All ranges that the policy names"), names)
	box := slack.NewCheckboxGroupsBlockElement(InputRanges, option)
	if d.Ranges {
		box.InitialOptions = []*slack.OptionBlockObject{option}
	}
	b := slack.NewInputBlock(InputRanges, plain("From the policy's ranges"), nil, box)
	b.Optional = true
	return b
}

func sourceInput(d RequestDraft, o access.Offer) slack.Block {
	hint := "Your address as the VM sees it, such as 203.0.113.7, or a range such as 198.51.100.0/24."
	if len(o.Sources) > 0 {
		hint += " Or tick all ranges above."
	}
	b := slack.NewInputBlock(InputSource, plain("From address or range"), plain(hint), textInput(InputSource, d.Source, 100))
	b.Optional = len(o.Sources) > 0
	return b
}

func durationInput(d RequestDraft, o access.Offer) slack.Block {
	hint := "Such as 45m, 2h or 1h30m."
	if len(o.Ports) > 0 {
		hint = fmt.Sprintf("Between %s and %s, such as 45m, 2h or 1h30m.", text.Duration(o.Shortest), text.Duration(o.Longest))
	}
	return slack.NewInputBlock(InputDuration, plain("How long"), plain(hint), textInput(InputDuration, d.Duration, 20))
}

func reasonInput(d RequestDraft) slack.Block {
	e := textInput(InputReason, d.Reason, maxReason).WithMultiline(true)
	e.FocusOnLoad = d.ReasonMissing
	return slack.NewInputBlock(InputReason, plain("Reason"), plain("The approvers read it, and it is kept in the record."), e)
}

// textInput never begins with more than it takes.
func textInput(action, initial string, most int) *slack.PlainTextInputBlockElement {
	e := slack.NewPlainTextInputBlockElement(nil, action).WithMaxLength(most)
	if initial != "" {
		e = e.WithInitialValue(Clip(initial, most))
	}
	return e
}
