package route

import (
	"net/netip"
	"slices"

	"jitbot/jit"
)

// Paths lists the guards in front of the VM for a request from the sources to
// the ports: the NSG of each interface and that of its subnet, since both must
// allow, and the firewalls on the way, each with the VM's addresses behind it.
// A VM without an address of a source's family, or without anything that
// filters, is refused, and so is what a firewall cannot do.
func Paths(installation string, vm jit.VM, ports []jit.Ports, sources []netip.Prefix) ([]jit.Path, error) {
	w := finder{installation: installation, vm: vm, ports: ports}
	for _, v4 := range families(sources) {
		mine := slices.DeleteFunc(slices.Clone(sources), func(p netip.Prefix) bool { return p.Addr().Is4() != v4 })
		if err := w.family(v4, mine); err != nil {
			return nil, err
		}
	}
	return w.sorted(), nil
}

func RefuseUnfiltered(vm jit.VM, what string) *jit.Refusal {
	return jit.Refuse(jit.ErrPolicy, "%s has no network security group on its interfaces or subnets and no firewall before it, so there is nothing to %s; attach one first.", vm.Name, what)
}

func families(sources []netip.Prefix) []bool {
	var out []bool
	for _, v4 := range []bool{true, false} {
		if slices.ContainsFunc(sources, func(p netip.Prefix) bool { return p.Addr().Is4() == v4 }) {
			out = append(out, v4)
		}
	}
	return out
}

func familyName(v4 bool) string {
	if v4 {
		return "IPv4"
	}
	return "IPv6"
}
