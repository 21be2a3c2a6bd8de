package sim_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit/azure/azuresim"
)

// fault is one kind of what goes wrong. do reports whether it came to pass at
// once; what begins with it and comes to pass later is an active.
type fault struct {
	name string
	do   func(*hostile) bool
}

// faults are all kinds that are drawn. Those of requests and of the store's file
// come to pass only where there is a request or a grant, so they are drawn more often.
func faults() []fault {
	often := slices.Concat(requestFaults(), storeFaults())
	return slices.Concat(often, often, azureFaults(), strangersFaults(), ownFaults())
}

// active is a fault that goes on for a while.
type active struct {
	name    string
	ends    time.Time
	after   time.Duration // its excuse goes on for this long after it
	excuses []string      // NSGs and machines where Azure refuses what jitbot must do
	doubts  []string      // and where it cannot know or tell
	hits    func() bool   // nil: it has come to pass
	end     func()
}

// begin has a fault go on for a drawn time.
func (h *hostile) begin(a active) bool {
	a.ends = time.Now().Add(some(h.draw, "goes on", 20*time.Second, 70*time.Second, 3*time.Second))
	h.active = append(h.active, a)
	h.keepFaults()
	return a.hits == nil
}

// keepFaults ends what is over, and excuses what the others prevent.
func (h *hostile) keepFaults() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.running {
		h.excuse(started, "")
		h.doubt(noticed, "")
	}
	for _, a := range h.active {
		h.excuse(a.after, a.excuses...)
		h.doubt(a.after, a.doubts...)
	}
	h.active = slices.DeleteFunc(h.active, func(a active) bool {
		if a.ends.After(time.Now()) {
			return false
		}
		if a.end != nil {
			a.end()
		}
		if a.hits != nil && a.hits() {
			h.seen.add(a.name)
		}
		return true
	})
}

// isActive reports whether a fault of that name goes on: some cannot be twice.
func (h *hostile) isActive(name string) bool {
	return slices.ContainsFunc(h.active, func(a active) bool { return a.name == name })
}

// drawNSG draws the id of an NSG and its name.
func (h *hostile) drawNSG() (id, name string) {
	id = one(h.draw, "nsg", h.nsgs(), nameOf)
	return id, nameOf(id)
}

func azureFaults() []fault {
	var list []fault
	for _, s := range []azuresim.SubscriptionHealth{
		azuresim.OutOfRequests, azuresim.OutOfReach, azuresim.Disabled, azuresim.DisabledForWrites,
	} {
		list = append(list, fault{"subscription " + s.String(), func(h *hostile) bool { return h.fallIll(s) }})
	}
	return append(list, rightsFaults()...)
}

// requestFaults are those of answers and operations.
func requestFaults() []fault {
	list := []fault{
		{"foreign writer", (*hostile).foreignWriter},
		{"NSG missing from lists", func(h *hostile) bool { return h.lag("NSG missing from lists", false, 3, 0) }},
		{"NSG answers 404", func(h *hostile) bool { return h.lag("NSG answers 404", false, 0, 2) }},
		{"machine missing from lists", func(h *hostile) bool { return h.lag("machine missing from lists", true, 2, 0) }},
		{"machine missing and 404", func(h *hostile) bool { return h.lag("machine missing and 404", true, 1, 2) }},
		{"answers without an etag", func(h *hostile) bool {
			return h.inject("answers without an etag", azuresim.WithoutETag().On(http.MethodGet, "/networkSecurityGroups"), tried)
		}},
		{"hanging machine list", func(h *hostile) bool {
			all := h.names()
			f := azuresim.HangingRequest().On(http.MethodGet, some(h.draw, "subscription", azuresim.DemoStaging, azuresim.DemoArchive)+
				"/providers/Microsoft.Compute/virtualMachines")
			return h.inject("hanging machine list", f, identified, all...)
		}},
	}
	for name, f := range map[string]azuresim.Fault{
		"hanging request": azuresim.HangingRequest(), "hanging answer": azuresim.HangingAnswer(),
		"hanging operation": azuresim.HangingOperation(), "throttled": azuresim.Throttled("7"),
		"failing operation": azuresim.OperationFails(), "lost answer": azuresim.LostAnswer(),
		"superseded": azuresim.Superseded(),
	} {
		list = append(list, fault{name, func(h *hostile) bool {
			id, nsg := h.drawNSG()
			if strings.HasSuffix(name, "operation") || name == "superseded" {
				f.Match = func(r *http.Request) bool { return r.Method != http.MethodGet } // reads are no operations
			}
			keys := []string{nsg}
			if name == "throttled" { // a pause that Azure asks for is kept in the whole subscription
				keys = h.guardsIn(strings.Split(id, "/")[2])
				defer h.askBehind(nsg)
			}
			return h.inject(name, f.On(some(h.draw, "method", "", http.MethodDelete, http.MethodPut), id), tried, keys...)
		}})
	}
	slices.SortFunc(list, func(a, b fault) int { return strings.Compare(a.name, b.name) })
	return list
}

// lag has a replica of Resource Manager be behind about an NSG or a machine.
// That delays nothing for long: Azure takes what is written.
func (h *hostile) lag(name string, machine bool, lists, reads int) bool {
	id, key := h.drawNSG()
	if machine {
		if key = h.drawMachine("behind about"); key == "" {
			return false
		}
		id = h.vm(key).ID
	}
	l := h.Azure.AddLag(azuresim.Lag{ID: id, Lists: rapid.IntRange(min(1, lists), lists).Draw(h.draw, "lists"), Reads: reads})
	h.draw.Logf("%s: %d lists, %d reads", key, lists, reads)
	return h.begin(active{
		name: name, after: noticed, excuses: []string{key}, end: l.Remove,
		hits: func() bool { lists, reads := l.Hits(); return lists+reads > 0 },
	})
}

// inject adds a fault of requests, which keeps jitbot from what must be done at
// the NSGs or machines.
func (h *hostile) inject(name string, f azuresim.Fault, after time.Duration, keys ...string) bool {
	if strings.HasPrefix(name, "hanging") {
		f.Times = some(h.draw, "times", 0, 1)
	}
	h.draw.Logf("%s %s", f.Method, f.Path)
	a := h.Azure.AddFault(f)
	h.begin(active{name: name, after: after, excuses: keys, end: a.Remove, hits: func() bool { return a.Hits() > 0 }})
	if len(keys) == 1 {
		h.askBehind(keys[0])
	}
	return false
}

// guardsIn are the names of the NSGs of a subscription.
func (h *hostile) guardsIn(subscription string) []string {
	var all []string
	for _, id := range h.nsgs() {
		if strings.Contains(id, subscription) {
			all = append(all, nameOf(id))
		}
	}
	return all
}

// fallIll has a subscription as a whole refuse. What asks for an hour is not
// asked again before; what lets delete is no excuse for what is overdue.
func (h *hostile) fallIll(s azuresim.SubscriptionHealth) bool {
	name := "subscription " + s.String()
	sub := some(h.draw, "subscription", azuresim.DemoStaging, azuresim.DemoArchive)
	if h.isActive(name) {
		return false
	}
	h.draw.Logf("%s", sub)
	h.Azure.SetSubscriptionHealth(sub, s)
	a := active{
		name: name, after: tried, excuses: h.guardsIn(sub),
		end: func() { h.Azure.SetSubscriptionHealth(sub, azuresim.Healthy) },
	}
	if s == azuresim.OutOfRequests {
		a.after += time.Hour
	}
	return h.begin(a)
}

// rightsFaults take the right to delete, and not that to write: what is overdue
// is turned into a deny, so they excuse nothing.
func rightsFaults() []fault {
	return []fault{
		{"deny assignment on deletions", func(h *hostile) bool {
			id, _ := h.drawNSG()
			deny := h.Azure.Deny(azuresim.DenyDelete(id, "stack"))
			return h.begin(active{name: "deny assignment on deletions", end: func() { h.Azure.Undeny(deny) }})
		}},
		{"lock on deletions", func(h *hostile) bool {
			id, _ := h.drawNSG()
			if h.isActive("lock on deletions") {
				return false
			}
			h.Azure.AddLock(azuresim.Lock{Name: "keep", Scope: id, Level: azuresim.CanNotDelete})
			return h.begin(active{name: "lock on deletions", end: func() { h.Azure.RemoveLock(id, "keep") }})
		}},
		{"role without deletions", func(h *hostile) bool {
			role, _ := h.Azure.RoleDefinition(azuresim.RoleJITBot)
			if h.isActive("role without deletions") {
				return false
			}
			less := role
			less.Actions = azuresim.WithoutDelete(role.Actions)
			h.Azure.PutRoleDefinition(less)
			return h.begin(active{name: "role without deletions", end: func() { h.Azure.PutRoleDefinition(role) }})
		}},
	}
}
