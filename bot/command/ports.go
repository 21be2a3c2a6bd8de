package command

import (
	"strings"
	"time"

	"jitbot/jit/parse"
)

// ports reads a word of ports. Several belong together when a comma or and stands
// between, or when their form leaves no doubt: a mere number may be meant as minutes.
func (r *reader) ports(joined bool) {
	t := r.peek(0)
	if !portLike.MatchString(t.read) && (t.read == "" || t.read[0] < '0' || t.read[0] > '9') {
		return // and stood before another part
	}
	bare := digitsOnly.MatchString(t.read)
	together := joined || r.portsEnd() && (t.listed || !bare && !r.ask.bare)
	minutes := r.ask.timeEnd == r.at && r.ask.Duration > 0 && r.ask.Duration%time.Hour == 0 && !t.listed
	switch _, err := parse.Ports(t.read); {
	case err != nil:
		r.refuse(err)
	case len(r.ask.ports) > 0 && !together:
		r.fault("There are ports in two places, %s and %s; write them together, as in 22,3389, and a duration with its unit, as in 60m.",
			strings.Join(r.ask.ports, ","), t.typed)
	case bare && minutes && len(t.read) < 3 && t.read < "60" && t.read != "22":
		r.fault("%s after %s may be a port or minutes; write %s/tcp for the port, or 1h%sm for the time.",
			t.typed, r.ask.duration, t.typed, t.typed)
	default:
		r.ask.ports = append(r.ask.ports, t.read)
	}
	r.at++
	r.ask.portsEnd, r.ask.bare = r.at, bare
}

// allPorts puts them together, and finds those that overlap.
func (r *reader) allPorts() {
	if len(r.ask.ports) == 0 {
		return
	}
	var err error
	r.ask.Ports, err = parse.Ports(strings.Join(r.ask.ports, ","))
	r.refuse(err)
}
