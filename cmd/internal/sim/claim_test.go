package sim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// claimed keeps what is told, and holds it to Azure at once: closed is said of
// nothing that lets anybody in, and open of nothing that does not.
func (h *hostile) claimed(n jit.Notice, g jit.Grant) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n.To == jit.ToChannel {
		h.claimedProtected(n)
		return
	}
	a := h.grants[g.ID]
	if a == nil {
		h.false = append(h.false, fmt.Sprintf("%s was told of, and nobody asked for it", g.ID))
		return
	}
	a.state, a.told = g.State, time.Now()
	a.hindered = slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return p.Hindrance != "" })
	h.claimedMoved(a, n.Event, g)
	switch {
	case n.Event.Kind == jit.EventOpened && g.State == jit.Open:
		if a.opened.IsZero() {
			a.opened = time.Now()
		}
		if why := h.notOpen(a, h.admissions()); why != "" && !h.isDoubted(a) {
			h.false = append(h.false, fmt.Sprintf("%s was called open: %s", g.ID, why))
		}
	case g.State == jit.Closed:
		if why := letsIn(a, h.admissions()); why != "" {
			h.false = append(h.false, fmt.Sprintf("%s was called closed, and is in force: %s", g.ID, why))
		}
	}
}

// claimedMoved keeps from where a grant is said to be open, and holds that nobody gets in by
// it from the other address.
func (h *hostile) claimedMoved(a *access, e jit.Event, g jit.Grant) {
	told := e.Kind == jit.EventUnmoved || e.Kind == jit.EventMoved && e.Actor.ID != ""
	if !told || !a.to.IsValid() || a.asking || g.State != jit.Open || g.Move.Underway() {
		return
	}
	a.from, a.to = g.Request.Sources[0].Addr(), netip.Addr{}
	for _, p := range h.admissions() {
		if p.from != a.from && strings.Contains(p.why, string(a.id)) && !h.isDoubted(a) {
			h.false = append(h.false, fmt.Sprintf("%s was called open from %s, and %s gets in: %s", g.ID, a.from, p.from, p.why))
		}
	}
	h.seen.add(string(e.Kind) + " to another address")
}

func (h *hostile) claimedProtected(n jit.Notice) {
	for _, id := range n.Event.VMs {
		for _, nic := range h.vm(nameOf(id)).NICs {
			if n.Event.Kind == jit.EventProtected && !strings.Contains(n.Event.Text, "(priority ") {
				h.protected[nic] = time.Now()
			}
			if n.Event.Kind == jit.EventUnprotected {
				delete(h.protected, nic)
			}
		}
	}
}

// checkClaims holds what was told last, for as long as it stands.
func (h *hostile) checkClaims(all []admitted) {
	h.T.Helper()
	if len(h.false) > 0 {
		h.T.Fatalf("%s: %s", time.Now().Format(time.TimeOnly), strings.Join(h.false, "\n"))
	}
	now := time.Now()
	for id, a := range h.grants {
		switch {
		case a.unknown:
		case a.state == jit.Closed:
			if why := letsIn(a, all); why != "" && now.After(latest(a.told.Add(soon), h.doubtedAt(a))) {
				h.T.Fatalf("%s: %s is called closed since %s, and is in force: %s",
					now.Format(time.TimeOnly), id, a.told.Format(time.TimeOnly), why)
			}
		case a.state == jit.Open && !a.hindered && !a.to.IsValid():
			why := h.notOpen(a, all)
			if why == "" {
				continue
			}
			if end := h.endIn(a).Add(soon); !h.isDoubted(a) && now.After(latest(a.told.Add(soon), end)) {
				h.T.Fatalf("%s: %s is called open since %s: %s\ndoubted until %v",
					now.Format(time.TimeOnly), id, a.told.Format(time.TimeOnly), why, h.doubted)
			}
			h.seen.add("claim excused")
		}
	}
}

// notOpen says which machine of a grant cannot be reached; empty: each can.
func (h *hostile) notOpen(a *access, all []admitted) string {
	for name, generation := range a.machines {
		in := slices.ContainsFunc(all, func(p admitted) bool { return nameOf(p.vm.ID) == name && p.from == a.from && p.port == 22 })
		switch vm := h.vm(name); {
		case h.generation[name] != generation:
			return name + " is another machine"
		case vm.ID == "":
			return name + " is gone"
		case !in:
			_, why := h.Azure.Reachable(vm.ID, a.from, 22, "Tcp")
			return fmt.Sprintf("%s cannot reach %s: %s", a.from, name, why)
		}
	}
	return ""
}

// letsIn says what gets in by a rule of the grant; empty: nothing.
func letsIn(a *access, all []admitted) string {
	for _, p := range all {
		if strings.Contains(p.why, string(a.id)) {
			return fmt.Sprintf("%s reaches %s: %s", p.from, nameOf(p.vm.ID), p.why)
		}
	}
	return ""
}

func (h *hostile) isDoubted(a *access) bool { return h.doubtedAt(a).After(time.Now()) }

// doubtedAt is until when claims about a grant may be untrue: one NSG or machine
// of it is enough.
func (h *hostile) doubtedAt(a *access) time.Time {
	at := h.doubted[""]
	for name := range a.machines {
		at = latest(at, h.doubted[name])
	}
	for _, vm := range h.machines() {
		if _, named := a.machines[nameOf(vm.ID)]; named {
			for _, nsg := range h.guardsOf(vm) {
				at = latest(at, h.doubted[nsg])
			}
		}
	}
	return at
}
