package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// The buttons of the form that protects VMs.
const (
	ActionAddPort    = "add_port"
	ActionRemovePort = "remove_port" // the value is the row's id
)

// AnyAddress is the word in a row for any single address, named in each request.
const AnyAddress = "any"

// ProtectForm is the form that protects VMs, with a row for each port. It carries the
// words that name them, which are read again when it comes back.
func ProtectForm(d ProtectDraft) slack.ModalViewRequest {
	names := d.VMs
	if len(names) == 0 {
		names = d.Words
	}
	blocks := []slack.Block{verbatim("", "Shut, unless somebody is granted access, will be the ports below of "+
		text.Count(len(names), "VM", "VMs")+": "+listed(names, maxField))}
	if d.Note != "" {
		blocks = append(blocks, verbatim("", d.Note))
	}
	if said := effectTexts(d.Effects); len(said) > 0 {
		blocks = append(blocks, paragraph(strings.Join(said, "\n")))
	}
	for n, r := range d.Rows[:min(len(d.Rows), MaxRows)] {
		blocks = append(blocks, rowInputs(r, n, len(d.Rows) > 1)...)
	}
	if len(d.Rows) < MaxRows {
		add := slack.NewButtonBlockElement(ActionAddPort, "add", plain("Add a port"))
		add.AccessibilityLabel = "Add a port to protect"
		blocks = append(blocks, buttons(add)...)
	}
	v := modal(FormProtect, blocks...)
	v.Submit = plain("Protect")
	v.PrivateMetadata, _ = PackVMs(ShownVMs{d.Words, d.Are}) // one that is too long was refused before
	return v
}

// RowInput is the input of a row of the form, by what it is for.
func RowInput(name string, id int) string { return fmt.Sprintf("%s-%d", name, id) }

// rowInputs are the inputs of one port; n counts the rows from 0.
func rowInputs(r ProtectRow, n int, removable bool) []slack.Block {
	title := slack.NewSectionBlock(mrkdwn(fmt.Sprintf("*Port %d*", n+1), maxSection), nil, nil)
	title.BlockID = RowInput("row", r.ID)
	if removable {
		remove := slack.NewButtonBlockElement(ActionRemovePort, fmt.Sprint(r.ID), plain("Remove"))
		remove.AccessibilityLabel = fmt.Sprintf("Remove port %d", n+1)
		title.Accessory = slack.NewAccessory(remove)
	}
	hint := func(s string) *slack.TextBlockObject { // once is enough
		if n > 0 {
			return nil
		}
		return plain(s)
	}
	box := func(name, label, said, initial string, most int) slack.Block {
		id := RowInput(name, r.ID)
		return slack.NewInputBlock(id, plain(label), hint(said), textInput(id, initial, most))
	}
	return []slack.Block{
		title,
		box(RowPort, "Port or range", "Such as 22 or 8000-8010; it is shut for every protocol.", r.Port, 20),
		rowProtocol(r),
		box(RowFrom, "May be asked for from", "any (one address, named in each request), or ranges such as 198.51.100.0/24; several with commas.",
			r.From, MaxInput),
		box(RowLongest, "For at most", "Such as 45m, 3h or 1h30m; 24h at most.", r.Longest, 20),
	}
}

func rowProtocol(r ProtectRow) slack.Block {
	id := RowInput(RowProtocol, r.ID)
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, id)
	for _, p := range Protocols() {
		name := "Any"
		if p != jit.AnyProtocol {
			name = strings.ToUpper(string(p))
		}
		o := slack.NewOptionBlockObject(string(p), plain(name), nil)
		menu.Options = append(menu.Options, o)
		if p == r.Protocol {
			menu.InitialOption = o
		}
	}
	return slack.NewInputBlock(id, plain("Protocol that may be asked for"), nil, menu)
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
