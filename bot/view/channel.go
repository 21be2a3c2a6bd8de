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
	d := new(draft)
	if tell := events()[e.Kind].channel; tell != nil {
		tell(d, e)
	} else {
		d.say(Code(string(e.Kind))+" by "+actor(e.Actor)+": "+vmNames(e.VMs)+".").quote("", e.Text)
	}
	return d.message()
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
			if name := nameByID(id, false); !seen[name] {
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

func channelProtected(d *draft, e jit.Event) {
	shut := "Nobody reaches " + portWords(e.Ports) + " there without a grant; the denies were read back in force."
	if e.Text != "" {
		shut = "The denies on " + portWords(e.Ports) + " were read back in force, but something stays open."
	}
	d.say("🔒 *Protected by "+actor(e.Actor)+": "+vmNames(e.VMs)+"*", shut)
	d.quote("⚠️ Still open: ", e.Text).say("Ask for access with `/jit request`.")
}

func channelUnprotected(d *draft, e jit.Event) {
	d.say("🔓 *No longer protected, by "+actor(e.Actor)+": "+vmNames(e.VMs)+"*",
		"jitbot keeps "+portWords(e.Ports)+" shut there no more; its denies were read back gone.").quote("Why: ", e.Text)
}

func channelDrift(d *draft, e jit.Event) {
	d.say("⚠️ *Somebody changed rules that keep "+vmNames(e.VMs)+" shut*").quote("", e.Text)
}

func channelExposed(d *draft, e jit.Event) {
	if e.Text == "" {
		d.say("🔒 *Shut again: "+vmNames(e.VMs)+"*", "Nobody reaches "+portWords(e.Ports)+" there without a grant.")
		return
	}
	d.say("🚨 *Not altogether shut: "+vmNames(e.VMs)+"*",
		"It is protected at "+portWords(e.Ports)+", and something is open there. See `/jit scan`.")
	d.quote("Open is ", e.Text)
}

func channelMoved(d *draft, e jit.Event) {
	d.say("*"+vmNames(e.VMs)+" changed in Azure*").quote("", e.Text)
}

// channelDigest stands in for a digest that cannot be read.
func channelDigest(d *draft, e jit.Event) { d.say("*How the VMs stand*").quote("", e.Text) }

func channelOrphan(d *draft, e jit.Event) {
	d.say("*Rules of jitbot without a live grant were left in Azure*").quote("", e.Text)
}

func channelStuck(d *draft, e jit.Event) {
	d.say("🚨 *A rule of jitbot that should be gone is still in Azure*").quote("", e.Text)
	d.say("It is tried again until it is gone.")
}

// vmNames names VMs by their resource ids.
func vmNames(ids []string) string {
	var names []string
	for i, id := range ids {
		if i == maxTargets {
			names = append(names, fmt.Sprintf("%d more", len(ids)-maxTargets))
			break
		}
		names = append(names, nameByID(id, false))
	}
	if len(names) == 0 {
		return "no VM"
	}
	return text.Join(names)
}

// nameByID is what a VM is called, from its resource id.
func nameByID(id string, production bool) string {
	group := ""
	parts := strings.Split(id, "/")
	for i, part := range parts {
		if strings.EqualFold(part, "resourceGroups") && i+2 < len(parts) {
			group = parts[i+1]
		}
	}
	return vmName(group, resource.Name(id), production)
}

// channelAnchor tells an anchor of the record, so that it is kept where whoever holds the
// store cannot change it.
func channelAnchor(d *draft, e jit.Event) {
	d.say("🧾 *The record up to now is anchored*", "`jitbot audit verify --anchor "+escape(text.Clean(e.Text))+"` proves later that "+
		"nothing before it was changed or removed.")
}
