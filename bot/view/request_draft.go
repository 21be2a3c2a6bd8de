package view

import (
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// RequestDraft is what is in the form that asks for access so far.
type RequestDraft struct {
	VMs      []VMChoice
	Ports    []string // values of options
	Ranges   bool     // from all ranges that the policy names
	Source   string
	Duration string // as it is written
	Usual    string // as it is chosen
	Reason   string

	Note  string // said above the inputs, in plain text
	Focus string // the input that the form begins at
	Again bool   // the ports' block takes its other name

	DurationAgain bool // the duration's block takes its other name
}

// Prefill ticks ports, and writes the source and the duration: what was typed,
// else what was asked for the last time, as far as it is on offer.
func (d *RequestDraft) Prefill(typed jit.Ask, last jit.Request, o lookup.Offer) {
	d.ports(typed, last, o)
	d.source(typed, last, o)
	if _, longest := d.Limits(o); d.Duration == "" && len(o.Ports) > 0 {
		d.Duration = text.Duration(min(time.Hour, longest))
	}
}

// Reoffer keeps the ticks that are on offer at the VM that was just chosen.
// shown says that the form had ports before: in a block that stays, Slack keeps
// the ticks there were, so that block takes its other name when they change.
func (d *RequestDraft) Reoffer(o lookup.Offer, shown bool) {
	before := d.Ports
	d.Ports = slices.DeleteFunc(slices.Clone(before), func(value string) bool {
		_, _, ok := FindPortOption(value, o)
		return !ok
	})
	if len(d.Ports) == 0 && len(o.Ports) == 1 {
		d.Ports = []string{portValue(o.Ports[0].Ports)}
	}
	if shown && !slices.Equal(before, d.Ports) {
		d.Again = !d.Again
	}
}

// ports ticks what was typed, else what was asked for the last time.
func (d *RequestDraft) ports(typed jit.Ask, last jit.Request, o lookup.Offer) {
	want := typed.Ports
	if len(want) == 0 {
		want = last.Ports
	}
	var missing []string
	for _, p := range want {
		if _, p, ok := FindPorts(p, o); ok {
			d.Ports = append(d.Ports, portValue(p))
		} else {
			missing = append(missing, p.String())
		}
	}
	if len(typed.Ports) > 0 && len(missing) > 0 && len(o.Ports) > 0 {
		d.say("Not on offer: port " + strings.Join(missing, ", ") + ".")
	}
	if len(d.Ports) == 0 && len(o.Ports) == 1 {
		d.Ports = []string{portValue(o.Ports[0].Ports)}
	}
}

// source is what was typed, else that of the last time where a port accepts it.
func (d *RequestDraft) source(typed jit.Ask, last jit.Request, o lookup.Offer) {
	switch {
	case len(typed.Sources) == 1:
		d.Source = Address(typed.Sources[0])
	case len(typed.Sources) > 1:
		if d.Ranges = slices.Equal(typed.Sources, o.Sources); !d.Ranges {
			d.say("Several addresses do not fit in the form; write one of them, or a range that holds them.")
		}
	case len(last.Sources) > 1 && slices.Equal(last.Sources, o.Sources):
		d.Ranges = true
	case len(last.Sources) == 1:
		accepts := func(pp jit.PortPolicy) bool { return pp.Accepts(last.Sources[0], o.Widest) }
		if len(o.Ports) == 0 || slices.ContainsFunc(o.Ports, accepts) {
			d.Source = Address(last.Sources[0])
		}
	}
}

func (d *RequestDraft) say(text string) { d.Note = strings.TrimSpace(d.Note + " " + text) }
