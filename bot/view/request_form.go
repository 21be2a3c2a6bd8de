package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// LoadingForm is seen until the form of this name is there.
func LoadingForm(callback string) slack.ModalViewRequest {
	return modal(callback, paragraph("Loading…"))
}

// TextForm says why there is no form of this name, beside a button that may help, or nil.
func TextForm(callback, text string, help *slack.ButtonBlockElement) slack.ModalViewRequest {
	return modal(callback, append([]slack.Block{paragraph(text)}, buttons(help)...)...)
}

// modal is the form of this name, which says by its title what it is for.
func modal(callback string, blocks ...slack.Block) slack.ModalViewRequest {
	title := map[string]string{FormRequest: "Request access", FormProtect: "Protect VMs", FormLess: "Approve with less"}[callback]
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: plain(title), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// RequestForm is the form with what is known. The offer is that of the VMs that
// are chosen, empty while there is none.
func RequestForm(d RequestDraft, o lookup.Offer) slack.ModalViewRequest {
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
	blocks = append(blocks, sourceInput(d, o))
	blocks = append(blocks, durationInputs(d, o)...)
	blocks = append(blocks, reasonInput(d))
	if said := preview(d, o); said != "" {
		blocks = append(blocks, paragraph(said))
	}
	v := modal(FormRequest, blocks...)
	v.Submit = plain("Request")
	return v
}

func vmInput(d RequestDraft) slack.Block {
	none := 0 // letters before the menu is asked for: it opens with a list
	m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plain("Search by name, group or tag"), InputVM)
	m.MinQueryLength, m.FocusOnLoad = &none, d.Focus == InputVM
	for _, c := range d.VMs {
		m.InitialOptions = append(m.InitialOptions, c.option())
	}
	b := slack.NewInputBlock(InputVM, plain("VMs"), nil, m)
	b.DispatchAction = true
	return b
}

// portsInput shows what is offered, and what was typed that lies within it.
func portsInput(d RequestDraft, o lookup.Offer) slack.Block {
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
		m.InitialOptions, m.FocusOnLoad = ticked, d.Focus == InputPorts
		menu = m
	} else {
		m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Choose ports"), InputPorts, options...)
		m.InitialOptions, m.FocusOnLoad = ticked, d.Focus == InputPorts
		menu = m
	}
	id := InputPorts
	if d.Again {
		id = BlockPortsAgain
	}
	b := slack.NewInputBlock(id, plain("Ports"), nil, menu)
	b.DispatchAction = true // the limits are those of what is ticked
	return b
}

func rangesInput(d RequestDraft, o lookup.Offer) slack.Block {
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
	b.Optional, b.DispatchAction = true, true
	return b
}

func sourceInput(d RequestDraft, o lookup.Offer) slack.Block {
	hint := "Your address as the VM sees it, such as 203.0.113.7, or a range such as 198.51.100.0/24."
	if len(o.Sources) > 0 {
		hint += " Or tick all ranges above."
	}
	box := textInput(InputSource, d.Source, 100)
	box.FocusOnLoad = d.Focus == InputSource
	b := slack.NewInputBlock(InputSource, plain("From address or range"), plain(hint), box)
	b.Optional, b.DispatchAction = len(o.Sources) > 0, true
	return b
}

func reasonInput(d RequestDraft) slack.Block {
	box := textInput(InputReason, d.Reason, maxReason).WithMultiline(true)
	box.FocusOnLoad = d.Focus == InputReason
	return slack.NewInputBlock(InputReason, plain("Reason"), plain("The approvers read it, and it is kept in the record."), box)
}

// textInput never begins with more than it takes.
func textInput(action, initial string, most int) *slack.PlainTextInputBlockElement {
	e := slack.NewPlainTextInputBlockElement(nil, action).WithMaxLength(most)
	if initial != "" {
		e = e.WithInitialValue(Clip(initial, most))
	}
	return e
}
