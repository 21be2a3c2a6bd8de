package command

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// Command is a typed line, understood.
type Command struct {
	Verb   Verb
	Ask    jit.Ask    // request; what was not typed is empty. protect, unprotect: the VMs, and the ports
	Grant  jit.ID     // done, revoke, cancel
	Reason string     // revoke; may be empty
	All    bool       // list
	For    jit.UserID // explain; for whom, empty for oneself
	Scan   ScanFilter // scan
	Text   string     // vms; what to search for, may be empty
}

// Parse reads what stands after /jit, as Slack sends it. Nothing at all is a
// request of which nothing is known yet. The error is a *jit.Refusal; with
// VerbHelp beside it, help should follow.
func Parse(text string) (Command, error) {
	words := strings.Fields(Unformat(text))
	if len(words) == 0 {
		return Command{Verb: VerbRequest}, nil
	}
	word, rest := Verb(strings.ToLower(Bare(words[0]))), words[1:]
	for _, v := range verbs() {
		if v.name == word && v.instead != "" {
			return Command{}, jit.Refuse(jit.ErrInput, v.instead)
		}
	}
	switch word {
	case VerbHelp:
		return Command{Verb: VerbHelp}, nil
	case VerbRequest:
		if len(rest) == 0 {
			return Command{Verb: VerbRequest}, nil
		}
		ask, err := parseRequest(rest)
		return Command{Verb: VerbRequest, Ask: ask}, err
	case VerbList:
		return parseList(rest)
	case VerbDone, VerbCancel:
		id, rest, err := parseID(word, rest)
		if err == nil && len(rest) > 0 {
			err = jit.Refuse(jit.ErrInput, "Write nothing after the grant: /jit %s %s.", word, id)
		}
		return Command{Verb: word, Grant: id}, err
	case VerbRevoke:
		return parseRevoke(rest)
	case VerbProtect, VerbUnprotect:
		return parseProtect(word, rest)
	case VerbScan:
		return parseScan(rest), nil
	case VerbExplain:
		return parseExplain(text)
	case VerbVMs:
		return Command{Verb: VerbVMs, Text: searchText(rest)}, nil
	default:
		return Command{Verb: VerbHelp}, unknownVerb(words[0])
	}
}

func parseList(words []string) (Command, error) {
	switch {
	case len(words) == 0:
		return Command{Verb: VerbList}, nil
	case len(words) == 1 && strings.EqualFold(Bare(words[0]), "all"):
		return Command{Verb: VerbList, All: true}, nil
	default:
		return Command{}, jit.Refuse(jit.ErrInput, "Write /jit list for yours, or /jit list all for everybody's.")
	}
}

// parseID takes the grant off the front of the words.
func parseID(v Verb, words []string) (jit.ID, []string, error) {
	if len(words) == 0 {
		return "", nil, jit.Refuse(jit.ErrInput, "Name the grant, as in /jit %s g-7k2qd; /jit list shows yours.", v)
	}
	id, ok := grantID(words[0])
	if !ok {
		return "", nil, jit.Refuse(jit.ErrInput, "%s names no grant; write one such as g-7k2qd, /jit list shows yours.", words[0])
	}
	return id, words[1:], nil
}

// grantID reads an id as people copy it: quoted, upper case, with a full stop.
func grantID(word string) (jit.ID, bool) {
	id := jit.ID(strings.ToLower(strings.Trim(Bare(word), ".,;:()[]*_~")))
	return id, id.Valid()
}

// parseProtect reads <vm>[,<vm>…] and, for protect, the ports that the form
// begins with.
func parseProtect(v Verb, words []string) (Command, error) {
	if len(words) == 0 || strings.EqualFold(words[0], "for") || strings.EqualFold(words[0], "from") {
		return Command{}, jit.Refuse(jit.ErrInput, "Name the VM, as in /jit %s web-1, or tag:key=value for many.", v)
	}
	p := requestParser{words: words}
	if err := p.vms(); err != nil {
		return Command{}, err
	}
	for len(p.words) > 0 {
		word := p.next()
		if v == VerbUnprotect || !portsLike.MatchString(word) || durationLike.MatchString(word) || addressLike.MatchString(word) {
			return Command{}, jit.Refuse(jit.ErrInput,
				"I do not understand %s here; write /jit %s and the VMs with commas between them, and the form asks for the rest.",
				word, v)
		}
		if err := p.part(word); err != nil {
			return Command{}, err
		}
	}
	return Command{Verb: v, Ask: p.ask}, nil
}

func parseRevoke(words []string) (Command, error) {
	id, rest, err := parseID(VerbRevoke, words)
	c := Command{Verb: VerbRevoke, Grant: id}
	if err != nil || len(rest) == 0 {
		return c, err
	}
	if strings.EqualFold(rest[0], "for") {
		rest = rest[1:]
	}
	if reason := unquoted(strings.Join(rest, " ")); reason != "" {
		c.Reason, err = parse.Reason(reason)
	}
	return c, err
}
