package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// ProtectForm is the form that protects VMs. It carries the words that name
// them, which are read again when it comes back.
func ProtectForm(d ProtectDraft) slack.ModalViewRequest {
	names := d.VMs
	if len(names) == 0 {
		names = d.Words
	}
	blocks := []slack.Block{verbatim("", text.Count(len(names), "VM", "VMs")+": "+listed(names, maxField))}
	if d.Note != "" {
		blocks = append(blocks, verbatim("", d.Note))
	}
	blocks = append(blocks, managementInput(d), optional(InputCustom, "Other ports or ranges", "Such as 1433, 8000-8010 or 53/udp.", d.Custom),
		protocolInput(d), anyoneInput(d),
		optional(InputRange, "Allowed ranges", "Such as 198.51.100.0/24, 2001:db8::/48; with both, either will do.", d.Ranges),
		slack.NewInputBlock(InputDuration, plain("Longest access"), plain("Between 5m and 24h, such as 45m, 3h or 1h30m."),
			textInput(InputDuration, d.Longest, 20)))
	v := modal(FormProtect, blocks...)
	v.Submit = plain("Protect")
	v.PrivateMetadata, _ = PackVMs(ShownVMs{d.Words, d.Are}) // one that is too long was refused before
	return v
}

// listed is as many names as fit, and how many more there are.
func listed(names []string, size int) string {
	const more = len(", and 1000 more")
	out := ""
	for n, name := range names {
		next := out + clipMiddle(name, MaxName)
		if n > 0 {
			next = out + ", " + clipMiddle(name, MaxName)
		}
		if len([]rune(next)) > size-more {
			return fmt.Sprintf("%s, and %d more", out, len(names)-n)
		}
		out = next
	}
	return out
}

func managementInput(d ProtectDraft) slack.Block {
	var options, ticked []*slack.OptionBlockObject
	for _, p := range ManagementPorts() {
		what := map[uint16]string{22: "SSH", 3389: "RDP", 5985: "WinRM over HTTP", 5986: "WinRM over HTTPS"}[p]
		o := slack.NewOptionBlockObject(fmt.Sprint(p), plain(fmt.Sprintf("%d (%s)", p, what)), nil)
		options = append(options, o)
		if slices.Contains(d.Ports, p) {
			ticked = append(ticked, o)
		}
	}
	box := slack.NewCheckboxGroupsBlockElement(InputPorts, options...)
	box.InitialOptions = ticked
	b := slack.NewInputBlock(InputPorts, plain("Ports that are kept shut"),
		plain("Also to Bastion, peered networks and load balancer probes, unless the policy has deny_source: Internet."), box)
	b.Optional = true
	return b
}

func protocolInput(d ProtectDraft) slack.Block {
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, InputProtocol)
	for _, p := range Protocols() {
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
	return slack.NewInputBlock(InputProtocol, plain("Protocol"),
		plain("Of the access that may be asked for; a protected port is shut for every protocol."), menu)
}

func anyoneInput(d ProtectDraft) slack.Block {
	option := slack.NewOptionBlockObject(PerRequest, plain("Any single address, named in each request"), nil)
	box := slack.NewCheckboxGroupsBlockElement(InputAnyone, option)
	if d.Anyone {
		box.InitialOptions = []*slack.OptionBlockObject{option}
	}
	b := slack.NewInputBlock(InputAnyone, plain("From where it may be asked for"), nil, box)
	b.Optional = true
	return b
}

func optional(name, label, hint, initial string) slack.Block {
	b := slack.NewInputBlock(name, plain(label), plain(hint), textInput(name, initial, MaxInput))
	b.Optional = true
	return b
}
