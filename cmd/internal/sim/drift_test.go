package sim_test

import (
	"net/netip"
	"slices"

	"pgregory.net/rapid"

	"jitbot/jit/azure/azuresim"
)

// both does something that other people do, to the network and to its twin.
func (k *walk) both(do func(*azuresim.Sim) error) {
	k.T.Helper()
	for _, sim := range []*azuresim.Sim{k.Azure, k.twin} {
		if err := do(sim); err != nil {
			k.T.Fatal(err)
		}
	}
}

func (k *walk) dropBoth(nsg, rule string) {
	k.T.Helper()
	k.draw.Logf("removing %s of %s", rule, nameOf(nsg))
	k.both(func(s *azuresim.Sim) error { return s.DeleteRule(nsg, rule) })
}

func (k *walk) group(label string) string {
	return k.network.groups[rapid.IntRange(0, len(k.network.groups)-1).Draw(k.draw, label)].ID
}

// place is a rule and where it stands.
type place struct {
	nsg  string
	rule azuresim.Rule
}

// places are the rules of ours.
func (k *walk) places() []place {
	var out []place
	for _, nsg := range k.Azure.NSGs() {
		for _, r := range k.Azure.Rules(nsg) {
			if _, ours := k.ours(r); ours {
				out = append(out, place{nsg, r})
			}
		}
	}
	return out
}

// drift edits a rule of ours, as a hand in the portal does.
func (k *walk) drift() {
	all := k.places()
	at := all[rapid.IntRange(0, len(all)-1).Draw(k.draw, "rule")]
	old := at.rule
	switch how := some(k.draw, "how", "removed", "widened", "turned", "more ports", "other machines", "turned outbound", "until moved", "moved", "moved", "moved"); how {
	case "removed":
		k.draw.Logf("%s of %s is removed", old.Name, nameOf(at.nsg))
		if err := k.Azure.DeleteRule(at.nsg, old.Name); err != nil {
			k.T.Fatal(err)
		}
	case "moved":
		k.move(at.nsg, old)
	default:
		k.draw.Logf("%s of %s is edited: %s", old.Name, nameOf(at.nsg), how)
		r := edited(old, how)
		if r.Direction != old.Direction && !fits(slices.DeleteFunc(k.Azure.Rules(at.nsg), func(o azuresim.Rule) bool { return o.Name == old.Name }), r) {
			return
		}
		if err := k.Azure.PutRule(at.nsg, r); err != nil {
			k.T.Fatal(err)
		}
	}
}

func edited(r azuresim.Rule, how string) azuresim.Rule {
	switch how {
	case "widened":
		r.SourceAddressPrefix, r.SourceAddressPrefixes = "*", nil
	case "turned":
		r.Access = map[string]string{"Allow": "Deny", "Deny": "Allow"}[r.Access]
	case "more ports":
		r.DestinationPortRange, r.DestinationPortRanges = "*", nil
	case "other machines":
		r.DestinationAddressPrefix, r.DestinationAddressPrefixes = "VirtualNetwork", nil
	case "turned outbound":
		r.Direction = "Outbound"
	case "until moved":
		r.Description = "jitbot g-23456 U0ADA until 2099-01-01T00:00:00Z"
	}
	return r
}

// move gives a rule of ours another priority in our bands. What becomes of one that
// leaves them depends on what the store knows: cmd/internal/e2e has those.
func (k *walk) move(nsg string, r azuresim.Rule) {
	old := r.Priority
	r.Priority = some(k.draw, "priority", edgesOfBands()...)
	taken := slices.ContainsFunc(k.Azure.Rules(nsg), func(o azuresim.Rule) bool { return o.Priority == r.Priority && o.Direction == r.Direction })
	if _, ours := k.ours(r); taken || !ours || r.Priority == old {
		return
	}
	k.draw.Logf("%s of %s is moved from %d to %d", r.Name, nameOf(nsg), old, r.Priority)
	if err := k.Azure.PutRule(nsg, r); err != nil {
		k.T.Fatal(err)
	}
}

// terraform applies somebody's configuration, which knows no rule of ours.
func (k *walk) terraform() {
	nsg := k.group("apply to")
	mine := map[string]bool{}
	for _, r := range k.Azure.Rules(nsg) {
		_, mine[r.Name] = k.ours(r)
	}
	plan, err := k.Azure.Terraform(nsg, func(rule string) bool { return mine[rule] })
	if err != nil {
		k.T.Fatal(err)
	}
	removed, err := plan.Apply()
	if err != nil {
		k.T.Fatal(err)
	}
	k.draw.Logf("terraform removes %v of %s", removed, nameOf(nsg))
}

// addForeign has somebody add a rule where there is room.
func (k *walk) addForeign() {
	nsg, r := k.group("to group"), k.network.drawRule(k.draw, k.owner())
	if !fits(k.Azure.Rules(nsg), r) {
		return
	}
	k.draw.Logf("somebody adds %+v to %s", r, nameOf(nsg))
	k.both(func(s *azuresim.Sim) error { return s.PutRule(nsg, r) })
}

func (k *walk) dropForeign() {
	nsg := k.group("of group")
	rules := k.twin.Rules(nsg)
	if len(rules) == 0 {
		return
	}
	k.dropBoth(nsg, rules[rapid.IntRange(0, len(rules)-1).Draw(k.draw, "which")].Name)
}

// readdress gives a machine another address.
func (k *walk) readdress() {
	nic := k.network.nics[rapid.IntRange(0, len(k.network.nics)-1).Draw(k.draw, "interface")]
	i := rapid.IntRange(0, len(nic.IPs)-1).Draw(k.draw, "address")
	family := "10.10.%d.%d"
	if netip.MustParseAddr(nic.IPs[i].Address).Is6() {
		family = "fd00:10:10:%d::%d"
	}
	subnet := 1 + slices.IndexFunc(k.network.subnets, func(s azuresim.Subnet) bool { return s.Name == nameOf(nic.IPs[i].Subnet) })
	to := k.network.fresh(family, subnet)
	k.draw.Logf("%s of %s becomes %s", nic.IPs[i].Name, nameOf(nic.ID), to)
	k.both(func(s *azuresim.Sim) error { return s.SetAddress(nic.ID, nic.IPs[i].Name, to) })
}

// regroup puts another NSG, or none, on an interface or a subnet.
func (k *walk) regroup() {
	groups := []string{""}
	for _, g := range k.network.groups {
		groups = append(groups, g.ID)
	}
	nsg := some(k.draw, "other group", groups...)
	if seldom(k.draw, "on a subnet", 2) {
		i := rapid.IntRange(0, len(k.network.subnets)-1).Draw(k.draw, "subnet")
		s := &k.network.subnets[i]
		k.draw.Logf("%s gets the group %q in place of %q", s.Name, nameOf(nsg), nameOf(s.NSG))
		k.both(func(sim *azuresim.Sim) error { return sim.SetNSGOnSubnet(netVNet+"/subnets/"+s.Name, nsg) })
		s.NSG = nsg
		return
	}
	nic := k.network.nics[rapid.IntRange(0, len(k.network.nics)-1).Draw(k.draw, "interface")]
	k.draw.Logf("%s gets the group %q", nameOf(nic.ID), nameOf(nsg))
	k.both(func(s *azuresim.Sim) error { return s.SetNSGOnNIC(nic.ID, nsg) })
}

func (k *walk) deleteMachine() {
	vm, there := k.machine("delete")
	if !there {
		return
	}
	k.draw.Logf("%s is deleted", vm)
	k.both(func(s *azuresim.Sim) error { s.DeleteVM(netVM + vm); return nil })
	k.gone[netVM+vm] = true
}

// deleteGroup deletes a group that stands before nothing, which Azure allows.
func (k *walk) deleteGroup() {
	for i, g := range k.network.groups {
		if len(k.network.groups) == 1 || k.attached(g.ID) {
			continue
		}
		k.draw.Logf("%s is deleted", nameOf(g.ID))
		k.both(func(s *azuresim.Sim) error { s.DeleteNSG(g.ID); return nil })
		k.network.groups = slices.Delete(k.network.groups, i, i+1)
		return
	}
}

func (k *walk) attached(nsg string) bool {
	return slices.ContainsFunc(k.network.subnets, func(s azuresim.Subnet) bool { return s.NSG == nsg }) ||
		slices.ContainsFunc(k.network.nics, func(c azuresim.NIC) bool { now, _ := k.twin.NIC(c.ID); return now.NSG == nsg })
}
