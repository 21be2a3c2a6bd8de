package command

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// asked is what was read of a request so far.
type asked struct {
	jit.Ask
	mine     bool     // from me
	duration string   // as it was typed
	ports    []string // words, as they are read
	portsEnd int      // the word after the last of them
	bare     bool     // the last of them is a mere number
	timeEnd  int      // the word after the duration
	source   string   // as it was typed
	named    bool     // what is wrong with the VMs was said
	wrong    Part     // what is wrong first
}

const example = "/jit request web-1 22 1h from 203.0.113.7 for the reason"

func forWords() []string { return []string{"for", "für", "fuer", "pour", "para"} }

func isJoiner(t token) bool { return t.is("and", "und", "et", "y", "&", "+") }

// addressLike is a word that can only be meant as an address.
var addressLike = regexp.MustCompile(
	`(?i)^\[?([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*)(%[a-z0-9]+)?\]?(/[0-9]+\]?)?$`)

// portLike is a word that can only be meant as ports.
var portLike = regexp.MustCompile(`(?i)^([0-9]+(-[0-9]*)?(/[a-z]{0,5})?|[0-9]+(tcp|udp)|(ssh|rdp|winrm)(/[a-z]*)?)$`)

// request reads <vm>[,<vm>…] [ports] [duration] [from <source>] for <reason>. All but
// the VM may be missing: the policy fills it in, or the form asks for it.
func (r *reader) request() Command {
	if len(r.tokens) > maxWords {
		r.fault("That line has more than 600 words; write it shorter, as in " + example + ".")
		return Command{}
	}
	r.hint = "after the VM come ports, a duration and from an address, and the reason comes last, after for"
	empty := !r.more()
	r.vms()
	for r.more() {
		before := len(r.faults)
		r.blame(r.part(), before)
	}
	before := len(r.faults)
	r.allPorts()
	r.blame(PartPorts, before)
	if len(r.ask.VMs) == 0 && !r.ask.named && !empty {
		first := jit.Refuse(jit.ErrInput, "Name the VM first, as in "+example+".")
		r.faults, r.ask.wrong = append([]*jit.Refusal{first}, r.faults...), PartVMs
	}
	return Command{Ask: r.ask.Ask, Mine: r.ask.mine, Wrong: r.ask.wrong}
}

// blame says that something is wrong with a part of the request since there were so many
// faults, unless another part was wrong before.
func (r *reader) blame(p Part, before int) {
	if len(r.faults) > before && before == 0 {
		r.ask.wrong = p
	}
}

// vms reads names until something else comes.
func (r *reader) vms() {
	for r.more() && !r.known(0) {
		before, t := len(r.faults), r.peek(0)
		switch {
		case len(r.ask.VMs) > 0 && isJoiner(t) && r.peek(1).read != "" && !r.known(1):
		case t.gap:
			r.ask.named = true
			r.fault("There is a comma too many before %s; write web-1,web-2.", t.typed)
			r.blame(PartVMs, before)
		case noName(t), t.is("a") && len(r.ask.VMs) > 0:
			r.blame(r.unknown(), before)
			continue
		default:
			r.vm(t)
			r.blame(PartVMs, before)
		}
		r.at++
	}
}

func (r *reader) vm(t token) {
	if err := CheckVM(t.read); err != nil {
		r.ask.named = true
		r.refuse(err)
		return
	}
	if !slices.ContainsFunc(r.ask.VMs, func(s string) bool { return strings.EqualFold(s, t.read) }) {
		r.ask.VMs = append(r.ask.VMs, t.read)
	}
}

// partOfOne begins what may go on with the number before it: 1 ½ hours, 2 half hours.
var partOfOne = regexp.MustCompile(`(?i)^([½¼¾.]|half|halbe|halve|demi|media|meia|mezz|quarter)`)

// noName reports whether a word is no VM, although it stands where one may: one that
// is called so is written with its group.
func noName(t token) bool {
	first, _ := utf8.DecodeRuneInString(t.read)
	begins := first == '_' || unicode.IsLetter(first) || unicode.IsDigit(first)
	return !begins || parse.IsNumber(t.read) || parse.IsUnit(t.read) || timeOfDay.MatchString(t.read) ||
		isJoiner(t) || isFiller(t) || t.is(
		"to", "the", "vm", "vms", "access", "please", "pls", "plz", "at", "in", "of", "until", "till", "bis", "by",
		"because", "since", "me", "my", "we", "need", "want", "now", "asap", "today", "tomorrow", "tonight", "about", "max",
		"half", "halbe", "halben", "halve", "demi", "demie", "meia", "mezza", "quarter", "quarters", "an", "e", "en")
}

// isFiller reports whether a word may stand before ports.
func isFiller(t token) bool { return t.is("port", "ports", "on", "via", "over", "using", "with") }

// known reports whether the word i words from here says by its form what it is.
func (r *reader) known(i int) bool {
	t := r.peek(i)
	return t.is("from") || t.is(forWords()...) || portLike.MatchString(t.read) || addressLike.MatchString(t.read) ||
		r.durationWords(i) > 0 || isFiller(t) && r.portsAfter(i) > 0
}

// durationWords is how many words from there are a duration, or meant as one.
func (r *reader) durationWords(i int) int {
	_, n, _ := r.durationAt(i)
	return n
}

func (r *reader) durationAt(i int) (time.Duration, int, error) {
	all := r.tokens[min(r.at+i, len(r.tokens)):]
	for j, t := range all {
		if j > 0 && t.listed {
			all = all[:j]
			break
		}
	}
	return parse.DurationWords(reads(all)) //nolint:wrapcheck // a refusal stays one
}

// portsAfter is how many words after the fillers that begin there ports begin; 0 for
// none.
func (r *reader) portsAfter(i int) int {
	j := i
	for isFiller(r.peek(j)) {
		j++
	}
	if j == i || !portLike.MatchString(r.peek(j).read) || r.durationWords(j) > 0 {
		return 0
	}
	return j
}

// part reads what says by its form what it is, and tells that.
func (r *reader) part() Part {
	t := r.peek(0)
	switch d, n, err := r.durationAt(0); {
	case t.gap:
		r.fault("There is a comma too many before %s.", t.typed)
		r.tokens[r.at].gap = false
		return ""
	case t.is("from"):
		r.at++
		r.from()
		return PartSource
	case t.is(forWords()...):
		r.at++
		return r.forWhat()
	case n > 0 && partOfOne.MatchString(t.read) && r.ask.portsEnd == r.at && r.ask.bare && !t.listed:
		number := r.tokens[r.at-1].typed
		r.fault("%s may be one number, or a port and a duration; write one such as 1.5h.", number+" "+r.typed(n))
		return PartDuration
	case n > 0:
		r.duration(d, r.typed(n), err)
		return PartDuration
	case timeOfDay.MatchString(t.read):
		return r.unknown()
	case addressLike.MatchString(t.read):
		r.address()
		return PartSource
	case isJoiner(t) && (r.peek(1).is("from") || r.peek(1).is(forWords()...) || r.portsEnd() && portLike.MatchString(r.peek(1).read)):
		r.at++
		r.ports(true)
	case r.portsAfter(0) > 0:
		r.at += r.portsAfter(0)
		r.ports(false)
	case portLike.MatchString(t.read) || strings.ContainsAny(t.read[:min(1, len(t.read))], "0123456789"):
		r.ports(false)
	default:
		return r.unknown()
	}
	return PartPorts
}

// address is one without from before it.
func (r *reader) address() {
	t := r.peek(0)
	if r.ask.source != "" {
		r.fault("There are two addresses, %s and %s; write one from, with one address or range.", r.ask.source, r.typed(1))
		return
	}
	r.ask.source = t.typed
	r.fault("Write from before the address: from %s.", r.typed(1))
	if source, err := parse.Source(t.read); err == nil {
		r.ask.Sources = append(r.ask.Sources, source)
	}
}

// portsEnd reports whether the word before this was a port.
func (r *reader) portsEnd() bool { return len(r.ask.ports) > 0 && r.ask.portsEnd == r.at }

func (r *reader) duration(d time.Duration, typed string, err error) {
	switch {
	case err != nil:
		r.refuse(err)
	case r.ask.duration != "":
		r.fault("There are two durations, %s and %s; write one.", r.ask.duration, typed)
	default:
		r.ask.Duration = d
	}
	r.ask.duration, r.ask.timeEnd = typed, r.at
}

// from reads an address, or me: whichever was used last.
func (r *reader) from() {
	t := r.peek(0)
	n := 1
	switch {
	case t.read == "" || t.is(forWords()...):
		r.fault("Write an address after from, as in from 203.0.113.7, or from me for the one that you used last.")
		return
	case t.is("my") && r.peek(1).is("ip", "address"):
		n = 2
	}
	typed := r.typed(n)
	if r.ask.source != "" {
		r.fault("There are two addresses, %s and %s; write one from, with one address or range.", r.ask.source, typed)
		return
	}
	r.ask.source = typed
	if n == 2 || t.is("me") {
		r.ask.mine = true
		return
	}
	source, err := parse.Source(t.read)
	if r.refuse(err); err == nil {
		r.ask.Sources = append(r.ask.Sources, source)
	}
}

// unknown takes the words that say nothing, together, and tells which part they were
// meant as, if that is known.
func (r *reader) unknown() Part {
	n := 1
	for r.at+n < len(r.tokens) && !r.known(n) && (len(r.ask.VMs) > 0 || noName(r.peek(n))) {
		n++
	}
	first := r.peek(0)
	switch typed := r.typed(n); {
	case first.is("until", "till", "bis", "by"), timeOfDay.MatchString(first.read):
		r.fault("I cannot read %s: write how long you need it, such as 2h.", typed)
		return PartDuration
	case first.is("because", "since", "to", "as", "due", "so", "wegen", "weil", "um", "reason") && len(r.ask.VMs) > 0:
		r.fault("I do not understand %s here; if that is the reason, write for before it.", typed)
		if reason, err := parse.Reason(typed); err == nil && r.ask.Reason == "" {
			r.ask.Reason = reason // for the form, where it is seen before it is sent
		}
		return PartReason
	case len(r.ask.VMs) == 0 && !noName(first):
		r.ask.named = true
		r.fault("Name the VM first: put %s at the beginning, as in "+example+".", typed)
		return PartVMs
	default:
		r.ask.named = r.ask.named || len(r.ask.VMs) == 0 && r.at == len(r.tokens)
		r.fault("I do not understand %s here; "+r.hint+".", typed)
		return ""
	}
}

var timeOfDay = regexp.MustCompile(`(?i)^[0-9]{1,2}(:[0-9]{2}(am|pm)?|am|pm)(-[0-9]{1,2}(:[0-9]{2}(am|pm)?|am|pm))?$`)
