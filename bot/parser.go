package bot

import (
	"strings"

	"jitbot/jit"
)

// Verb is the first word after /jit.
type Verb string

// The commands that there are.
const (
	VerbHelp      Verb = "help"
	VerbRequest   Verb = "request"
	VerbList      Verb = "list"
	VerbVMs       Verb = "vms"
	VerbScan      Verb = "scan"
	VerbExplain   Verb = "explain"
	VerbDone      Verb = "done"
	VerbRevoke    Verb = "revoke"
	VerbCancel    Verb = "cancel"
	VerbProtect   Verb = "protect"
	VerbUnprotect Verb = "unprotect"
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

// verbs are the words that are understood; the ones with a sentence are not
// built yet, and the sentence says what can be done instead.
func verbs() []verb {
	return []verb{
		{name: VerbRequest},
		{name: VerbList},
		{name: VerbVMs},
		{name: VerbScan},
		{name: VerbExplain},
		{name: VerbDone},
		{name: VerbRevoke},
		{name: VerbCancel},
		{name: VerbProtect},
		{name: VerbUnprotect},
		{name: VerbHelp},
		{"extend", "This version cannot extend access yet; ask again with /jit request before the time is over."},
		{"move", "This version cannot move access to another address yet; end it with /jit done and ask again from the new address."},
		{"history", "This version cannot show history yet; /jit list shows what is live, and the thread of each card what happened."},
		{"breakglass", "This version has no break-glass yet; ask with /jit request and call an approver."},
	}
}

type verb struct {
	name    Verb
	instead string
}

// ParseCommand reads what stands after /jit, as Slack sends it. Nothing at all
// is a request of which nothing is known yet. The error is a *jit.Refusal; with
// VerbHelp beside it, help should follow.
func ParseCommand(text string) (Command, error) {
	words := strings.Fields(typed(text))
	if len(words) == 0 {
		return Command{Verb: VerbRequest}, nil
	}
	word, rest := Verb(strings.ToLower(bare(words[0]))), words[1:]
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
		ask, err := parseAsk(rest)
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

func unknownVerb(word string) error {
	w := strings.ToLower(bare(word))
	best, least := "", 3
	for _, v := range verbs() {
		if d := distance(w, string(v.name)); d < least {
			best, least = string(v.name), d
		}
	}
	if best == "" {
		return jit.Refuse(jit.ErrInput, "There is no command %s.", word)
	}
	return jit.Refuse(jit.ErrInput, "There is no command %s; did you mean /jit %s?", word, Verb(best))
}

// distance is how many letters must be changed, added or left out to make b of
// a. Words far longer than a command are not measured.
func distance(a, b string) int {
	if len(a) > 20 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func parseList(words []string) (Command, error) {
	switch {
	case len(words) == 0:
		return Command{Verb: VerbList}, nil
	case len(words) == 1 && strings.EqualFold(bare(words[0]), "all"):
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
	id := jit.ID(strings.ToLower(strings.Trim(bare(word), ".,;:()[]*_~")))
	return id, id.Valid()
}

// parseProtect reads <vm>[,<vm>…] and, for protect, the ports that the form
// begins with.
func parseProtect(v Verb, words []string) (Command, error) {
	if len(words) == 0 || strings.EqualFold(words[0], "for") || strings.EqualFold(words[0], "from") {
		return Command{}, jit.Refuse(jit.ErrInput, "Name the VM, as in /jit %s web-1, or tag:key=value for many.", v)
	}
	p := asking{words: words}
	if err := p.vms(); err != nil {
		return Command{}, err
	}
	for len(p.words) > 0 {
		word := p.next()
		if v == VerbUnprotect || !portsLike.MatchString(word) || durationLike.MatchString(word) || addressLike.MatchString(word) {
			return Command{}, jit.Refuse(jit.ErrInput, "I do not understand %s here; write /jit %s and the VMs with commas between them, and the form asks for the rest.", word, v)
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
		c.Reason, err = jit.ParseReason(reason)
	}
	return c, err
}
