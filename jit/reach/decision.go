package reach

import (
	"slices"

	"jitbot/jit/ipset"
)

// decision is what was decided about packets, and why.
type decision struct {
	packets ipset.Packets
	answer  Answer
	why     []Reason
}

// undecided are packets that no rule has surely decided yet, with the rules that
// may have.
type undecided struct {
	packets ipset.Packets
	doubts  []doubt
}

type doubt struct {
	allow  bool
	reason Reason
}

// decide is the decision on packets that a rule surely means. It is not known
// when a rule before it may have said the contrary.
func (p undecided) decide(packets ipset.Packets, allow bool, reason Reason) decision {
	r := decision{packets: packets, answer: AnswerDeny}
	if allow {
		r.answer = AnswerAllow
	}
	for _, d := range p.doubts {
		if d.allow != allow {
			r.answer = AnswerUnknown
			r.why = append(r.why, d.reason)
		}
	}
	r.why = append(r.why, reason)
	return r
}

// remaining is what the rule does not surely mean.
func (p undecided) remaining(m matched, d doubt) []undecided {
	var out []undecided
	for _, piece := range p.packets.Subtract(m.sure) {
		if len(m.doubts) == 0 {
			out = append(out, undecided{piece, p.doubts})
			continue
		}
		if perhaps := piece.Intersect(m.maybe); !perhaps.Empty() {
			out = append(out, undecided{perhaps, append(slices.Clip(p.doubts), d)})
		}
		for _, other := range piece.Subtract(m.maybe) {
			out = append(out, undecided{other, p.doubts})
		}
	}
	return out
}

// inSeries puts what the first layer lets through before the next: both must
// allow.
func inSeries(first []decision, next func(ipset.Packets) []decision) []decision {
	var out []decision
	for _, f := range first {
		if f.answer == AnswerDeny {
			out = append(out, f)
			continue
		}
		for _, n := range next(f.packets) {
			if n.answer != AnswerDeny {
				n.why = slices.Concat(f.why, n.why)
				if f.answer == AnswerUnknown {
					n.answer = AnswerUnknown
				}
			}
			out = append(out, n)
		}
	}
	return out
}

// decide sums the decisions up: what one way lets through gets through. With
// nothing asked it is about what the decisions concern.
func decide(asked ipset.Packets, paths []path) Answer {
	var allowed, unknown, whole []ipset.Packets
	for _, p := range paths {
		for _, r := range p.decisions {
			whole = append(whole, r.packets)
			switch r.answer {
			case AnswerAllow:
				allowed = append(allowed, r.packets)
			case AnswerUnknown:
				unknown = append(unknown, r.packets)
			case AnswerDeny, AnswerPartly:
			}
		}
	}
	if !asked.Empty() {
		whole = []ipset.Packets{asked}
	}
	shut := ipset.SubtractAll(whole, allowed)
	uncertain := slices.ContainsFunc(shut, func(s ipset.Packets) bool {
		return slices.ContainsFunc(unknown, func(u ipset.Packets) bool { return !s.Intersect(u).Empty() })
	})
	switch {
	case len(shut) == 0:
		return AnswerAllow
	case len(allowed) > 0 && len(ipset.SubtractAll(shut, unknown)) > 0:
		return AnswerPartly
	case uncertain:
		return AnswerUnknown
	default:
		return AnswerDeny
	}
}
