package command

import (
	"jitbot/jit"
)

// explain reads <vm> [@user] from the line as Slack sent it: only there a mention
// still says whom it means.
func (r *reader) explain(Verb) Command {
	people := r.mentioned()
	r.hint = "write /jit explain <vm>, and admins may mention somebody after it"
	r.vms()
	switch {
	case len(r.faults) > 0:
	case r.more():
		r.fault("I do not understand %s here; "+r.hint+".", r.rest())
	case len(r.ask.VMs) == 0:
		r.fault("Name the VM, as in /jit explain web-1.")
	case len(r.ask.VMs) > 1 || len(people) > 1:
		r.fault("Name one VM, and at most one person.")
	case len(people) == 1 && !IsUser(people[0]):
		r.fault("%s is no member of this workspace.", people[0])
	case len(people) == 1:
		return Command{Ask: r.ask.Ask, For: jit.UserID(people[0])}
	}
	return Command{Ask: r.ask.Ask}
}

// mentioned takes those who are mentioned out of the line, in order.
func (r *reader) mentioned() (people []string) {
	line := marker.ReplaceAllStringFunc(r.raw, func(m string) string {
		part := marker.FindStringSubmatch(m)
		if part[1] != "@" {
			return m
		}
		people = append(people, part[2])
		return " "
	})
	verb := r.at
	named := newReader(line)
	named.at = min(verb, len(named.tokens))
	*r = *named
	return people
}
