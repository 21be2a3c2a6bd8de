package route

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
)

// hops is how the packets of a source get to an address.
type hops struct {
	direct     bool              // some come past every firewall
	routed     []jit.FirewallHop // some are routed through these, to the address itself
	translated []jit.FirewallHop // some are let in by DNAT rules of these
}

// legs finds it. What comes from outside goes by DNAT where the answers are
// routed back through a firewall, or where nothing but a DNAT rule leads to the
// address; what comes from inside is routed.
func hopsOf(a jit.Address, source netip.Prefix) hops {
	var c hops
	left := ipset.AddressesOf(source)
	for _, g := range a.FirewallHops {
		routed := ipset.AddressesIn(g.Routed).Intersect(left)
		left = left.Subtract(routed)
		if len(routed.Subtract(ipset.PrivateSpace())) > 0 {
			c.translated = append(c.translated, g)
		}
		if len(routed.Intersect(ipset.PrivateSpace())) > 0 {
			c.routed = append(c.routed, g)
		}
	}
	if outside := left.Subtract(ipset.PrivateSpace()); len(outside) > 0 && a.Public == "" {
		for _, g := range a.FirewallHops {
			if g.Translates {
				c.translated = append(c.translated, g)
				left = left.Subtract(outside)
			}
		}
	}
	c.direct = len(left) > 0
	return c
}

// finder gathers the paths to a VM for one request.
type finder struct {
	installation string
	vm           jit.VM
	ports        []jit.Ports
	paths        []jit.Path
}

// family adds the paths for the sources of a family.
func (w *finder) family(v4 bool, sources []netip.Prefix) error {
	addresses, filtered := 0, false
	for _, nic := range w.vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.Is4() != v4 {
				continue
			}
			addresses++
			ways, err := w.address(nic, a, sources)
			if err != nil {
				return err
			}
			filtered = filtered || ways > 0
		}
	}
	if addresses == 0 {
		return jit.Refuse(jit.ErrPolicy, "%s has no %s address, so nothing can be opened from there; ask from an address of its own family.", w.vm.Name, familyName(v4))
	}
	if !filtered {
		return RefuseUnfiltered(w.vm, "open")
	}
	return nil
}

// address adds the paths to one address, and counts them.
func (w *finder) address(nic jit.Interface, a jit.Address, sources []netip.Prefix) (int, error) {
	var own []jit.Path // to this address alone
	for _, s := range sources {
		c := hopsOf(a, s)
		if err := w.passable(c); err != nil {
			return 0, err
		}
		own = w.addHops(own, c, s, []string{nic.Guard, a.SubnetGuard})
	}
	for _, p := range own {
		if p.Kind == jit.Direct && len(p.Sources) == len(sources) {
			p.Sources = nil
		}
		w.fold(p, a.Addr)
	}
	return len(own), nil
}

// addHops adds what lets a source through the firewalls of its course and
// the groups behind them.
func (w *finder) addHops(own []jit.Path, c hops, source netip.Prefix, groups []string) []jit.Path {
	for _, g := range c.translated {
		own = addSource(own, jit.Path{Guard: g.Guard(w.installation), Kind: jit.ByDNAT, Public: g.Public}, source)
		own = addSources(own, groups, jit.BehindFirewall, g.Subnet)
	}
	for _, g := range c.routed {
		own = addSource(own, jit.Path{Guard: g.Guard(w.installation), Kind: jit.ByNetworkRule}, source)
		if g.HidesSource {
			own = addSources(own, groups, jit.BehindFirewall, g.Subnet)
		}
		c.direct = c.direct || !g.HidesSource
	}
	if c.direct {
		own = addSources(own, groups, jit.Direct, source)
	}
	return own
}

// addSources adds a source to the paths at NSGs; one that is not there has no
// name.
func addSources(paths []jit.Path, groups []string, kind jit.PathKind, source netip.Prefix) []jit.Path {
	for _, guard := range groups {
		if guard != "" {
			paths = addSource(paths, jit.Path{Guard: guard, Kind: kind}, source)
		}
	}
	return paths
}

func addSource(paths []jit.Path, p jit.Path, source netip.Prefix) []jit.Path {
	i := slices.IndexFunc(paths, func(o jit.Path) bool { return o.Kind == p.Kind && resource.Same(o.Guard, p.Guard) })
	if i < 0 {
		i = len(paths)
		paths = append(paths, p)
	}
	if !slices.Contains(paths[i].Sources, source) {
		paths[i].Sources = append(paths[i].Sources, source)
	}
	return paths
}

// fold adds an address to the path that differs in nothing else.
func (w *finder) fold(p jit.Path, to netip.Addr) {
	p.VM, p.Addresses = w.vm.ID, []netip.Addr{to}
	for i, o := range w.paths {
		if o.Order() == p.Order() {
			if !slices.Contains(o.Addresses, to) {
				w.paths[i].Addresses = append(w.paths[i].Addresses, to)
			}
			return
		}
	}
	w.paths = append(w.paths, p)
}

// sorted are the paths by guard, and those of one guard by what is written
// there.
func (w *finder) sorted() []jit.Path {
	slices.SortFunc(w.paths, func(a, b jit.Path) int { return strings.Compare(a.Order(), b.Order()) })
	return w.paths
}

// maxTranslated is the highest port that a DNAT rule may name; those above are
// the firewall's own.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-firewall-limits
const maxTranslated = 63999

// passable refuses a course by a firewall that cannot do it.
func (w *finder) passable(c hops) error {
	for _, g := range c.translated {
		if err := w.translatable(g); err != nil {
			return err
		}
	}
	for _, g := range c.routed {
		if err := w.placed(g); g.HidesSource && err != nil {
			return err
		}
	}
	return nil
}

// translatable refuses what a DNAT rule of the firewall cannot do.
func (w *finder) translatable(g jit.FirewallHop) error {
	name := resource.Name(g.Firewall)
	if len(g.Public) == 0 {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which has no public address to come in by; ask from an address inside.", w.vm.Name, name)
	}
	if err := w.placed(g); err != nil {
		return err
	}
	for _, p := range w.ports {
		if p.From != p.To {
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which translates single ports only, and %s is a range; ask for each port.", w.vm.Name, name, p)
		}
		if p.From == 0 || p.From > maxTranslated {
			return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, which cannot translate to port %s; it takes 1 to 63999.", w.vm.Name, name, p)
		}
	}
	return nil
}

// placed refuses a firewall in whose place the VM sees what nobody could read.
func (w *finder) placed(g jit.FirewallHop) error {
	if !g.Subnet.IsValid() {
		return jit.Refuse(jit.ErrPolicy, "%s is behind the firewall %s, whose subnet could not be read; give jitbot the role that jitbot role prints.", w.vm.Name, resource.Name(g.Firewall))
	}
	return nil
}
