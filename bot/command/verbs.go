package command

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

// What buttons and forms do that has no command.
const (
	VerbApprove Verb = "approve"
	VerbDeny    Verb = "deny"
)

// verbs are the words that are understood. One with a sentence cannot be carried
// out yet; the sentence says what can be done instead.
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

func unknownVerb(word string) error {
	w := strings.ToLower(Bare(word))
	best, least := Verb(""), 3
	for _, v := range verbs() {
		if d := distance(w, string(v.name)); d < least {
			best, least = v.name, d
		}
	}
	if best == "" {
		return jit.Refuse(jit.ErrInput, "There is no command %s.", word)
	}
	return jit.Refuse(jit.ErrInput, "There is no command %s; did you mean /jit %s?", word, best)
}

// distance is how many letters must be changed, added or left out to make b of
// a. Words far longer than a command are not measured. jit.Distance also counts
// two letters that changed places as one, which would suggest other commands.
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
