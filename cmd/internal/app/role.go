package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"jitbot/cmd/internal/config"
	"jitbot/jit/access"
	"jitbot/jit/policies"
)

// Holder is whom a role is for.
type Holder string

// The holders.
const (
	BotRole       Holder = ""
	SweepRole     Holder = "sweep"
	RequesterRole Holder = "requester"
	AdminRole     Holder = "admin"
)

// role is what az role definition create reads.
type role struct {
	Name             string
	IsCustom         bool
	Description      string
	Actions          []string
	NotActions       []string
	AssignableScopes []string
}

// Role is the least Azure role that the holder needs, as JSON for az role
// definition create: the bot and the sweep with these kinds of firewalls, a
// person to request, an admin to protect. Of the configuration the installation
// may be missing, which names the role, and the subscriptions, in whose place
// stands something that Azure refuses.
func Role(c config.Config, of Holder, firewalls Firewalls) ([]byte, error) {
	r := role{Name: "jitbot", IsCustom: true, NotActions: []string{}}
	for _, word := range []string{c.Jit.Installation, string(of)} {
		if word != "" {
			r.Name += " " + word
		}
	}
	r.Actions, r.Description = roleContent(c, of, firewalls)
	for _, id := range c.Azure.Subscriptions {
		r.AssignableScopes = append(r.AssignableScopes, "/subscriptions/"+id)
	}
	if len(r.AssignableScopes) == 0 {
		r.AssignableScopes = []string{"/subscriptions/00000000-0000-0000-0000-000000000000"}
	}
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the role: %w", err)
	}
	return append(out, '\n'), nil
}

func roleContent(c config.Config, of Holder, firewalls Firewalls) (actions []string, description string) {
	switch of {
	case RequesterRole:
		actions = c.Jit.RequiredActions
		if len(actions) == 0 {
			actions = policies.DefaultActions()
		}
		return actions, "May ask jitbot for network access to the virtual machines below its scope."
	case AdminRole:
		return access.ProtectActions(), "With admins in jitbot's configuration: may protect the virtual machines below its scope, and end that." +
			" Can also change the machines themselves."
	case SweepRole:
		needed := slices.DeleteFunc(Actions(c), func(a Action) bool { return !a.Sweep || !firewalls.Include(a.Firewall) })
		return Names(needed), "Closes network access that jitbot opened, once its time is up." +
			" In network security groups it can only read and delete rules." + aboutFirewalls(firewalls)
	default:
		needed := slices.DeleteFunc(Actions(c), func(a Action) bool { return !firewalls.Include(a.Firewall) })
		return Names(needed), "Opens and closes network access to virtual machines for a time, by single security rules." +
			aboutFirewalls(firewalls)
	}
}

func aboutFirewalls(f Firewalls) string {
	switch f {
	case PolicyFirewalls:
		return " Writes rule collection groups of firewall policies, not the firewalls themselves."
	case ClassicFirewalls:
		return " Writes firewalls with rules of their own."
	case AllFirewalls:
		return " Writes rule collection groups of firewall policies, and firewalls with rules of their own."
	default:
		return " Writes no firewall."
	}
}

// SweepWarning is what whoever prints the role of jitbot sweep must know; with
// no firewall it is nothing.
func SweepWarning(f Firewalls) string {
	if f == NoFirewalls {
		return ""
	}
	return `In network security groups this role can only read and delete rules. A firewall
is closed by writing it, so who holds this role can also open one.
A rule under a lock is removed once somebody has removed the lock.
`
}

// RoleNotes say on what grounds a role was chosen where nobody said: in file, a
// configuration that may not be there, or without the flags of the command.
func RoleNotes(c config.Config, file string, of Holder, firewalls Firewalls, chosen bool) string {
	out := ""
	if len(c.Azure.Subscriptions) == 0 {
		out += fmt.Sprintf("There is no configuration %s yet: add --subscription with your subscription's id, or\n"+
			"put it into AssignableScopes in place of the zeros.\n", file)
	}
	if !chosen || of == RequesterRole || of == AdminRole {
		return out
	}
	why := cmp.Or(map[bool]string{true: "open_within names firewalls in " + file}[c.Azure.Firewalls], "nothing says that there are firewalls")
	return out + fmt.Sprintf("Chosen is --firewall %s, since %s. Where an Azure\n"+
		"Firewall is in front of a machine write policy, classic or all, as it is managed;\n"+
		"jitbot check names what is missing.\n", firewalls, why)
}
