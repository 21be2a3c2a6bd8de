package view

import (
	"fmt"
	"strings"

	"jitbot/jit"
)

// Channel is what the default channel reads of what concerns no grant:
// protections, and what happens to the rules that keep VMs shut.
func Channel(e jit.Event) Message {
	vms, ports := vmNames(e.VMs), portList(e.Ports)
	why := "."
	if e.Text != "" {
		why = ": " + Sentence(e.Text)
	}
	switch e.Kind {
	case jit.EventProtected:
		if e.Text != "" {
			return Say(fmt.Sprintf("Protected by %s: %s. The denies on port %s were read back in force. They leave open %s. Ask with `/jit request`.",
				actor(e.Actor), vms, ports, strings.TrimSuffix(prose(e.Text), ".")))
		}
		return Say(fmt.Sprintf("Protected by %s: %s. Nobody reaches port %s there without a grant; the denies were read back in force. Ask with `/jit request`.",
			actor(e.Actor), vms, ports))
	case jit.EventUnprotected:
		return Say(fmt.Sprintf("Unprotected by %s: %s%s jitbot no longer keeps port %s shut there; its denies were read back gone.",
			actor(e.Actor), vms, why, ports))
	case jit.EventDrift:
		return Say(fmt.Sprintf("Somebody changed a rule in Azure that keeps %s shut%s", vms, why))
	case jit.EventExposed:
		if e.Text == "" {
			return Say(fmt.Sprintf("%s is shut again: nobody reaches port %s there without a grant.", vms, ports))
		}
		return Say(fmt.Sprintf("What is open on %s though it is protected changed in Azure: its denies on port %s now leave open %s. See `/jit scan`.",
			vms, ports, strings.TrimSuffix(prose(e.Text), ".")))
	case jit.EventMoved:
		return Say(fmt.Sprintf("%s changed in Azure%s", vms, why))
	case jit.EventDigest:
		return Say("How the VMs stand" + why)
	case jit.EventOrphan:
		return Say(fmt.Sprintf("A rule of jitbot was left in Azure%s", why))
	default:
		return Say(fmt.Sprintf("%s by %s: %s%s", Code(string(e.Kind)), actor(e.Actor), vms, why))
	}
}

// vmNames names VMs by their resource ids.
func vmNames(ids []string) string {
	var names []string
	for i, id := range ids {
		if i == maxTargets {
			names = append(names, fmt.Sprintf("and %d more", len(ids)-maxTargets))
			break
		}
		names = append(names, Code(groupAndName(id)))
	}
	if len(names) == 0 {
		return "no VM"
	}
	return strings.Join(names, ", ")
}

// groupAndName is what people call a VM by, from its resource id.
func groupAndName(id string) string {
	parts := strings.Split(id, "/")
	for i, part := range parts {
		if strings.EqualFold(part, "resourceGroups") && i+2 < len(parts) {
			return parts[i+1] + "/" + resourceName(id)
		}
	}
	return resourceName(id)
}
