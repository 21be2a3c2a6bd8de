package sim_test

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
)

// excused finds why a rule of ours may be missing: the band has no room, or
// somebody's deny would shadow it.
func (k *walk) excused(nsg, what string) bool {
	band := k.Config.Bands.Allow
	if !strings.Contains(what, " deny of ") {
		return k.freePriorities(nsg, band) == 0 || k.denied(nsg)
	}
	band = k.Config.Bands.DenyOverride
	if k.Config.Policies[0].Existing == protection.Respect {
		band = k.Config.Bands.DenyRespect
	}
	return k.freePriorities(nsg, band) == 0
}

// freePriorities counts the priorities of the band that are free.
func (k *walk) freePriorities(nsg string, band policies.Band) int {
	taken := map[int]bool{}
	for _, r := range k.Azure.Rules(nsg) {
		if r.Direction == "Inbound" && band.Contains(r.Priority) {
			taken[r.Priority] = true
		}
	}
	return band.To - band.From + 1 - len(taken)
}

// denied reports whether somebody has a deny before the end of our band.
func (k *walk) denied(nsg string) bool {
	return slices.ContainsFunc(k.twin.Rules(nsg), func(r azuresim.Rule) bool {
		return r.Direction == "Inbound" && r.Access == "Deny" && r.Priority < k.Config.Bands.Allow.To
	})
}

// refusable finds why an ask may be refused: a machine has no address of the
// family, or nothing before it, or something stands in the way there.
func (k *walk) refusable(ask jit.Ask) bool {
	for _, vm := range k.twin.VMs() {
		if !slices.Contains(ask.VMs, nameOf(vm.ID)) {
			continue
		}
		for _, source := range ask.Sources {
			if k.impassable(vm, source.Addr().Is4()) {
				return true
			}
		}
	}
	return len(k.network.subnets) == 0 // behind firewalls there are other reasons
}

func (k *walk) impassable(vm azuresim.VM, v4 bool) bool {
	var before []string
	for _, id := range vm.NICs {
		nic, _ := k.twin.NIC(id)
		for _, ip := range nic.IPs {
			if netip.MustParseAddr(ip.Address).Is4() == v4 {
				before = append(before, k.guards(nic, ip)...)
			}
		}
	}
	const most = 8 // rules of one ask in one group
	return len(before) == 0 || slices.ContainsFunc(before, func(nsg string) bool {
		return k.denied(nsg) || k.freePriorities(nsg, k.Config.Bands.Allow) < most
	})
}
