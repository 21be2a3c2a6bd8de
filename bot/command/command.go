package command

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/parse"
)

// Command is a typed line, understood.
type Command struct {
	Verb    Verb
	Ask     jit.Ask       // request; what was not typed is empty. protect, unprotect: the VMs, and the ports
	Mine    bool          // request: from the source that was used last
	Wrong   Part          // request that is refused: what is wrong first, where that is one part of it
	Unknown string        // request: the first word, which is no command and must be the name of a VM
	More    time.Duration // extend; by how much
	To      netip.Prefix  // move; to where
	Grant   jit.ID        // approve, deny, extend, move, done, revoke, cancel; done: empty where none was named
	Reason  string        // deny, revoke; of revoke it may be empty
	All     bool          // list
	For     jit.UserID    // explain; for whom, empty for oneself
	Scan    ScanFilter    // scan
	History HistoryFilter // history
	Text    string        // vms; what to search for, may be empty
	About   Verb          // help; of what, empty for all
}

// Part is a part of a request.
type Part string

// The parts of a request.
const (
	PartVMs      Part = "vms"
	PartPorts    Part = "ports"
	PartSource   Part = "source"
	PartDuration Part = "duration"
	PartReason   Part = "reason"
)

// Parse reads what stands after /jit, as Slack sends it. Nothing at all is a
// request of which nothing is known yet. The error is a *jit.Refusal, which tells all
// that is wrong. A line whose first word is no command is read as a request with
// Unknown set, faults or none: where no VM is called so, NoCommand is the answer. Of a request that is refused
// Ask has what could be read all the same, for the form alone.
func Parse(text string) (Command, error) {
	r := newReader(text)
	if !r.more() {
		return Command{Verb: VerbRequest}, nil
	}
	first := r.tokens[r.at]
	s, known := Of(Verb(strings.ToLower(first.read)))
	if !known {
		c := r.request()
		c.Verb, c.Unknown = VerbRequest, first.read
		if len(c.Ask.VMs) > 0 && strings.ContainsAny(first.read, "/=") {
			c.Unknown = "" // by its form it is no command
		}
		return c, r.wrong()
	}
	r.at++
	if help := r.peek(0); len(r.left()) == 1 && help.is("help", "-h", "--help", "?") && s.Verb != VerbHelp {
		return r.helpOf(s)
	}
	if s.Instead != "" {
		return Command{}, jit.Refuse(jit.ErrInput, s.Instead)
	}
	c := s.read(r, s.Verb)
	c.Verb = cmp.Or(c.Verb, s.Verb)
	err := r.wrong()
	if err != nil && c.Verb != VerbRequest {
		return Command{Verb: c.Verb}, err
	}
	return c, err
}

// extend reads <grant> <duration>.
func (r *reader) extend(v Verb) Command {
	id := r.grant(v)
	if r.peek(0).is("by", "for") {
		r.at++
	}
	d, n, err := r.durationAt(0)
	switch {
	case id == "":
		return Command{}
	case n == 0:
		r.fault("Write after the grant by how much: /jit extend %s 1h.", id)
		return Command{}
	case err != nil:
		r.refuse(err)
		return Command{}
	}
	if r.at += n; r.more() {
		r.fault("I do not understand %s; write nothing after the duration: /jit extend %s 1h.", r.rest(), id)
	}
	return Command{Grant: id, More: d}
}

// move reads <grant> <address>.
func (r *reader) move(v Verb) Command {
	id := r.grant(v)
	if r.peek(0).is("to", "from") {
		r.at++
	}
	switch {
	case id == "":
		return Command{}
	case !r.more():
		r.fault("Write after the grant the address that you come from now: /jit move %s 203.0.113.7.", id)
		return Command{}
	}
	to, err := parse.Source(r.peek(0).read)
	r.refuse(err)
	if r.at++; r.more() {
		r.fault("I do not understand %s; write nothing after the address: /jit move %s 203.0.113.7.", r.rest(), id)
	}
	return Command{Grant: id, To: to}
}

func (r *reader) help(Verb) Command {
	if !r.more() {
		return Command{}
	}
	word := r.tokens[r.at].read
	s, known := Of(Verb(strings.ToLower(strings.TrimPrefix(word, "/"))))
	if near := nearest(word); !known && len(near) > 0 && near[0].Instead == "" {
		s, known = near[0], true
	}
	if !known {
		return Command{}
	}
	c, err := r.helpOf(s)
	r.refuse(err)
	return c
}

func (r *reader) helpOf(s Spec) (Command, error) {
	if s.Instead != "" {
		return Command{}, jit.Refuse(jit.ErrInput, s.Instead)
	}
	return Command{Verb: VerbHelp, About: s.Verb}, nil
}

func (r *reader) list(Verb) Command {
	all := len(r.left()) == 1 && r.peek(0).is("all")
	if r.more() && !all {
		r.fault("I do not understand %s; write /jit list for yours, or /jit list all for everybody's.", r.rest())
	}
	return Command{All: all}
}

// onlyGrant reads a grant, and nothing after it.
func (r *reader) onlyGrant(v Verb) Command {
	id := r.grant(v)
	if r.more() && id != "" {
		r.fault("I do not understand %s; write nothing after the grant: /jit %s %s.", r.rest(), v, id)
	}
	return Command{Grant: id}
}

// anyGrant reads a grant, or nothing at all.
func (r *reader) anyGrant(v Verb) Command {
	if !r.more() {
		return Command{}
	}
	return r.onlyGrant(v)
}

// deny reads a grant and the reason, which is told to whoever asked.
func (r *reader) deny(v Verb) Command {
	c := Command{Grant: r.grant(v), Reason: r.reason()}
	if c.Grant != "" && c.Reason == "" && len(r.faults) == 0 {
		r.fault("Say why, which whoever asked reads, as in /jit deny %s ask again after the release.", string(c.Grant))
	}
	return c
}

// protect reads <vm>[,<vm>…] and, for protect, the ports that the form begins with.
func (r *reader) protect(v Verb) Command {
	r.hint = "write /jit " + string(v) + " and the VMs, and the form asks for the rest"
	if v == VerbUnprotect {
		r.hint = "write /jit unprotect and the VMs"
	}
	r.vms()
	if len(r.ask.VMs) == 0 && len(r.faults) == 0 {
		r.fault("Name the VM, as in /jit %s web-1, or tag:key=value for many.", v)
		return Command{}
	}
	for r.more() {
		if skip := r.portsAfter(0); v == VerbProtect && r.durationWords(0) == 0 && (skip > 0 || portLike.MatchString(r.peek(0).read)) {
			r.at += skip
			r.ports(false)
			continue
		}
		r.fault("I do not understand %s here; "+r.hint+".", r.rest())
	}
	r.allPorts()
	return Command{Ask: r.ask.Ask}
}
