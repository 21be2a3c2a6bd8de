package azuresim

import (
	"maps"
	"slices"
)

// index answers who refers to what, so that lists of thousands of resources
// are not searched once for each of them. It is thrown away when the world
// changes and made again when it is needed.
type index struct {
	// nsgNICs and nsgSubnets are ids by the key of the group on them,
	// subnetConfigs and publicConfigs ids of ip configurations by the key of
	// their subnet and public address.
	nsgNICs, nsgSubnets, subnetConfigs, publicConfigs map[string][]string
	// pools and natRules are ids of backend pools and inbound NAT rules by
	// the key of the ip configuration they lead to.
	pools, natRules map[string][]string
	// nicVM is the machine that an interface belongs to.
	nicVM map[string]owner
}

// owner is a machine, and whether the interface is its primary.
type owner struct {
	vm      string
	primary bool
}

func (s *Sim) indexed() *index {
	if s.index != nil {
		return s.index
	}
	x := &index{
		nsgNICs: map[string][]string{}, nsgSubnets: map[string][]string{}, subnetConfigs: map[string][]string{},
		publicConfigs: map[string][]string{}, nicVM: map[string]owner{},
		pools: map[string][]string{}, natRules: map[string][]string{},
	}
	for _, k := range slices.Sorted(maps.Keys(s.nics)) {
		nic := s.nics[k]
		x.nsgNICs[key(nic.NSG)] = append(x.nsgNICs[key(nic.NSG)], nic.ID)
		for _, ip := range nic.IPs {
			id := nic.ID + "/ipConfigurations/" + ip.Name
			x.subnetConfigs[key(ip.Subnet)] = append(x.subnetConfigs[key(ip.Subnet)], id)
			x.publicConfigs[key(ip.PublicIP)] = append(x.publicConfigs[key(ip.PublicIP)], id)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.vnets)) {
		for _, subnet := range s.vnets[k].Subnets {
			x.nsgSubnets[key(subnet.NSG)] = append(x.nsgSubnets[key(subnet.NSG)], s.vnets[k].ID+"/subnets/"+subnet.Name)
		}
	}
	for _, vm := range s.vms {
		for i, nic := range vm.NICs {
			x.nicVM[key(nic)] = owner{vm: vm.ID, primary: i == 0}
		}
	}
	s.indexEdge(x)
	s.index = x
	return x
}
