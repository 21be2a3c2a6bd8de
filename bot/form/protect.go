package form

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// ReadProtection reads the form that protects VMs: which it was shown for and
// what may be asked for of each port. None of it is to be believed.
func ReadProtection(i Interaction) (view.ShownVMs, []jit.PortPolicy, Errors) {
	errs := Errors{}
	shown, err := view.UnpackVMs(i.View.Metadata)
	if err != nil {
		errs.Refuse(view.InputPorts, err)
	}
	protocol := i.protocol(errs)
	ports := i.protectedPorts(protocol, errs)
	limits := jit.PortPolicy{Shortest: jit.DefaultShortest}
	limits.Any, limits.Sources = i.sources(errs)
	limits.Longest = i.longest(errs)
	out := make([]jit.PortPolicy, 0, len(ports))
	for _, p := range ports {
		pp := limits
		pp.Ports = p
		out = append(out, pp)
	}
	return shown, out, errs
}

func (i Interaction) protocol(errs Errors) jit.Protocol {
	if o := i.input(view.InputProtocol, view.InputProtocol).Option; o != nil && slices.Contains(view.Protocols(), jit.Protocol(o.Value)) {
		return jit.Protocol(o.Value)
	}
	errs.add(view.InputProtocol, "Choose Any, TCP or UDP.")
	return jit.AnyProtocol
}

const maxProtected = 100 // ports and ranges, or allowed ranges, of one form

// protectedPorts are the ports that are ticked and written.
func (i Interaction) protectedPorts(protocol jit.Protocol, errs Errors) []jit.Ports {
	var out []jit.Ports
	for _, c := range i.input(view.InputPorts, view.InputPorts).Options {
		known := slices.IndexFunc(view.ManagementPorts(), func(p uint16) bool { return fmt.Sprint(p) == c.Value })
		if known < 0 || len(out) > maxProtected {
			errs.add(view.InputPorts, "Choose among the ports that are shown; write others below.")
			return nil
		}
		p := view.ManagementPorts()[known]
		out = append(out, jit.Ports{From: p, To: p, Protocol: protocol})
	}
	custom, err := writtenPorts(i.input(view.InputCustom, view.InputCustom).Value)
	if err != nil {
		errs.Refuse(view.InputCustom, err)
		return nil
	}
	for _, p := range custom {
		if p.Protocol == "" {
			p.Protocol = protocol
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		errs.add(view.InputPorts, "Choose the ports to protect, or write them below.")
	}
	if p, q, twice := overlapCovered(out); twice {
		errs.add(view.InputCustom, "The ports "+p.String()+" and "+q.String()+" overlap; name each port once.")
	}
	return out
}

func writtenPorts(text string) ([]jit.Ports, error) {
	words := splitList(text)
	if len(words) == 0 {
		return nil, nil
	}
	if len(words) > maxProtected {
		return nil, jit.Refuse(jit.ErrInput, "Those are too many ports; write ranges, such as 8000-8010.")
	}
	for n, word := range words {
		words[n] = view.Clip(command.Bare(word), view.MaxOptionText)
	}
	return parse.Ports(strings.Join(words, ",")) //nolint:wrapcheck // a refusal stays one
}

// splitList splits what was written as a list.
func splitList(written string) []string {
	return strings.FieldsFunc(text.Clean(view.Clip(written, view.MaxInput)), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// overlapCovered finds two ports that hold a part of each other; any protocol
// covers each.
func overlapCovered(ports []jit.Ports) (p, q jit.Ports, found bool) {
	for n, p := range ports {
		for _, q := range ports[:n] {
			if p.From <= q.To && q.From <= p.To && (p.Protocol.Covers(q.Protocol) || q.Protocol.Covers(p.Protocol)) {
				return q, p, true
			}
		}
	}
	return p, q, false
}

// sources are from where access may be asked for.
func (i Interaction) sources(errs Errors) (anyone bool, out []netip.Prefix) {
	anyone = i.ticked(view.InputAnyone, view.PerRequest)
	words := splitList(i.input(view.InputRange, view.InputRange).Value)
	if len(words) > maxProtected {
		errs.add(view.InputRange, "Those are too many ranges; write fewer, wider ones.")
		return anyone, nil
	}
	for _, word := range words {
		p, err := parse.Source(view.Clip(command.Bare(word), view.MaxOptionText))
		if err != nil {
			errs.Refuse(view.InputRange, err)
			return anyone, nil
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if !anyone && len(out) == 0 {
		errs.add(view.InputRange, "Tick any single address above, or write the ranges that access may be asked from.")
	}
	return anyone, out
}

func (i Interaction) longest(errs Errors) time.Duration {
	word := text.Clean(i.input(view.InputDuration, view.InputDuration).Value)
	d, err := parse.Duration(view.Clip(word, view.MaxOptionText))
	switch {
	case word == "":
		errs.add(view.InputDuration, "Say for how long access may be asked for at most, such as 3h.")
	case err != nil:
		errs.Refuse(view.InputDuration, err)
	case d < jit.DefaultShortest || d > jit.MaxDuration:
		errs.add(view.InputDuration, "Write a duration from 5m to 24h.")
	}
	return d
}
