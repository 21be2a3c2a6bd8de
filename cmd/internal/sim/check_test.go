package sim_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/resource"
)

// check looks at everything that must hold once all has settled.
func (k *walk) check() {
	k.T.Helper()
	for slices.ContainsFunc(k.unfinished(), k.justOver) {
		k.Pass(k.variant.rest / 2)
	}
	k.checkForeign()
	m := k.model()
	k.checkStates(m)
	for nsg, rules := range m.present {
		for _, r := range rules {
			k.checkRule(m, nsg, r)
		}
	}
	k.variant.look()
	k.shut = ""
}

// justOver reports whether the grant's time was over a moment ago.
func (k *walk) justOver(g jit.Grant) bool {
	return g.State == jit.Closing && time.Since(g.Clock.Closing) < k.variant.rest/2
}

// checkForeign holds what is not ours to what other people made of it.
func (k *walk) checkForeign() {
	k.T.Helper()
	for _, nsg := range k.Azure.NSGs() {
		mine := map[string]bool{}
		priorities := map[string]string{}
		for _, r := range k.Azure.Rules(nsg) {
			_, mine[r.Name] = k.ours(r)
			place := fmt.Sprint(r.Direction, r.Priority)
			if priorities[place] != "" {
				k.T.Errorf("%s and %s of %s share priority %d", r.Name, priorities[place], nsg, r.Priority)
			}
			priorities[place] = r.Name
		}
		got, want := k.Azure.DumpRules(nsg, func(name string) bool { return mine[name] }), k.twin.DumpRules(nsg, nil)
		if got != want {
			k.T.Errorf("foreign rules of %s are\n%s, want\n%s", nameOf(nsg), got, want)
		}
	}
}

// checkStates allows a grant or protection to be on its way only where
// somebody's hand is in it.
func (k *walk) checkStates(m *model) {
	k.T.Helper()
	stuck := slices.ContainsFunc(k.unfinished(), func(g jit.Grant) bool { return g.State == jit.Closing })
	for _, g := range k.unfinished() {
		held := stuck && g.Waiting != "" // openings wait while a closing is late
		switch {
		case g.State == jit.Open && time.Now().After(g.Clock.Deadline.Add(time.Second)):
			k.T.Errorf("%s is open after its deadline %s", g.ID, g.Clock.Deadline)
		case g.State == jit.Open && slices.ContainsFunc(g.VMs(), func(vm string) bool { return !k.exists(vm) }):
			k.T.Errorf("%s is open to a machine that is gone: %v", g.ID, g.VMs())
		case g.State == jit.Closing, g.State == jit.Asked, g.State == jit.Opening && !held:
			k.T.Errorf("%s is still %s (%s): %+v", g.ID, g.State, g.Waiting, g.Paths)
		}
	}
	for _, p := range m.protectionOf {
		blocked := p.State == protection.Protecting && slices.ContainsFunc(p.Guards(), func(nsg string) bool { return k.excused(nsg, " deny of ") })
		if !k.exists(p.VM) && !k.gone[p.VM] || p.State != protection.Protected && !blocked || len(p.Left) > 0 {
			k.T.Errorf("%s is still %s, left %+v", p.Name, p.State, p.Left)
		}
	}
	k.checkAsked(stuck)
}

func (k *walk) exists(vm string) bool {
	return slices.ContainsFunc(k.twin.VMs(), func(o azuresim.VM) bool { return resource.Same(o.ID, vm) })
}

// checkAsked holds what was approved in this step to be open: that nothing
// stands in its way was found before anybody was asked.
func (k *walk) checkAsked(stuck bool) {
	k.T.Helper()
	id := k.granted
	k.granted = ""
	if id == "" || k.faulty || stuck {
		return
	}
	g := k.Grant(id)
	if g.Clock.Opened.IsZero() {
		k.T.Errorf("%s was approved and never opened: %s %s", g.ID, g.State, g.Decision.Reason)
	}
}

// checkRule holds each rule of ours to an open grant or a protection.
func (k *walk) checkRule(m *model, nsg string, r azuresim.Rule) {
	k.T.Helper()
	n, _ := k.ours(r)
	bands := k.Config.Bands
	if n.Grant != "" {
		g := k.Grant(n.Grant)
		if g.State != jit.Open {
			k.T.Errorf("%s of %s belongs to %s, which is %s", r.Name, nameOf(nsg), n.Grant, g.State)
		}
		if !bands.Allow.Contains(r.Priority) {
			k.T.Errorf("%s of %s has priority %d", r.Name, nameOf(nsg), r.Priority)
		}
		return
	}
	for _, to := range append(slices.Clone(r.DestinationAddressPrefixes), r.DestinationAddressPrefix) {
		if to == "" {
			continue
		}
		p := m.protectionAt(to)
		if p.VM == "" || p.State == protection.Unprotecting {
			k.T.Errorf("%s of %s keeps %s shut, which no protection explains", r.Name, nameOf(nsg), to)
		}
		band := bands.DenyOverride
		if p.Existing == protection.Respect {
			band = bands.DenyRespect
		}
		if !band.Contains(r.Priority) {
			k.T.Errorf("%s of %s has priority %d", r.Name, nameOf(nsg), r.Priority)
		}
	}
}

// protectionAt is that of whoever has the address, or had it and is gone.
func (m *model) protectionAt(address string) protection.Protection {
	if vm, found := m.machineAt(address); found {
		return m.protectionOf[vm]
	}
	for vm := range m.gone {
		for _, path := range m.protectionOf[vm].Paths {
			if slices.Contains(path.Addresses, netip.MustParseAddr(address)) {
				return m.protectionOf[vm]
			}
		}
	}
	return protection.Protection{}
}

func (k *walk) machineAt(address string) (string, bool) {
	for _, vm := range k.twin.VMs() {
		for _, id := range vm.NICs {
			nic, _ := k.twin.NIC(id)
			if slices.ContainsFunc(nic.IPs, func(ip azuresim.IPConfig) bool { return ip.Address == address }) {
				return vm.ID, true
			}
		}
	}
	return "", false
}

// look asks for every machine who gets to which port.
func (k *walk) look() {
	k.T.Helper()
	m := k.model()
	for _, vm := range k.twin.VMs() {
		for _, from := range k.probes(m) {
			for _, port := range k.ports(m) {
				for _, protocol := range []string{"Tcp", "Udp"} {
					foreign, want := m.reaches(vm, from, port, protocol)
					if said, why := k.twin.Reachable(vm.ID, from, port, protocol); said != foreign {
						k.T.Fatalf("without us %s from %s, port %d %s: %t by %s, the model says %t", nameOf(vm.ID), from, port, protocol, said, why, foreign)
					}
					if got, why := k.Azure.Reachable(vm.ID, from, port, protocol); got != want {
						k.T.Fatalf("%s from %s, port %d %s: reachable %t by %s, want %t; without us %t\ngrants %+v\nprotections %+v",
							nameOf(vm.ID), from, port, protocol, got, why, want, foreign, m.grants, m.protectionOf)
					} else if got && m.shouldBeShut(packet{vm: vm.ID, from: from, port: port, protocol: protocol}) {
						k.T.Errorf("%s was just protected, and port %d is open to %s by %s", nameOf(vm.ID), port, from, why)
					}
				}
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(m.missing)) {
		if nsg, _, _ := strings.Cut(what, " "); !k.excused(nsg, what) {
			k.T.Errorf("missing in %s:\n%s", what, k.Azure.DumpRules(nsg, nil))
		}
	}
}

// shouldBeShut reports whether nobody but the holders of grants should get
// there, since the machine was protected in this step: it is refused where that
// cannot be.
func (m *model) shouldBeShut(c packet) bool {
	p := m.protectionOf[c.vm]
	return c.vm == m.shut && p.Existing == protection.Override && c.keptOutBy(p) && !slices.ContainsFunc(m.grants, c.heldBy)
}

// probes are addresses of strangers, those that grants are for, and their
// neighbours.
func (k *walk) probes(m *model) []netip.Addr {
	set := map[netip.Addr]bool{}
	for _, s := range []string{fromStranger, fromInside, fromOffice, fromElsewhere, fromOutside, "10.10.1.4", "2001:db8::ff", "fd00:10:10::99"} {
		set[netip.MustParseAddr(s)] = true
	}
	for _, g := range m.grants {
		for _, p := range g.Request.Sources {
			last := p.Addr()
			for n := last.Next(); p.Contains(n) && p.Addr().Is4(); n = n.Next() {
				last = n
			}
			set[p.Addr()], set[p.Addr().Prev()], set[last], set[last.Next()] = true, true, true, true
		}
	}
	return slices.SortedFunc(maps.Keys(set), netip.Addr.Compare)
}

// ports are those of policies and protections, their neighbours, and another.
func (k *walk) ports(m *model) []int {
	set := map[int]bool{443: true}
	add := func(list []jit.PortPolicy) {
		for _, p := range list {
			for _, n := range []int{int(p.Ports.From) - 1, int(p.Ports.From), int(p.Ports.To), int(p.Ports.To) + 1} {
				set[n] = true
			}
		}
	}
	add(k.Config.Policies[0].Ports)
	for _, p := range m.protectionOf {
		add(p.Ports)
	}
	return slices.Sorted(maps.Keys(set))
}
