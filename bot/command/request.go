package command

import (
	"regexp"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// durationLike is a word that can only be meant as a duration, so that a bad
// one is answered as such.
var durationLike = regexp.MustCompile(`(?i)^(p1d|pt[0-9hms]+|([0-9]+[hms])+)$`)

// portsLike is a word that can only be meant as ports.
var portsLike = regexp.MustCompile(`(?i)^([0-9]|ssh$|rdp$|winrm$|ssh,|rdp,|winrm,)`)

// addressLike is a word that can only be meant as an address.
var addressLike = regexp.MustCompile(`(?i)^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]*:[0-9a-f:.]*)(/[0-9]+)?$`)

// requestParser reads the words of a request one by one.
type requestParser struct {
	words []string
	ask   jit.Ask
}

// parseRequest reads <vm>[,<vm>…] [ports] [duration] [from <source>] for <reason>.
// All but the VM may be missing: the policy fills it in, or the form asks for
// it.
func parseRequest(words []string) (jit.Ask, error) {
	p := requestParser{words: words}
	if err := p.vms(); err != nil {
		return jit.Ask{}, err
	}
	for len(p.words) > 0 {
		word := p.next()
		var err error
		switch strings.ToLower(word) {
		case "from":
			err = p.from()
		case "for":
			if len(p.words) > 0 && durationLike.MatchString(Bare(p.words[0])) {
				err = p.duration(p.next())
				break
			}
			return p.finish(unquoted(strings.Join(p.words, " ")))
		default:
			err = p.part(word)
		}
		if err != nil {
			return jit.Ask{}, err
		}
	}
	return p.ask, nil
}

func (p *requestParser) finish(reason string) (jit.Ask, error) {
	if reason == "" {
		return p.ask, nil
	}
	var err error
	if p.ask.Reason, err = parse.Reason(reason); err != nil {
		return jit.Ask{}, err
	}
	return p.ask, nil
}

// next takes a word. Lists may have spaces around their commas.
func (p *requestParser) next() string {
	word := p.words[0]
	p.words = p.words[1:]
	for len(p.words) > 0 && (strings.HasSuffix(word, ",") || strings.HasPrefix(p.words[0], ",")) {
		word += p.words[0]
		p.words = p.words[1:]
	}
	return Bare(word)
}

func (p *requestParser) vms() error {
	if len(p.words) == 0 || strings.EqualFold(p.words[0], "for") || strings.EqualFold(p.words[0], "from") {
		return jit.Refuse(jit.ErrInput, "Name the VM first, as in /jit request web-1 22 1h from 203.0.113.7 for the reason.")
	}
	for name := range strings.SplitSeq(p.next(), ",") {
		name = strings.Trim(name, quoteMarks)
		if name == "" {
			return jit.Refuse(jit.ErrInput, "There is a comma too many between the VMs; write web-1,web-2.")
		}
		if err := CheckVM(name); err != nil {
			return err
		}
		if !slices.ContainsFunc(p.ask.VMs, func(s string) bool { return strings.EqualFold(s, name) }) {
			p.ask.VMs = append(p.ask.VMs, name)
		}
	}
	return nil
}

func (p *requestParser) from() error {
	if len(p.words) == 0 || strings.EqualFold(p.words[0], "for") {
		return jit.Refuse(jit.ErrInput, "Write an address after from, as in from 203.0.113.7.")
	}
	if len(p.ask.Sources) > 0 {
		return jit.Refuse(jit.ErrInput, "There are two addresses; write one from, with one address or range.")
	}
	source, err := parse.Source(p.next())
	if err != nil {
		return err
	}
	p.ask.Sources = append(p.ask.Sources, source)
	return nil
}

func (p *requestParser) duration(word string) error {
	if p.ask.Duration != 0 {
		return jit.Refuse(jit.ErrInput, "There are two durations, %s and %s; write one.", p.ask.Duration, word)
	}
	var err error
	p.ask.Duration, err = parse.Duration(word)
	return err
}

// part is a word that says by its form what it is.
func (p *requestParser) part(word string) error {
	switch {
	case durationLike.MatchString(word):
		return p.duration(word)
	case addressLike.MatchString(word):
		return jit.Refuse(jit.ErrInput, "Write from before the address: from %s.", word)
	case portsLike.MatchString(word):
		if len(p.ask.Ports) > 0 {
			return jit.Refuse(jit.ErrInput, "There are ports in two places; write them together, as in 22,3389.")
		}
		var err error
		p.ask.Ports, err = parse.Ports(word)
		return err
	default:
		return jit.Refuse(jit.ErrInput,
			"I do not understand %s; after the VM come ports, a duration and from an address, and the reason comes last, after for.", word)
	}
}
