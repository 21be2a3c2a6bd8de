package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// The form that protects VMs. Some of its inputs are called as in the form that
// asks for access.
const (
	formProtect   = "protect"
	inputCustom   = "custom"
	inputProtocol = "protocol"
	inputAnyone   = "per_request"
	inputRange    = "allowed"

	perRequest = "single" // the one option of inputAnyone
)

// management are the ports that Defender for Cloud begins with.
// https://learn.microsoft.com/azure/defender-for-cloud/enable-just-in-time-access
func management() []uint16 { return []uint16{22, 3389, 5985, 5986} }

// ProtectDraft is what is in the form that protects VMs.
type ProtectDraft struct {
	Words    []string // that name the VMs
	VMs      []string // what they are, as people call them
	Ports    []uint16 // of the management ports
	Custom   string
	Protocol jit.Protocol
	Anyone   bool // any single address, per request
	Ranges   string
	Longest  string
	Note     string // said above the inputs, in plain text
}

// begin takes over what is on offer; typed ports win.
func (d *ProtectDraft) begin(o jit.Offer, typed []jit.Ports) {
	d.Protocol, d.Anyone, d.Longest = jit.AnyProtocol, true, jit.ShortDuration(jit.DefaultLongest)
	var ports []jit.Ports
	if len(o.Ports) > 0 {
		longest := jit.MaxDuration
		for _, pp := range o.Ports {
			ports = append(ports, pp.Ports)
			longest = min(longest, pp.Longest)
		}
		var ranges []string
		for _, s := range o.Sources {
			ranges = append(ranges, addressText(s))
		}
		d.Anyone, d.Ranges, d.Longest = o.Any, strings.Join(ranges, ", "), jit.ShortDuration(longest)
	}
	if len(typed) > 0 {
		ports = nil
	}
	for _, p := range typed {
		if _, q, ok := offered(p, o); ok {
			p = q // with the offer's protocol
		}
		ports = append(ports, p)
	}
	if len(ports) == 0 {
		d.Ports = management()
		return
	}
	d.Protocol = ports[0].Protocol
	if d.Protocol == "" {
		d.Protocol = jit.TCP
	}
	if slices.ContainsFunc(ports, func(p jit.Ports) bool { return p.Protocol == jit.AnyProtocol }) {
		d.Protocol = jit.AnyProtocol // which no port can say by itself
	}
	d.spread(ports)
}

// spread ticks the management ports and writes the others.
func (d *ProtectDraft) spread(ports []jit.Ports) {
	var custom []string
	for _, p := range ports {
		same := p.Protocol == "" || p.Protocol == d.Protocol
		switch {
		case same && p.From == p.To && slices.Contains(management(), p.From):
			d.Ports = append(d.Ports, p.From)
		case same:
			custom = append(custom, p.Span())
		default:
			custom = append(custom, p.Span()+"/"+string(p.Protocol))
		}
	}
	d.Custom = strings.Join(custom, ", ")
}

// ProtectForm is the form that protects VMs. It carries the words that name
// them, which are read again when it comes back.
func ProtectForm(d ProtectDraft) slack.ModalViewRequest {
	names := d.VMs
	if len(names) == 0 {
		names = d.Words
	}
	blocks := []slack.Block{verbatim("", plural(len(names), "VM", "VMs")+": "+clip(strings.Join(names, ", "), maxField))}
	if d.Note != "" {
		blocks = append(blocks, verbatim("", d.Note))
	}
	blocks = append(blocks, managementInput(d), optional(inputCustom, "Other ports or ranges", "Such as 1433, 8000-8010 or 53/udp.", d.Custom),
		protocolInput(d), anyoneInput(d),
		optional(inputRange, "Allowed ranges", "Such as 198.51.100.0/24, 2001:db8::/48; with both, either will do.", d.Ranges),
		slack.NewInputBlock(inputDuration, plain("Longest access"), plain("Between 5m and 24h, such as 45m, 3h or 1h30m."), textInput(inputDuration, d.Longest, 20)))
	v := modal(formProtect, blocks...)
	v.Submit = plain("Protect")
	v.PrivateMetadata, _ = packed(d.Words) // one that is too long was refused before
	return v
}

func managementInput(d ProtectDraft) slack.Block {
	var options, ticked []*slack.OptionBlockObject
	for _, p := range management() {
		what := map[uint16]string{22: "SSH", 3389: "RDP", 5985: "WinRM over HTTP", 5986: "WinRM over HTTPS"}[p]
		o := slack.NewOptionBlockObject(fmt.Sprint(p), plain(fmt.Sprintf("%d (%s)", p, what)), nil)
		options = append(options, o)
		if slices.Contains(d.Ports, p) {
			ticked = append(ticked, o)
		}
	}
	box := slack.NewCheckboxGroupsBlockElement(inputPorts, options...)
	box.InitialOptions = ticked
	b := slack.NewInputBlock(inputPorts, plain("Ports that are kept shut"), nil, box)
	b.Optional = true
	return b
}

// protocols are what a port may be protected for, in the menu's order.
func protocols() []jit.Protocol { return []jit.Protocol{jit.AnyProtocol, jit.TCP, jit.UDP} }

func protocolInput(d ProtectDraft) slack.Block {
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, inputProtocol)
	for _, p := range protocols() {
		name := "Any"
		if p != jit.AnyProtocol {
			name = strings.ToUpper(string(p))
		}
		o := slack.NewOptionBlockObject(string(p), plain(name), nil)
		menu.Options = append(menu.Options, o)
		if p == d.Protocol {
			menu.InitialOption = o
		}
	}
	return slack.NewInputBlock(inputProtocol, plain("Protocol"), plain("Of the access that may be asked for; a protected port is shut for every protocol."), menu)
}

func anyoneInput(d ProtectDraft) slack.Block {
	option := slack.NewOptionBlockObject(perRequest, plain("Any single address, named in each request"), nil)
	box := slack.NewCheckboxGroupsBlockElement(inputAnyone, option)
	if d.Anyone {
		box.InitialOptions = []*slack.OptionBlockObject{option}
	}
	b := slack.NewInputBlock(inputAnyone, plain("From where it may be asked for"), nil, box)
	b.Optional = true
	return b
}

func optional(name, label, hint, initial string) slack.Block {
	b := slack.NewInputBlock(name, plain(label), plain(hint), textInput(name, initial, maxInput))
	b.Optional = true
	return b
}
