package bot

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"jitbot/jit"
)

// filled is what came back in a form. None of it is to be believed.
type filled struct {
	draft Draft
	ports string // the block that holds them, empty when there is none
}

// readRequest reads the form's state.
func readRequest(i interaction) filled {
	f := filled{}
	vm := i.entry(inputVM, inputVM)
	f.draft.Many = strings.HasPrefix(vm.Type, "multi_")
	chosen := vm.Options
	if vm.Option != nil && !f.draft.Many {
		chosen = []choice{*vm.Option}
	}
	for _, c := range chosen {
		f.draft.VMs = append(f.draft.VMs, Choice{Key: c.Value, Text: c.Text.Text})
	}
	for _, block := range []string{inputPorts, blockPortsAgain} {
		if _, ok := i.View.State.Values[block]; ok && f.ports == "" {
			f.ports, f.draft.Again = block, block == blockPortsAgain
			for _, c := range i.entry(block, inputPorts).Options {
				f.draft.Ports = append(f.draft.Ports, c.Value)
			}
		}
	}
	f.draft.Ranges = slices.ContainsFunc(i.entry(inputRanges, inputRanges).Options, func(c choice) bool { return c.Value == allRanges })
	f.draft.Source = i.entry(inputSource, inputSource).Value
	f.draft.Duration = i.entry(inputDuration, inputDuration).Value
	f.draft.Reason = i.entry(inputReason, inputReason).Value
	return f
}

// fieldErrors are sentences at inputs, by block.
type fieldErrors map[string]string

// add keeps the first sentence of a field.
func (e fieldErrors) add(block, text string) {
	if _, ok := e[block]; !ok {
		e[block] = text
	}
}

func (e fieldErrors) refuse(block string, err error) {
	text := plainSentence(err)
	e.add(block, text)
}

// text is what is wrong, in mrkdwn: a line for each input.
func (e fieldErrors) text() string {
	var lines []string
	for _, block := range slices.Sorted(maps.Keys(e)) {
		lines = append(lines, fullStop(e[block]))
	}
	return strings.Join(lines, "\n")
}

// ask reads every field. Without an offer the policy is not known yet, and
// only what is wrong by itself is found.
func (f filled) ask(o jit.Offer, known bool) (jit.Ask, fieldErrors) {
	var a jit.Ask
	errs := fieldErrors{}
	if len(f.draft.VMs) == 0 {
		errs.add(inputVM, "Choose a VM.")
	}
	f.askPorts(&a, o, known, errs)
	f.askDuration(&a, errs)
	f.askSource(&a, o, known, errs)
	switch reason, err := jit.ParseReason(f.draft.Reason); {
	case jit.CleanText(f.draft.Reason) == "":
		errs.add(inputReason, "Say why you need it; the approvers read it.")
	case err != nil:
		errs.refuse(inputReason, err)
	default:
		a.Reason = reason
	}
	if known && len(errs) == 0 {
		within(a, o, errs)
	}
	return a, errs
}

func (f filled) askPorts(a *jit.Ask, o jit.Offer, known bool, errs fieldErrors) {
	block := f.ports
	if block == "" {
		block = inputVM // no other is there to say it at
	}
	if len(f.draft.Ports) > maxOptions {
		errs.add(block, "Choose fewer ports.")
		return
	}
	if !known {
		return // what may be chosen is found later
	}
	for _, value := range f.draft.Ports {
		_, p, ok := findPort(value, o)
		if !ok {
			errs.add(block, clip("Port "+clip(jit.CleanText(value), maxOptionText)+" is not on offer; choose among the ports that are shown.", 500))
			return
		}
		a.Ports = append(a.Ports, p)
	}
	if p, q, twice := overlap(a.Ports); twice {
		errs.add(block, "The ports "+p.String()+" and "+q.String()+" overlap; choose one of them.")
	}
	if len(a.Ports) == 0 && only(o) == nil {
		errs.add(block, "Choose the ports that you need; they are shown once a VM is chosen.")
	}
}

// overlap finds two ports of which one holds a part of the other.
func overlap(ports []jit.Ports) (p, q jit.Ports, found bool) {
	for i, p := range ports {
		for _, q := range ports[:i] {
			if p.From <= q.To && q.From <= p.To && p.Protocol == q.Protocol {
				return q, p, true
			}
		}
	}
	return p, q, false
}

// only is the one port there is to ask for, nil when there is a choice.
func only(o jit.Offer) *jit.PortPolicy {
	if len(o.Ports) == 1 && o.Ports[0].Ports.From == o.Ports[0].Ports.To {
		return &o.Ports[0]
	}
	return nil
}

func (f filled) askDuration(a *jit.Ask, errs fieldErrors) {
	word := strings.ReplaceAll(jit.CleanText(f.draft.Duration), " ", "")
	if word == "" {
		errs.add(inputDuration, "Say for how long, such as 45m, 2h or 1h30m.")
		return
	}
	var err error
	if a.Duration, err = jit.ParseDuration(clip(word, maxOptionText)); err != nil {
		errs.refuse(inputDuration, err)
	}
}

func (f filled) askSource(a *jit.Ask, o jit.Offer, known bool, errs fieldErrors) {
	word := jit.CleanText(f.draft.Source)
	switch {
	case word != "" && f.draft.Ranges:
		errs.add(inputSource, "Write an address or tick all ranges, not both.")
	case word != "":
		source, err := jit.ParseSource(clip(word, maxOptionText))
		if err != nil {
			errs.refuse(inputSource, err)
			return
		}
		a.Sources = []netip.Prefix{source}
	case f.draft.Ranges && !known: // which they are is found later
	case f.draft.Ranges && len(o.Sources) > 0:
		a.Sources = o.Sources
	case f.draft.Ranges:
		errs.add(inputSource, "The policy names no ranges here; write your address, such as 203.0.113.7.")
	case len(o.Sources) > 0:
		errs.add(inputSource, "Write your address, such as 203.0.113.7, or tick all ranges that the policy names.")
	default:
		errs.add(inputSource, "Say where you come from: your address, such as 203.0.113.7.")
	}
}

// within holds the request against the offer, each port by itself.
func within(a jit.Ask, o jit.Offer, errs fieldErrors) {
	ports := a.Ports
	if one := only(o); len(ports) == 0 && one != nil {
		ports = []jit.Ports{one.Ports}
	}
	shortest, longest := time.Duration(0), jit.MaxDuration
	for _, p := range ports {
		pp, _, ok := offered(p, o)
		if !ok {
			continue // said already
		}
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
		for _, s := range a.Sources {
			if !pp.Accepts(s, o.Widest) {
				errs.add(inputSource, "The policy does not let port "+p.String()+" be opened to "+addressText(s)+"; it accepts "+accepted(pp, o.Widest)+".")
			}
		}
	}
	switch {
	case a.Duration > longest:
		errs.add(inputDuration, "That is too long; ask for at most "+jit.ShortDuration(longest)+".")
	case a.Duration < shortest:
		errs.add(inputDuration, "That is too short; ask for at least "+jit.ShortDuration(shortest)+".")
	}
}

// accepted says from where a port may be opened.
func accepted(pp jit.PortPolicy, widest jit.Widths) string {
	var words []string
	for _, s := range pp.Sources {
		words = append(words, addressText(s))
	}
	if pp.Any {
		words = append(words, "any single address")
		if widest.V4 > 0 && widest.V4 < 32 {
			words = append(words, "any IPv4 range of /"+strconv.Itoa(widest.V4)+" or smaller")
		}
	}
	if len(words) == 0 {
		return "no address at all"
	}
	return clip(strings.Join(words, ", "), 300)
}
