package command

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// reader reads a line word by word, and collects what is wrong with it.
type reader struct {
	raw    string // as Slack sent it
	line   string
	tokens []token // of what is still to be read and what was
	at     int
	hint   string // what to write instead of what is not understood
	faults []*jit.Refusal
	ask    asked
}

const (
	maxWords  = 600 // of a line: a reason has a thousand characters at most
	maxFaults = 12  // that are told of one line
)

// newReader reads a line as Slack sent it. Its first word may be the name of the
// command once more, as people copy it.
func newReader(raw string) *reader {
	r := &reader{raw: raw, line: Unformat(raw)}
	r.tokens = lex(r.line)
	if r.more() && r.tokens[0].is("/jit") {
		r.at++
	}
	return r
}

func (r *reader) more() bool { return r.at < len(r.tokens) }

func (r *reader) left() []token { return r.tokens[r.at:] }

// peek is the word that comes i words from here; a zero token where there is none.
func (r *reader) peek(i int) token {
	if r.at+i >= len(r.tokens) {
		return token{}
	}
	return r.tokens[r.at+i]
}

// rest is the text that is left, which is read with it.
func (r *reader) rest() string {
	if !r.more() {
		return ""
	}
	at := r.tokens[r.at].at
	r.at = len(r.tokens)
	return r.line[at:]
}

// typed is the text of the next n words, which are read with it.
func (r *reader) typed(n int) string {
	from, to := r.tokens[r.at].at, r.tokens[r.at+n-1].end
	r.at += n
	return r.line[from:to]
}

// fault says what is wrong, beside what was wrong before.
func (r *reader) fault(format string, args ...any) {
	r.refuse(jit.Refuse(jit.ErrInput, format, args...))
}

func (r *reader) refuse(err error) {
	if no, ok := err.(*jit.Refusal); ok && len(r.faults) < maxFaults { //nolint:errorlint // parse wraps none
		r.faults = append(r.faults, no)
	}
}

// wrong is all that is wrong.
func (r *reader) wrong() error {
	if len(r.faults) == 0 {
		return nil
	}
	all := r.faults[0]
	for _, next := range r.faults[1:] {
		all = all.And(next)
	}
	return all
}

// grant reads the id of a grant.
func (r *reader) grant(v Verb) jit.ID {
	if !r.more() {
		r.fault("Name the grant, as in /jit %s g-7k2qd; /jit list shows yours.", v)
		return ""
	}
	id, ok := grantID(r.tokens[r.at].read)
	if !ok {
		r.fault("%s names no grant; write one such as g-7k2qd, /jit list shows yours.", r.tokens[r.at].typed)
	}
	r.at++
	if !ok {
		return ""
	}
	return id
}

// grantID reads an id as people copy it: quoted, upper case, with a full stop.
func grantID(word string) (jit.ID, bool) {
	id := jit.ID(strings.ToLower(strings.Trim(Bare(word), ".,;:()[]*_~"+quoteMarks)))
	return id, id.Valid()
}

// reason reads what is left as a reason, which may begin with for and may be missing.
func (r *reader) reason() (out string) {
	if r.peek(0).is(forWords()...) {
		r.at++
	}
	if s := unquoted(r.rest()); s != "" {
		var err error
		out, err = parse.Reason(s)
		r.refuse(err)
	}
	return out
}
