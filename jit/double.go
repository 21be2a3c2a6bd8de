package jit

import (
	"context"
	"net/netip"
	"slices"
)

// singular refuses a grant that would open another VM along: one of another
// virtual network that has the same address behind the same NSGs, whose rules
// name addresses only.
func (j judge) singular(ctx context.Context, sites []site) error {
	all, err := j.roster.all(ctx, rosterAge)
	if err != nil {
		return err
	}
	for _, one := range sites {
		for _, other := range all {
			asked := slices.ContainsFunc(sites, func(o site) bool { return SameID(o.vm.ID, other.ID) })
			if a, double := one.opens(other); double && !asked {
				return Refuse(ErrPolicy, "%s has the address %s behind the same network security group as %s, so a rule for one would open both; give one of them a group of its own.",
					other.Group+"/"+other.Name, a.String(), one.vm.Name)
			}
		}
	}
	return nil
}

// opens reports whether the rules at the site would open an address of the
// other VM: each NSG before it is one of the site's for the same address.
func (s site) opens(other VM) (netip.Addr, bool) {
	for _, nic := range other.Interfaces {
		for _, a := range nic.Addresses {
			guards := slices.DeleteFunc([]string{nic.Guard, a.SubnetGuard}, func(guard string) bool { return guard == "" })
			shared := func(guard string) bool {
				return slices.ContainsFunc(s.paths, func(p Path) bool { return SameID(p.Guard, guard) && slices.Contains(p.Addresses, a.Addr) })
			}
			if len(guards) > 0 && !slices.ContainsFunc(guards, func(guard string) bool { return !shared(guard) }) {
				return a.Addr, true
			}
		}
	}
	return netip.Addr{}, false
}
