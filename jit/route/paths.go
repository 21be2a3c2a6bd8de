package route

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// Paths lists the guards in front of the VM for a request from the sources to
// the ports: the NSG of each interface and that of its subnet, since both must
// allow, and the firewalls on the way, each with the VM's addresses behind it.
// A VM without an address of a source's family, or without anything that
// filters, is refused, and so is what a firewall cannot do.
func Paths(installation string, vm jit.VM, ports []jit.Ports, sources []netip.Prefix) ([]guardpath.Path, error) {
	f := finder{installation: installation, vm: vm, ports: ports}
	for _, v4 := range families(sources) {
		mine := slices.DeleteFunc(slices.Clone(sources), func(p netip.Prefix) bool { return p.Addr().Is4() != v4 })
		if err := f.family(v4, mine); err != nil {
			return nil, err
		}
	}
	return f.sorted(), nil
}

// RefuseUnfiltered says that nothing filters before the VM, so that what was
// asked, such as "open", has nothing to be done to.
func RefuseUnfiltered(vm jit.VM, what string) *jit.Refusal {
	return jit.Refuse(jit.ErrPolicy, "%s has no network security group on its interfaces or subnets and no firewall before it, "+
		"so there is nothing to %s; attach one first.", vm.Name, what)
}

// families are those that the sources are of: true is IPv4, false IPv6.
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

// finder gathers the paths to a VM for one request.
type finder struct {
	installation string
	vm           jit.VM
	ports        []jit.Ports
	paths        []guardpath.Path
}

// family adds the paths for the sources of a family.
func (f *finder) family(v4 bool, sources []netip.Prefix) error {
	addresses, filtered := 0, false
	for _, nic := range f.vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.Is4() != v4 {
				continue
			}
			addresses++
			paths, err := f.address(nic, a, sources)
			if err != nil {
				return err
			}
			filtered = filtered || paths > 0
		}
	}
	if addresses == 0 {
		return jit.Refuse(jit.ErrPolicy, "%s has no %s address, so nothing can be opened from there; "+
			"ask from an address of its own family.", f.vm.Name, familyName(v4))
	}
	if !filtered {
		return RefuseUnfiltered(f.vm, "open")
	}
	return nil
}

// address adds the paths to one address, and counts them.
func (f *finder) address(nic jit.Interface, a jit.Address, sources []netip.Prefix) (int, error) {
	var own []guardpath.Path // to this address alone
	for _, s := range sources {
		h := hopsOf(a, s)
		groups := []string{nic.Guard, a.SubnetGuard}
		if err := f.passable(h, s, groups); err != nil {
			return 0, err
		}
		own = f.addHops(own, h, s, groups)
	}
	for _, p := range own {
		if p.Kind == guardpath.Direct && len(p.Sources) == len(sources) {
			p.Sources = nil
		}
		f.fold(p, a.Addr, a.Public)
	}
	return len(own), nil
}

// addHops adds what lets a source through the firewalls of its next hops and the
// groups behind them.
func (f *finder) addHops(own []guardpath.Path, h hops, source netip.Prefix, groups []string) []guardpath.Path {
	for _, hop := range h.translated {
		own = addSource(own, guardpath.Path{Guard: hop.Guard(f.installation), Kind: guardpath.ByDNAT, Public: hop.Public}, source)
		own = addSources(own, groups, guardpath.BehindFirewall, hop.Subnets...)
	}
	for _, hop := range h.routed {
		own = addSource(own, guardpath.Path{Guard: hop.Guard(f.installation), Kind: guardpath.ByNetworkRule}, source)
		if hop.HidesSource {
			own = addSources(own, groups, guardpath.BehindFirewall, hop.Subnets...)
		}
		h.direct = h.direct || !hop.HidesSource
	}
	if h.direct {
		own = addSources(own, groups, guardpath.Direct, source)
	}
	return own
}

// addSources adds sources to the paths at NSGs; one that is not there has no
// name.
func addSources(paths []guardpath.Path, groups []string, kind guardpath.Kind, sources ...netip.Prefix) []guardpath.Path {
	for _, guard := range groups {
		for _, source := range sources {
			if guard != "" {
				paths = addSource(paths, guardpath.Path{Guard: guard, Kind: kind}, source)
			}
		}
	}
	return paths
}

func addSource(paths []guardpath.Path, p guardpath.Path, source netip.Prefix) []guardpath.Path {
	i := slices.IndexFunc(paths, func(o guardpath.Path) bool { return o.Kind == p.Kind && resource.Same(o.Guard, p.Guard) })
	if i < 0 {
		i = len(paths)
		paths = append(paths, p)
	}
	if !slices.Contains(paths[i].Sources, source) {
		paths[i].Sources = append(paths[i].Sources, source)
	}
	return paths
}

// fold adds an address, and the public one in front of it, to the path that differs
// in nothing else.
func (f *finder) fold(p guardpath.Path, to netip.Addr, public string) {
	p.VM, p.Addresses = f.vm.ID, []netip.Addr{to}
	if outer, err := netip.ParseAddr(public); err == nil && p.Kind == guardpath.Direct {
		p.Outer = []netip.Addr{outer}
	}
	for i, o := range f.paths {
		if o.Order() == p.Order() {
			if !slices.Contains(o.Addresses, to) {
				f.paths[i].Addresses = append(f.paths[i].Addresses, to)
				f.paths[i].Outer = append(f.paths[i].Outer, p.Outer...)
			}
			return
		}
	}
	f.paths = append(f.paths, p)
}

// sorted are the paths by guard, and those of one guard by what is written
// there.
func (f *finder) sorted() []guardpath.Path {
	slices.SortFunc(f.paths, func(a, b guardpath.Path) int { return strings.Compare(a.Order(), b.Order()) })
	return f.paths
}
