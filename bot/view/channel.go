package view

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// Channel is what the default channel reads of what concerns no grant:
// protections, and what happens to the rules that keep VMs shut.
func Channel(e jit.Event) Message {
	why := whyOf(e)
	if text := events()[e.Kind].channel; text != nil {
		return Say(text(e, why))
	}
	return Say(fmt.Sprintf("%s by %s: %s%s", Code(string(e.Kind)), actor(e.Actor), vmNames(e.VMs), why))
}

// ChannelMany is what the default channel reads of what happened to many machines
// within a minute. Events are of one kind.
func ChannelMany(events []jit.Event) Many {
	if len(events) == 1 {
		return Many{Head: Channel(events[0])}
	}
	var names, lines []string
	texts := 0
	seen := map[string]bool{}
	for _, e := range events {
		line := vmNames(e.VMs)
		if e.Text != "" {
			texts++
			line = Channel(e).Text
		}
		lines = append(lines, line)
		for _, id := range e.VMs {
			if name := Code(groupAndName(id)); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	m := Many{Head: Say(manyText(events, names, texts))}
	if len(names) > maxNamed || texts > 0 {
		m.Rest = parts(lines, "see `/jit vms`")
	}
	return m
}

// manyText says what events of one kind have in common; so many of them say more
// by themselves, in the thread.
func manyText(events []jit.Event, names []string, texts int) string {
	vms, all := text.Count(len(names), "VM", "VMs"), named(names, maxNamed)
	more := ""
	if texts > 0 {
		more = " What each says is in the thread."
	}
	switch kind := events[0].Kind; kind {
	case jit.EventProtected:
		last := slices.MaxFunc(events, func(a, b jit.Event) int { return a.At.Compare(b.At) }).At
		said := fmt.Sprintf("%s are protected: %s. The denies were read back in force, the last at %s.", vms, all, When(last))
		if texts > 0 {
			said += fmt.Sprintf(" They leave something open on %s, named in the thread.", text.Count(texts, "of these", "of these"))
		}
		return said + " Ask with `/jit request`."
	case jit.EventUnprotected:
		return fmt.Sprintf("%s are no longer protected: %s. The denies were read back gone.%s", vms, all, more)
	case jit.EventExposed:
		return fmt.Sprintf("What is open on %s though they are protected changed in Azure: %s.%s See `/jit scan`.", vms, all, more)
	case jit.EventMoved:
		return fmt.Sprintf("%s changed in Azure, and the rules follow: %s.%s", vms, all, more)
	case jit.EventDrift:
		return fmt.Sprintf("Somebody changed rules in Azure that keep %s shut, %d times: %s.%s", vms, len(events), all, more)
	case jit.EventMissing:
		return fmt.Sprintf("%s of the configuration are unknown to Slack.%s Mend the configuration and restart jitbot.",
			text.Count(len(events), "person or group", "people or groups"), more)
	case jit.EventOrphan:
		return fmt.Sprintf("%d rules of jitbot were left in Azure.%s", len(events), more)
	default:
		return fmt.Sprintf("%s, %d times: %s.%s", Code(string(kind)), len(events), all, more)
	}
}

func channelProtected(e jit.Event, _ string) string {
	if e.Text != "" {
		return fmt.Sprintf("Protected by %s: %s. The denies on port %s were read back in force. They leave open %s. "+
			"Ask with `/jit request`.",
			actor(e.Actor), vmNames(e.VMs), portList(e.Ports), leftOpen(e))
	}
	return fmt.Sprintf("Protected by %s: %s. Nobody reaches port %s there without a grant; the denies were read back in force. "+
		"Ask with `/jit request`.",
		actor(e.Actor), vmNames(e.VMs), portList(e.Ports))
}

// leftOpen is what the denies leave open, within a sentence.
func leftOpen(e jit.Event) string { return strings.TrimSuffix(prose(e.Text), ".") }

func channelUnprotected(e jit.Event, why string) string {
	return fmt.Sprintf("Unprotected by %s: %s%s jitbot no longer keeps port %s shut there; its denies were read back gone.",
		actor(e.Actor), vmNames(e.VMs), why, portList(e.Ports))
}

func channelDrift(e jit.Event, why string) string {
	return fmt.Sprintf("The rules in Azure that keep %s shut were not as they should be%s", vmNames(e.VMs), why)
}

func channelExposed(e jit.Event, _ string) string {
	if e.Text == "" {
		return fmt.Sprintf("%s is shut again: nobody reaches port %s there without a grant.", vmNames(e.VMs), portList(e.Ports))
	}
	return fmt.Sprintf("%s should be shut at port %s, and is not altogether: what is open there is now %s. See `/jit scan`.",
		vmNames(e.VMs), portList(e.Ports), leftOpen(e))
}

func channelMoved(e jit.Event, why string) string {
	return fmt.Sprintf("%s changed in Azure%s", vmNames(e.VMs), why)
}

// channelDigest stands in for a digest that cannot be read.
func channelDigest(_ jit.Event, why string) string { return "How the VMs stand" + why }

func channelOrphan(_ jit.Event, why string) string {
	return "Rules of jitbot that no live grant explains were left in Azure" + why
}

func channelStuck(_ jit.Event, why string) string {
	return "A rule of jitbot that should be gone is still in Azure, and jitbot keeps trying to remove it" + why
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
			return parts[i+1] + "/" + resource.Name(id)
		}
	}
	return resource.Name(id)
}
