package bot

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// The form that asks for access. Its blocks and actions are called alike.
const (
	formRequest   = "request"
	inputVM       = "vm"
	inputPorts    = "ports"
	inputRanges   = "ranges"
	inputSource   = "source"
	inputDuration = "duration"

	// blockPortsAgain takes the place of the ports' block when what is ticked
	// must change: in a block that stays, Slack keeps the ticks there were.
	blockPortsAgain = "ports_again"

	allRanges = "all" // the one option of inputRanges
)

// Slack's limits. https://docs.slack.dev/reference/block-kit
const (
	maxOptions    = 100
	maxChecks     = 10
	maxOptionText = 75
	maxInput      = 3000
)

// Draft is what is in the form so far.
type Draft struct {
	VMs      []Choice
	Many     bool     // several VMs may be chosen
	Ports    []string // values of options
	Ranges   bool     // from all ranges that the policy names
	Source   string
	Duration string
	Reason   string

	Note  string // said above the inputs, in plain text
	Again bool   // the ports' block takes its other name
}

// Choice is a VM as the form's menu names it.
type Choice struct{ Key, Text string }

func (c Choice) option() *slack.OptionBlockObject {
	text := clip(jit.CleanText(c.Text), maxOptionText)
	if text == "" {
		text = "?"
	}
	return slack.NewOptionBlockObject(c.Key, plain(text), nil)
}

// vmText names a VM in a menu.
func vmText(vm jit.VM) string {
	text := vm.Name + " in " + vm.Group
	if vm.Production() {
		text += " (production)"
	}
	return text
}

// LoadingForm is seen until the form is there.
func LoadingForm(callback string) slack.ModalViewRequest {
	return modal(callback, paragraph("Loading…"))
}

// SentenceForm says why there is no form.
func SentenceForm(callback, text string) slack.ModalViewRequest {
	return modal(callback, paragraph(text))
}

// modal is the form of this name, which says by its title what it is for.
func modal(callback string, blocks ...slack.Block) slack.ModalViewRequest {
	title := "Request access"
	if callback == formProtect {
		title = "Protect VMs"
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: plain(title), Close: plain("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// RequestForm is the form with what is known. The offer is that of the VMs that
// are chosen, empty while there is none.
func RequestForm(d Draft, o jit.Offer) slack.ModalViewRequest {
	var blocks []slack.Block
	if jit.CleanText(d.Note) != "" {
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
	v := modal(formRequest, blocks...)
	v.Submit = plain("Request")
	return v
}

func vmInput(d Draft) slack.Block {
	none := 0 // letters before the menu is asked for: it opens with a list
	var menu slack.BlockElement
	label := "VM"
	if d.Many {
		label = "VMs"
		m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plain("Search by name, group or tag"), inputVM)
		m.MinQueryLength = &none
		for _, c := range d.VMs {
			m.InitialOptions = append(m.InitialOptions, c.option())
		}
		menu = m
	} else {
		m := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Search by name, group or tag"), inputVM)
		m.MinQueryLength = &none
		if len(d.VMs) > 0 {
			m.InitialOption = d.VMs[0].option()
		}
		menu = m
	}
	b := slack.NewInputBlock(inputVM, plain(label), nil, menu)
	b.DispatchAction = true
	return b
}

// portsInput shows what is offered, and what was typed that lies within it.
func portsInput(d Draft, o jit.Offer) slack.Block {
	var options, ticked []*slack.OptionBlockObject
	add := func(pp jit.PortPolicy, p jit.Ports) {
		value := portValue(p)
		option := slack.NewOptionBlockObject(value, plain(clip(portName(p), maxOptionText)), plain(clip(terms(pp, o), maxOptionText)))
		options = append(options, option)
		if slices.Contains(d.Ports, value) {
			ticked = append(ticked, option)
		}
	}
	for _, value := range d.Ports {
		if pp, p, ok := findPort(value, o); ok && p != pp.Ports && len(options) < maxChecks/2 {
			add(pp, p)
		}
	}
	for _, pp := range o.Ports[:min(len(o.Ports), maxOptions-len(options))] {
		add(pp, pp.Ports)
	}
	var menu slack.BlockElement
	if len(options) <= maxChecks {
		m := slack.NewCheckboxGroupsBlockElement(inputPorts, options...)
		m.InitialOptions = ticked
		menu = m
	} else {
		m := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plain("Choose ports"), inputPorts, options...)
		m.InitialOptions = ticked
		menu = m
	}
	id := inputPorts
	if d.Again {
		id = blockPortsAgain
	}
	return slack.NewInputBlock(id, plain("Ports"), nil, menu)
}

// terms are the limits of one port.
func terms(pp jit.PortPolicy, o jit.Offer) string {
	from := "from the ranges that the policy names"
	if pp.Any {
		from = "from any address"
		if o.Widest.V4 > 0 && o.Widest.V4 < 32 || o.Widest.V6 > 0 && o.Widest.V6 < 128 {
			from = "from any address or small range"
		}
	}
	return fmt.Sprintf("%s to %s, %s", jit.ShortDuration(pp.Shortest), jit.ShortDuration(pp.Longest), from)
}

func rangesInput(d Draft, o jit.Offer) slack.Block {
	words := make([]string, 0, len(o.Sources))
	for _, s := range o.Sources {
		words = append(words, addressText(s))
	}
	option := slack.NewOptionBlockObject(allRanges, plain("All ranges that the policy names"), plain(clip(strings.Join(words, ", "), maxOptionText)))
	box := slack.NewCheckboxGroupsBlockElement(inputRanges, option)
	if d.Ranges {
		box.InitialOptions = []*slack.OptionBlockObject{option}
	}
	b := slack.NewInputBlock(inputRanges, plain("From the policy's ranges"), nil, box)
	b.Optional = true
	return b
}

func sourceInput(d Draft, o jit.Offer) slack.Block {
	hint := "Your address as the VM sees it, such as 203.0.113.7, or a range such as 198.51.100.0/24."
	if len(o.Sources) > 0 {
		hint += " Or tick all ranges above."
	}
	b := slack.NewInputBlock(inputSource, plain("From address or range"), plain(hint), textInput(inputSource, d.Source, 100))
	b.Optional = len(o.Sources) > 0
	return b
}

func durationInput(d Draft, o jit.Offer) slack.Block {
	hint := "Such as 45m, 2h or 1h30m."
	if len(o.Ports) > 0 {
		hint = fmt.Sprintf("Between %s and %s, such as 45m, 2h or 1h30m.", jit.ShortDuration(o.Shortest), jit.ShortDuration(o.Longest))
	}
	return slack.NewInputBlock(inputDuration, plain("How long"), plain(hint), textInput(inputDuration, d.Duration, 20))
}

func reasonInput(d Draft) slack.Block {
	return slack.NewInputBlock(inputReason, plain("Reason"), plain("The approvers read it, and it is kept in the record."),
		textInput(inputReason, d.Reason, maxWhy).WithMultiline(true))
}

// textInput never begins with more than it takes.
func textInput(action, initial string, most int) *slack.PlainTextInputBlockElement {
	e := slack.NewPlainTextInputBlockElement(nil, action).WithMaxLength(most)
	if initial != "" {
		e = e.WithInitialValue(clip(initial, most))
	}
	return e
}

// portValue is a port's option: 22/tcp, 8000-8010/*.
func portValue(p jit.Ports) string { return p.Span() + "/" + string(p.Protocol) }

// findPort reads the value of an option, which nobody needs to have offered: it
// is good when it lies in what the policies offer.
func findPort(value string, o jit.Offer) (jit.PortPolicy, jit.Ports, bool) {
	if len(value) > maxOptionText {
		return jit.PortPolicy{}, jit.Ports{}, false
	}
	span, protocol, _ := strings.Cut(value, "/")
	parsed, err := jit.ParsePorts(span)
	if err != nil || len(parsed) != 1 {
		return jit.PortPolicy{}, jit.Ports{}, false
	}
	return offered(jit.Ports{From: parsed[0].From, To: parsed[0].To, Protocol: jit.Protocol(protocol)}, o)
}

// offered finds the offer that the ports lie in; without a protocol they take
// the offer's.
func offered(want jit.Ports, o jit.Offer) (jit.PortPolicy, jit.Ports, bool) {
	return jit.Policy{Ports: o.Ports}.Find(want)
}

// addressText writes a single address without its width.
func addressText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
