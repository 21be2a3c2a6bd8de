package sim_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// Whose packets are looked at.
const (
	fromAda      = "203.0.113.7"
	fromBob      = "203.0.113.8"
	fromNobody   = "203.0.113.250"
	notAskedPort = 3389
)

// How long what is promised may take.
const (
	soon       = 10 * time.Second  // what ends is shut, and told, within this
	openWithin = time.Minute       // from the first write until it is confirmed
	clocks     = 35 * time.Second  // clocks may differ by this much, and no more is opened then
	started    = 15 * time.Second  // after a start, what is overdue is shut
	noticed    = 75 * time.Second  // what somebody does to a rule is seen within a minute, and mended
	tried      = 95 * time.Second  // what Azure refused is tried again within a minute
	identified = 100 * time.Second // another machine is seen by the second list that has it
)

// access is a grant as those know it who asked for it, approved it and were told
// of it. Nothing in it comes from the program's store.
type access struct {
	id       jit.ID
	machines map[string]int // by name: its generation when it was asked for
	from     netip.Addr
	to       netip.Addr // it was asked to be moved there, and neither was told what came of it
	asking   bool       // that is not answered yet
	duration time.Duration
	ended    time.Time // an answer said that it is over
	until    time.Time // of its rules, as first seen in Azure
	opened   time.Time // first called open
	told     time.Time // when its state was told last
	state    jit.State
	hindered bool // it was told that somebody's rule stands before its rules
	unknown  bool // the store that knew it was replaced by an older copy
}

// end is when nobody may get in by it any more; zero: nothing says so yet.
func (a *access) end() time.Time {
	var end time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	earlier(a.ended)
	earlier(a.until)
	if !a.opened.IsZero() {
		earlier(a.opened.Add(a.duration))
	}
	return end
}

// knowledge is what people and the network know.
type knowledge struct {
	running    bool
	grants     map[jit.ID]*access
	generation map[string]int       // by name of a machine: another one each time it is created
	protected  map[string]time.Time // by interface: since when its machine is called protected
	edited     map[string]bool      // rules of ours whose description somebody wrote
	excused    map[string]time.Time // until when packets may get in, by NSG or machine; "" for all
	doubted    map[string]time.Time // the same of claims
	false      []string             // claims that were untrue when they were made
}

func newKnowledge() knowledge {
	return knowledge{
		grants: map[jit.ID]*access{}, generation: map[string]int{}, protected: map[string]time.Time{}, edited: map[string]bool{},
		excused: map[string]time.Time{}, doubted: map[string]time.Time{},
	}
}

// excuse lets packets in and claims be untrue for a while, at NSGs or machines.
func (k *knowledge) excuse(d time.Duration, keys ...string) {
	k.doubt(d, keys...)
	extend(k.excused, d, keys)
}

// doubt lets claims be untrue for a while.
func (k *knowledge) doubt(d time.Duration, keys ...string) { extend(k.doubted, d, keys) }

func extend(until map[string]time.Time, d time.Duration, keys []string) {
	for _, key := range keys {
		until[key] = latest(until[key], time.Now().Add(d))
	}
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// admitted is a packet that gets in, and by which rules.
type admitted struct {
	vm   azuresim.VM
	from netip.Addr
	port int
	why  string
}

// admissions are who gets in where, by Azure's own evaluation.
func (h *hostile) admissions() []admitted {
	var all []admitted
	for _, vm := range h.machines() {
		for _, from := range []string{fromAda, fromBob, fromNobody} {
			for _, port := range []int{22, notAskedPort} {
				p := admitted{vm: vm, from: netip.MustParseAddr(from), port: port}
				if port == notAskedPort && from != fromNobody {
					continue
				}
				open := false
				if open, p.why = h.Azure.Reachable(vm.ID, p.from, port, "Tcp"); open {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

// look holds Azure to what is known.
func (h *hostile) look() {
	h.T.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pin()
	all := h.admissions()
	for _, p := range all {
		h.checkAdmitted(p)
	}
	h.checkClaims(all)
}

// pin keeps the until that a grant's rules had when they were first seen: it is
// near enough, and nobody but a stranger's hand moves it.
func (h *hostile) pin() {
	h.T.Helper()
	for _, nsg := range h.nsgs() {
		for _, r := range h.Azure.Rules(nsg) {
			n, _ := rules.ParseRuleName(r.Name)
			d, readable := rules.ParseDescription(r.Description)
			a := h.grants[n.Grant]
			if !ours(r.Name) || n.Grant == "" || h.edited[r.Name] {
				continue
			}
			switch latest := time.Now().Add(openWithin + clocks); {
			case a == nil || !readable:
				h.T.Fatalf("nobody asked for %+v", r)
			case a.until.IsZero() && d.Until.After(latest.Add(a.duration)):
				h.T.Fatalf("%s is until %s, at %s for %s", r.Name, d.Until, time.Now(), a.duration)
			case a.until.IsZero():
				a.until = d.Until
			case !a.until.Equal(d.Until):
				h.T.Fatalf("%s is until %s, and was until %s", r.Name, d.Until, a.until)
			}
		}
	}
}

// checkAdmitted holds that a packet may get in.
func (h *hostile) checkAdmitted(p admitted) {
	h.T.Helper()
	name, last, now := nameOf(p.vm.ID), time.Time{}, time.Now()
	for _, a := range h.grants {
		generation, named := a.machines[name]
		if !named || a.from != p.from && a.to != p.from || p.port != 22 {
			continue
		}
		if end := h.endIn(a); generation == h.generation[name] && (end.IsZero() || now.Before(end)) {
			return // a live grant lets it in
		} else if !end.IsZero() {
			last = latest(last, end.Add(soon))
		}
	}
	since, shut := h.protected[p.vm.NICs[0]]
	foreign, _ := h.Azure.ReachableWithout(ours, p.vm.ID, p.from, p.port, "Tcp")
	if foreign && (!shut || p.port != 22) {
		return
	}
	if shut {
		last = latest(last, since.Add(soon))
	}
	if allowed := latest(last, h.excusedAt(p.vm)); now.After(allowed) {
		h.T.Fatalf("%s: %s gets to port %d of %s by %s, and should not since %s\nprotected %t, excused until %v",
			now.Format(time.TimeOnly), p.from, p.port, name, p.why, allowed.Format(time.TimeOnly), shut, h.excused)
	} else if now.After(last) {
		h.seen.add("packet excused")
	}
}

// excusedAt is until when packets to a machine are excused: each NSG before it
// is held to keep them out, unless it is excused itself.
func (h *hostile) excusedAt(vm azuresim.VM) time.Time {
	guards := h.guardsOf(vm)
	all := h.excused[guards[0]]
	for _, g := range guards[1:] {
		if h.excused[g].Before(all) {
			all = h.excused[g]
		}
	}
	return latest(all, latest(h.excused[""], h.excused[nameOf(vm.ID)]))
}

// guardsOf are the names of the NSGs before a machine.
func (h *hostile) guardsOf(vm azuresim.VM) []string {
	where := "archive"
	if strings.Contains(vm.NICs[0], "/staging") {
		where = "staging"
	}
	if strings.HasSuffix(vm.NICs[0], "-1-nic") {
		return []string{where + "-nic-nsg", where + "-subnet-nsg"}
	}
	return []string{where + "-subnet-nsg"}
}

// nsgs are the ids of the world's NSGs, wherever they were moved to.
func (h *hostile) nsgs() []string {
	return slices.DeleteFunc(h.Azure.NSGs(), func(id string) bool { return !in(id) })
}

// machines are those of the world.
func (h *hostile) machines() []azuresim.VM {
	return slices.DeleteFunc(h.Azure.VMs(), func(vm azuresim.VM) bool { return !in(vm.ID) })
}

func in(id string) bool {
	return strings.Contains(id, azuresim.DemoStaging) || strings.Contains(id, azuresim.DemoArchive)
}

// vm is the machine of a name, the zero one when there is none.
func (h *hostile) vm(name string) azuresim.VM {
	for _, vm := range h.machines() {
		if nameOf(vm.ID) == name {
			return vm
		}
	}
	return azuresim.VM{}
}

// lastEnd is when the last grant is over.
func (h *hostile) lastEnd() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	var last time.Time
	for _, a := range h.grants {
		last = latest(last, h.endIn(a))
	}
	return last
}

// lookAtTheEnd holds that nothing of ours lets anybody in, and that what was
// told is over.
func (h *hostile) lookAtTheEnd() {
	h.T.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	excused := h.excusedNow()
	for _, nsg := range h.nsgs() {
		for _, r := range h.Azure.Rules(nsg) {
			if ours(r.Name) && r.Access == "Allow" && !h.edited[r.Name] && !slices.Contains(excused, nameOf(nsg)) {
				h.T.Fatalf("all is over, and %s of %s is left: %+v", r.Name, nsg, r)
			}
		}
	}
	for id, a := range h.grants {
		if a.state.Live() && !a.unknown && len(excused) == 0 {
			h.T.Fatalf("all is over, and %s was last told to be %s at %s: %+v", id, a.state, a.told, h.Grant(id))
		}
	}
}
