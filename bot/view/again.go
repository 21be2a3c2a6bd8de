package view

import (
	"encoding/json"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// ActionAgain opens the form filled in with what its value holds, of PackAsk.
const ActionAgain = "ask_again"

const maxButtonValue = 2000 // characters

// packedAsk is what a button carries of a request.
type packedAsk struct {
	VMs      []string `json:"v,omitempty"`
	Ports    []string `json:"p,omitempty"`
	Sources  []string `json:"s,omitempty"`
	Duration string   `json:"d,omitempty"`
	Reason   string   `json:"r,omitempty"`
}

// PackAsk is what was asked for, as a button carries it. What is too long for that
// loses its reason first.
func PackAsk(a jit.Ask) string {
	p := packedAsk{VMs: a.VMs, Reason: a.Reason}
	for _, port := range a.Ports {
		p.Ports = append(p.Ports, portValue(port))
	}
	for _, s := range a.Sources {
		p.Sources = append(p.Sources, s.String())
	}
	if a.Duration > 0 {
		p.Duration = text.Duration(a.Duration)
	}
	for _, less := range []func(){func() {}, func() { p.Reason = "" }, func() { p.VMs = nil }} {
		less()
		if raw, err := json.Marshal(p); err == nil && len([]rune(string(raw))) <= maxButtonValue {
			return string(raw)
		}
	}
	return "{}"
}

// unpackVMs are those of the words that may name VMs.
func unpackVMs(words []string) (out []string) {
	for _, word := range words[:min(len(words), maxWords)] {
		if word != "" && word == text.Clean(word) && command.CheckVM(word) == nil {
			out = append(out, word)
		}
	}
	return out
}

// unpackPorts are those of the values that are ports, of so many at most.
func unpackPorts(values []string, most int) (out []jit.Ports) {
	for _, value := range values[:min(len(values), most)] {
		if port, ok := portOfValue(value); ok {
			out = append(out, port)
		}
	}
	return out
}

// UnpackAsk reads back what PackAsk made, which may have been altered: what cannot be
// read is left out, and the rest is checked like what is typed.
func UnpackAsk(value string) jit.Ask {
	var p packedAsk
	var a jit.Ask
	if len(value) > MaxInput*4 || json.Unmarshal([]byte(value), &p) != nil {
		return a
	}
	a.VMs, a.Ports = unpackVMs(p.VMs), unpackPorts(p.Ports, MaxOptions)
	for _, word := range p.Sources[:min(len(p.Sources), MaxOptions)] {
		if source, err := parse.Source(Clip(word, MaxOptionText)); err == nil {
			a.Sources = append(a.Sources, source)
		}
	}
	if d, err := parse.Duration(Clip(p.Duration, MaxOptionText)); err == nil {
		a.Duration = d
	}
	if reason, err := parse.Reason(p.Reason); err == nil {
		a.Reason = reason
	}
	return a
}

// AskOf is what a grant was asked for, to ask for it again.
func AskOf(g jit.Grant) jit.Ask {
	a := jit.Ask{Ports: g.Request.Ports, Sources: g.Request.Sources, Duration: g.Request.Duration, Reason: g.Request.Reason}
	for _, t := range g.Request.Targets {
		name := t.Name
		if t.Group != "" {
			name = t.Group + "/" + t.Name
		}
		a.VMs = append(a.VMs, name)
	}
	return a
}

// AgainButton opens the form filled in with what was asked for.
func AgainButton(words string, a jit.Ask) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(ActionAgain, PackAsk(a), plain(words))
	b.AccessibilityLabel = Clip(words+": open the form filled in with what was asked for", 75)
	return b
}

// WithAgain is an answer to what did not come to be asked for, with a button that keeps
// what was typed: to try again what passes, and to change what does not.
func WithAgain(m Message, passing bool, a jit.Ask) Message {
	words := "Change"
	if passing {
		words = "Try again"
	}
	m.Blocks = append(m.Blocks, buttons(AgainButton(words, a))...)
	return m
}

// WithWithdraw is an answer about requests with a button for each that waits.
func WithWithdraw(m Message, all ...jit.Grant) Message {
	for _, g := range all {
		if g.State == jit.Pending && len(m.Blocks) < maxBlocks {
			m.Blocks = append(m.Blocks, buttons(cancelButton(g))...)
		}
	}
	return m
}
