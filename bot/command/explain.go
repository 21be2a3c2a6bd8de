package command

import (
	"strings"

	"jitbot/jit"
)

// parseExplain reads <vm> [@user] from the line as Slack sent it: only there a
// mention still says whom it means.
func parseExplain(line string) (Command, error) {
	var people []string
	line = marker.ReplaceAllStringFunc(line, func(m string) string {
		part := marker.FindStringSubmatch(m)
		if part[1] != "@" {
			return m
		}
		people = append(people, part[2])
		return " "
	})
	c := Command{Verb: VerbExplain}
	p := requestParser{words: strings.Fields(Unformat(line))}
	if len(p.words) > 0 {
		p.next() // the verb
	}
	if len(p.words) == 0 {
		return c, jit.Refuse(jit.ErrInput, "Name the VM, as in /jit explain web-1.")
	}
	if err := p.vms(); err != nil {
		return c, err
	}
	if len(p.words) > 0 {
		return c, jit.Refuse(jit.ErrInput,
			"I do not understand %s here; write /jit explain <vm>, and admins may mention somebody after it.", p.words[0])
	}
	if len(p.ask.VMs) != 1 || len(people) > 1 {
		return c, jit.Refuse(jit.ErrInput, "Name one VM, and at most one person.")
	}
	c.Ask.VMs = p.ask.VMs
	if len(people) == 1 {
		if !IsUser(people[0]) {
			return c, jit.Refuse(jit.ErrInput, "%s is no member of this workspace.", people[0])
		}
		c.For = jit.UserID(people[0])
	}
	return c, nil
}
