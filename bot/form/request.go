package form

import (
	"net/netip"
	"slices"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// Request is what came back in the form that asks for access. None of it is to
// be believed.
type Request struct {
	Draft      view.RequestDraft
	PortsBlock string // the block that holds the ports, empty when there is none

	durationBlock string // the block that holds what was written of the duration
}

// ReadRequest reads the form's state as it is, right or wrong.
func ReadRequest(i Interaction) Request {
	f := Request{}
	vm := i.input(view.InputVM, view.InputVM)
	chosen := vm.Options
	if vm.Option != nil && len(chosen) == 0 { // of a form that an earlier version opened
		chosen = []option{*vm.Option}
	}
	for _, c := range chosen {
		f.Draft.VMs = append(f.Draft.VMs, view.VMChoice{Key: c.Value, Text: c.Text.Text, Note: c.Note.Text})
	}
	for _, block := range []string{view.InputPorts, view.BlockPortsAgain} {
		if _, ok := i.View.State.Values[block]; ok && f.PortsBlock == "" {
			f.PortsBlock, f.Draft.Again = block, block == view.BlockPortsAgain
			for _, c := range i.input(block, view.InputPorts).Options {
				f.Draft.Ports = append(f.Draft.Ports, c.Value)
			}
		}
	}
	f.Draft.Ranges = i.ticked(view.InputRanges, view.AllRanges)
	f.Draft.Source = i.input(view.InputSource, view.InputSource).Value
	f.durationBlock = view.InputDuration
	if _, ok := i.View.State.Values[view.BlockDurationAgain]; ok {
		f.durationBlock, f.Draft.DurationAgain = view.BlockDurationAgain, true
	}
	f.Draft.Duration = i.input(f.durationBlock, view.InputDuration).Value
	if o := i.input(view.InputUsual, view.InputUsual).Option; o != nil {
		f.Draft.Usual = view.Clip(o.Value, view.MaxOptionText)
	}
	f.Draft.Reason = i.input(view.InputReason, view.InputReason).Value
	return f
}

// Ask reads every field, and says at each what is wrong with it. Where the offer is
// not known yet, only what is wrong by itself is found.
func (f Request) Ask(o lookup.Offer, known bool) (jit.Ask, Errors) {
	var a jit.Ask
	errs := Errors{}
	if len(f.Draft.VMs) == 0 {
		errs.add(view.InputVM, "Choose a VM.")
	}
	f.ports(&a, o, known, errs)
	f.duration(&a, errs)
	f.source(&a, o, known, errs)
	switch reason, err := parse.Reason(f.Draft.Reason); {
	case text.Clean(f.Draft.Reason) == "":
		errs.add(view.InputReason, "Say why you need it; the approvers read it.")
	case err != nil:
		errs.Refuse(view.InputReason, err)
	default:
		a.Reason = reason
	}
	if known {
		f.checkOffer(a, o, errs)
	}
	return a, errs
}

func (f Request) ports(a *jit.Ask, o lookup.Offer, known bool, errs Errors) {
	block := f.PortsBlock
	if block == "" {
		block = view.InputVM // no other is there to say it at
	}
	if len(f.Draft.Ports) > view.MaxOptions {
		errs.add(block, "Choose fewer ports.")
		return
	}
	if !known {
		return // what may be chosen is found later
	}
	for _, value := range f.Draft.Ports {
		_, p, ok := view.FindPortOption(value, o)
		if !ok {
			name := view.Clip(text.Clean(value), view.MaxOptionText)
			errs.add(block, "Port "+name+" is not on offer; choose among the ports that are shown.")
			return
		}
		a.Ports = append(a.Ports, p)
	}
	if p, q, twice := overlap(a.Ports); twice {
		errs.add(block, "The ports "+p.String()+" and "+q.String()+" overlap; choose one of them.")
	}
	if len(a.Ports) == 0 && onlyPort(o) == nil {
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

// onlyPort is the one port there is to ask for, nil when there is a choice.
func onlyPort(o lookup.Offer) *jit.PortPolicy {
	if len(o.Ports) == 1 && o.Ports[0].Ports.From == o.Ports[0].Ports.To {
		return &o.Ports[0]
	}
	return nil
}

func (f Request) duration(a *jit.Ask, errs Errors) {
	word := f.Draft.Asked()
	if word == "" {
		errs.add(f.durationBlock, "Say for how long: choose above, or write such as 45m or 1h30m.")
		return
	}
	var err error
	if a.Duration, err = parse.Duration(word); err != nil {
		errs.Refuse(f.durationBlock, err)
	}
}

func (f Request) source(a *jit.Ask, o lookup.Offer, known bool, errs Errors) {
	word := text.Clean(f.Draft.Source)
	switch {
	case word != "" && f.Draft.Ranges:
		errs.add(view.InputSource, "Write an address or tick all ranges, not both.")
	case word != "":
		source, err := parse.Source(view.Clip(word, view.MaxOptionText))
		if err != nil {
			errs.Refuse(view.InputSource, err)
			return
		}
		a.Sources = []netip.Prefix{source}
	case f.Draft.Ranges && !known: // which they are is found later
	case f.Draft.Ranges && len(o.Sources) > 0:
		a.Sources = o.Sources
	case f.Draft.Ranges:
		errs.add(view.InputSource, "The policy names no ranges here; write your address, such as 203.0.113.7.")
	case len(o.Sources) > 0:
		errs.add(view.InputSource, "Write your address, such as 203.0.113.7, or tick all ranges that the policy names.")
	default:
		errs.add(view.InputSource, "Say where you come from: your address, such as 203.0.113.7.")
	}
}

// checkOffer holds the request against the offer, each port by itself, as far as
// it could be read.
func (f Request) checkOffer(a jit.Ask, o lookup.Offer, errs Errors) {
	ports := a.Ports
	if one := onlyPort(o); len(ports) == 0 && one != nil {
		ports = []jit.Ports{one.Ports}
	}
	shortest, longest := time.Duration(0), jit.MaxDuration
	for _, p := range ports {
		pp, _, ok := view.FindPorts(p, o)
		if !ok {
			continue // said already
		}
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
		for _, s := range a.Sources {
			if !pp.Accepts(s, o.Widest) {
				errs.add(view.InputSource, "The policy does not let port "+p.String()+" be opened to "+view.Address(s)+
					"; it accepts "+view.AcceptedSources(pp, o.Widest)+".")
			}
		}
	}
	switch {
	case a.Duration == 0: // said already
	case a.Duration > longest:
		errs.add(f.durationBlock, "That is too long; ask for at most "+text.Duration(longest)+".")
	case a.Duration < shortest:
		errs.add(f.durationBlock, "That is too short; ask for at least "+text.Duration(shortest)+".")
	}
}

// Incomplete reports whether the policies' defaults leave something of a typed
// request open, so that the form must ask for it.
func Incomplete(a jit.Ask, o lookup.Offer) bool {
	ports := a.Ports
	if one := onlyPort(o); len(ports) == 0 && one != nil {
		ports = []jit.Ports{one.Ports}
	}
	if a.Reason == "" || len(ports) == 0 {
		return true
	}
	if len(a.Sources) > 0 {
		return false
	}
	return !slices.ContainsFunc(ports, func(p jit.Ports) bool {
		pp, _, ok := view.FindPorts(p, o)
		return ok && !pp.Any && len(pp.Sources) == 1 && pp.Sources[0].IsSingleIP()
	})
}
