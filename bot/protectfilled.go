package bot

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
)

// readProtection reads the form that protects VMs: the words that name them and
// what may be asked for of each port. None of it is to be believed.
func readProtection(i interaction) ([]string, []jit.PortPolicy, fieldErrors) {
	errs := fieldErrors{}
	words, err := unpacked(i.View.Metadata)
	if err != nil {
		errs.refuse(inputPorts, err)
	}
	protocol := i.protocol(errs)
	ports := i.locked(protocol, errs)
	limits := jit.PortPolicy{Shortest: jit.DefaultShortest}
	limits.Any, limits.Sources = i.allowed(errs)
	limits.Longest = i.longest(errs)
	out := make([]jit.PortPolicy, 0, len(ports))
	for _, p := range ports {
		pp := limits
		pp.Ports = p
		out = append(out, pp)
	}
	return words, out, errs
}

func (i interaction) protocol(errs fieldErrors) jit.Protocol {
	if o := i.entry(inputProtocol, inputProtocol).Option; o != nil && slices.Contains(protocols(), jit.Protocol(o.Value)) {
		return jit.Protocol(o.Value)
	}
	errs.add(inputProtocol, "Choose Any, TCP or UDP.")
	return jit.AnyProtocol
}

const maxLocked = 100 // ports and ranges, or allowed ranges, of one form

// locked are the ports that are ticked and written.
func (i interaction) locked(protocol jit.Protocol, errs fieldErrors) []jit.Ports {
	var out []jit.Ports
	for _, c := range i.entry(inputPorts, inputPorts).Options {
		known := slices.IndexFunc(management(), func(p uint16) bool { return fmt.Sprint(p) == c.Value })
		if known < 0 || len(out) > maxLocked {
			errs.add(inputPorts, "Choose among the ports that are shown; write others below.")
			return nil
		}
		p := management()[known]
		out = append(out, jit.Ports{From: p, To: p, Protocol: protocol})
	}
	custom, err := writtenPorts(i.entry(inputCustom, inputCustom).Value)
	if err != nil {
		errs.refuse(inputCustom, err)
		return nil
	}
	for _, p := range custom {
		if p.Protocol == "" {
			p.Protocol = protocol
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		errs.add(inputPorts, "Choose the ports to protect, or write them below.")
	}
	if p, q, twice := meeting(out); twice {
		errs.add(inputCustom, "The ports "+p.String()+" and "+q.String()+" overlap; name each port once.")
	}
	return out
}

func writtenPorts(text string) ([]jit.Ports, error) {
	words := separate(text)
	if len(words) == 0 {
		return nil, nil
	}
	if len(words) > maxLocked {
		return nil, jit.Refuse(jit.ErrInput, "Those are too many ports; write ranges, such as 8000-8010.")
	}
	for n, word := range words {
		words[n] = clip(bare(word), maxOptionText)
	}
	return jit.ParsePorts(strings.Join(words, ",")) //nolint:wrapcheck // a refusal stays one
}

// separate splits what was written as a list.
func separate(text string) []string {
	return strings.FieldsFunc(jit.CleanText(clip(text, maxInput)), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// meeting finds two ports that hold a part of each other.
func meeting(ports []jit.Ports) (p, q jit.Ports, found bool) {
	for n, p := range ports {
		for _, q := range ports[:n] {
			if p.From <= q.To && q.From <= p.To && (p.Protocol.Covers(q.Protocol) || q.Protocol.Covers(p.Protocol)) {
				return q, p, true
			}
		}
	}
	return p, q, false
}

// allowed is from where access may be asked for.
func (i interaction) allowed(errs fieldErrors) (anyone bool, out []netip.Prefix) {
	anyone = slices.ContainsFunc(i.entry(inputAnyone, inputAnyone).Options, func(c choice) bool { return c.Value == perRequest })
	words := separate(i.entry(inputRange, inputRange).Value)
	if len(words) > maxLocked {
		errs.add(inputRange, "Those are too many ranges; write fewer, wider ones.")
		return anyone, nil
	}
	for _, word := range words {
		p, err := jit.ParseSource(clip(bare(word), maxOptionText))
		if err != nil {
			errs.refuse(inputRange, err)
			return anyone, nil
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if !anyone && len(out) == 0 {
		errs.add(inputRange, "Tick any single address above, or write the ranges that access may be asked from.")
	}
	return anyone, out
}

func (i interaction) longest(errs fieldErrors) time.Duration {
	word := strings.ReplaceAll(jit.CleanText(i.entry(inputDuration, inputDuration).Value), " ", "")
	d, err := jit.ParseDuration(clip(word, maxOptionText))
	switch {
	case word == "":
		errs.add(inputDuration, "Say for how long access may be asked for at most, such as 3h.")
	case err != nil:
		errs.refuse(inputDuration, err)
	case d < jit.DefaultShortest || d > jit.MaxDuration:
		errs.add(inputDuration, "Write a duration from 5m to 24h.")
	}
	return d
}
