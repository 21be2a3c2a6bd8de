package sim_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"jitbot/jit/azure/azuresim"
)

// strangersFaults are what other people do to the network, and to rules of ours.
func strangersFaults() []fault {
	return []fault{
		{"NSG moved", func(h *hostile) bool { id, _ := h.drawNSG(); return h.move("NSG moved", id) }},
		{"machine moved", func(h *hostile) bool {
			name := h.drawMachine("machine")
			return name != "" && h.move("machine moved", h.vm(name).ID)
		}},
		{"machine deleted", (*hostile).deleteVM},
		{"machine created again", (*hostile).recreateVM},
		{"interface taken over", (*hostile).takeOver},
		{"foreign write", func(h *hostile) bool { return h.foreignWrite(false, false) }},
		{"foreign write that fails", func(h *hostile) bool { return h.foreignWrite(true, false) }},
		{"foreign write that restores", func(h *hostile) bool { return h.foreignWrite(true, true) }},
		{"rule removed", func(h *hostile) bool { return h.hand("removed") }},
		{"rule widened", func(h *hostile) bool { return h.hand("widened") }},
		{"rule turned", func(h *hostile) bool { return h.hand("turned") }},
		{"rule with more ports", func(h *hostile) bool { return h.hand("more ports") }},
		{"rule with another until", func(h *hostile) bool { return h.hand("until moved") }},
		{"rule renumbered", func(h *hostile) bool { return h.hand("renumbered") }},
	}
}

// move takes a resource to the other group of its subscription, and back.
func (h *hostile) move(name, id string) bool {
	sub, to := azuresim.DemoStaging, azuresim.DemoStagingGroup
	if strings.Contains(id, azuresim.DemoArchive) {
		sub, to = azuresim.DemoArchive, azuresim.DemoArchiveGroup
	}
	if strings.HasPrefix(id, to+"/") {
		to = "/subscriptions/" + sub + "/resourceGroups/other"
	}
	takes := some(h.draw, "takes", 0, 20*time.Second)
	_, err := h.Azure.MoveResource(azuresim.Move{ID: id, Group: to, Takes: takes, Early: seldom(h.draw, "early", 2)})
	h.draw.Logf("%s in %s: %v", id, takes, err)
	if err != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if takes > 0 {
		h.excuse(takes+tried, h.guardsIn(sub)...) // writes in both groups are refused meanwhile
	}
	h.excuse(takes+identified, nameOf(id))
	return true
}

func (h *hostile) deleteVM() bool {
	if len(h.machines()) < 2 {
		return false
	}
	vm := h.vm(h.drawMachine("machine"))
	h.draw.Logf("%s", vm.ID)
	h.Azure.DeleteVM(vm.ID)
	h.another(nameOf(vm.ID))
	return true
}

func (h *hostile) recreateVM() bool {
	name := h.drawMachine("machine")
	if name == "" {
		return false
	}
	vm := h.vm(name)
	h.draw.Logf("%s", vm.ID)
	if _, err := h.Azure.RecreateVM(vm.ID); err != nil {
		h.T.Fatal(err)
	}
	h.another(nameOf(vm.ID))
	return true
}

// takeOver puts another machine on the interfaces of one that is deleted.
func (h *hostile) takeOver() bool {
	name := h.drawMachine("machine")
	if name == "" {
		return false
	}
	vm := h.vm(name)
	h.Azure.DeleteVM(vm.ID)
	h.another(nameOf(vm.ID))
	h.ran++
	next := vm
	next.VMID, next.ID = "", vm.ID+"-next"
	h.draw.Logf("%s by %s", vm.ID, next.ID)
	h.Azure.PutVM(next)
	h.another(nameOf(next.ID))
	return true
}

// another notes that the machine of that name is not the one it was.
func (h *hostile) another(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.generation[name]++
	h.excuse(identified, name)
}

// foreignWrite is somebody's write of a whole NSG, with our rules or without.
func (h *hostile) foreignWrite(fails, restores bool) bool {
	id, name := h.drawNSG()
	keeps := seldom(h.draw, "keeps ours", 2)
	takes := some(h.draw, "takes", 3*time.Second, 20*time.Second, 60*time.Second)
	err := h.Azure.BeginForeignWrite(azuresim.ForeignWrite{
		NSG: id, Takes: takes, Fails: fails, Restores: restores,
		Rules: func(present []azuresim.Rule) []azuresim.Rule {
			present = slices.DeleteFunc(present, func(r azuresim.Rule) bool { return !keeps && ours(r.Name) || r.Name == "theirs" })
			r := inbound("theirs", "Internet", 3000)
			r.DestinationPortRange = "8080"
			return append(present, r)
		},
	})
	h.draw.Logf("%s, keeps ours %t, in %s: %v", name, keeps, takes, err)
	if err != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.excuse(takes+tried, name)
	return true
}

// foreignWriter is somebody who changes an NSG right before each write of it as
// a whole: here of the one before three machines, since fewer changes are made rule
// by rule. Writes of single rules go on, so it excuses nothing.
func (h *hostile) foreignWriter() bool {
	const name = "staging-subnet-nsg"
	all := h.nsgs()
	id := all[slices.IndexFunc(all, func(id string) bool { return nameOf(id) == name })]
	before := time.Now()
	h.Azure.SetForeignWriter(id, some(h.draw, "writes", 2, -1))
	h.begin(active{
		name: "foreign writer", after: tried, doubts: []string{name}, end: func() { h.Azure.SetForeignWriter(id, 0) },
		hits: func() bool {
			return slices.ContainsFunc(h.Azure.Requests(), func(r azuresim.Request) bool {
				return r.Status == http.StatusPreconditionFailed && !r.Time.Before(before)
			})
		},
	})
	h.askBehind(name)
	return false
}

// hand edits a rule of ours, as a hand in the portal does.
func (h *hostile) hand(how string) bool {
	var all []place
	for _, nsg := range h.nsgs() {
		for _, r := range h.Azure.Rules(nsg) {
			if ours(r.Name) {
				all = append(all, place{nsg, r})
			}
		}
	}
	if len(all) == 0 {
		return false
	}
	at := one(h.draw, "rule", all, func(p place) string { return p.rule.Name + " of " + nameOf(p.nsg) })
	h.mu.Lock()
	defer h.mu.Unlock()
	var err error
	switch how {
	case "removed":
		err = h.Azure.DeleteRule(at.nsg, at.rule.Name)
	case "renumbered":
		at.rule.Priority = some(h.draw, "priority", 120, 240, 299, 1500, 3000)
		err = h.Azure.PutRule(at.nsg, at.rule)
	default:
		h.edited[at.rule.Name] = h.edited[at.rule.Name] || how == "until moved"
		err = h.Azure.PutRule(at.nsg, edited(at.rule, how))
	}
	if err != nil {
		h.draw.Logf("%v", err)
		return false
	}
	h.excuse(noticed, nameOf(at.nsg))
	return true
}
