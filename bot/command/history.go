package command

import (
	"regexp"
	"strconv"
	"strings"

	"jitbot/jit"
)

const (
	defaultDays = 7
	maxDays     = 3650
)

// HistoryFilter is which lines of the record are shown. The button to the next page
// carries it as JSON.
type HistoryFilter struct {
	VM     string     `json:"v,omitempty"`
	Grant  jit.ID     `json:"g,omitempty"`
	User   jit.UserID `json:"u,omitempty"` // whoever acted, or whom it was about
	Days   int        `json:"d,omitempty"` // 0: all of them, of a grant
	Before uint64     `json:"b,omitempty"` // only lines with a smaller number
}

// Valid reports whether it is one that a line could have asked for: a button may be forged.
func (f HistoryFilter) Valid() bool {
	subjects := 0
	for _, there := range []bool{f.VM != "", f.Grant != "", f.User != ""} {
		if there {
			subjects++
		}
	}
	return subjects <= 1 && (f.VM == "" || CheckVM(f.VM) == nil) && (f.Grant == "" || f.Grant.Valid()) &&
		(f.User == "" || IsUser(string(f.User))) && f.Days >= 0 && f.Days <= maxDays && (f.Days > 0 || f.Grant != "")
}

// history reads a VM, a grant or somebody who is mentioned, and for how many days, in any
// order.
func (r *reader) history(Verb) Command {
	people := r.mentioned()
	var f HistoryFilter
	var names []string
	for r.more() {
		t := r.tokens[r.at]
		r.at++
		id, isGrant := grantID(t.read)
		days, isDays := r.days(t.read)
		switch {
		case isDays:
			f.Days = days
		case strings.HasPrefix(t.read, "@"):
			r.fault("I do not know who %s is; choose the name that Slack offers when you type @.", t.typed)
		case isGrant:
			f.Grant = id
			names = append(names, string(id))
		case t.is("last", "past", "the", "of", "for", "since"):
		default:
			if err := CheckVM(t.read); err != nil {
				r.refuse(err)
			}
			f.VM = t.read
			names = append(names, t.read)
		}
	}
	names = append(names, people...)
	switch {
	case len(r.faults) > 0:
	case len(names) > 1:
		r.fault("Name one VM, one grant or one person, as in /jit history web-1 30.")
	case len(people) == 1 && !IsUser(people[0]):
		r.fault("%s is no member of this workspace.", people[0])
	case len(people) == 1:
		f.User = jit.UserID(people[0])
	}
	if f.Days == 0 && f.Grant == "" {
		f.Days = defaultDays
	}
	return Command{History: f}
}

var dayWord = regexp.MustCompile(`^(\d{1,6})(d|day|days)?$`)

// days reads 30, 30d and 30 days; the word after the number is read with it.
func (r *reader) days(word string) (n int, ok bool) {
	m := dayWord.FindStringSubmatch(strings.ToLower(word))
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n < 1 || n > maxDays {
		r.fault("%s days cannot be shown; write a number from 1 to "+strconv.Itoa(maxDays)+".", m[1])
	}
	if m[2] == "" && r.peek(0).is("d", "day", "days") {
		r.at++
	}
	return n, true
}
