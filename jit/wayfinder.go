package jit

import (
	"net/netip"
	"slices"
	"strings"
)

// course is how the packets of a source get to an address.
type course struct {
	straight bool      // some come past every firewall
	through  []Gateway // some are routed through these, to the address itself
	into     []Gateway // some are let in by DNAT rules of these
}

// course finds it. What comes from outside goes by DNAT where the answers are
// routed back through a firewall, or where nothing but a DNAT rule leads to the
// address; what comes from inside is routed.
func (a Address) course(source netip.Prefix) course {
	var c course
	left := AddressesOf(source)
	for _, g := range a.Gateways {
		routed := AddressesIn(g.Routed).Intersect(left)
		left = left.Subtract(routed)
		if len(routed.Subtract(privateSpace())) > 0 {
			c.into = append(c.into, g)
		}
		if len(routed.Intersect(privateSpace())) > 0 {
			c.through = append(c.through, g)
		}
	}
	if outside := left.Subtract(privateSpace()); len(outside) > 0 && a.Public == "" {
		for _, g := range a.Gateways {
			if g.Leads {
				c.into = append(c.into, g)
				left = left.Subtract(outside)
			}
		}
	}
	c.straight = len(left) > 0
	return c
}

// wayfinder gathers the paths to a VM for one request.
type wayfinder struct {
	installation string
	vm           VM
	ports        []Ports
	paths        []Path
}

// family adds the paths for the sources of a family.
func (w *wayfinder) family(v4 bool, sources []netip.Prefix) error {
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
		return Refuse(ErrPolicy, "%s has no %s address, so nothing can be opened from there; ask from an address of its own family.", w.vm.Name, familyName(v4))
	}
	if !filtered {
		return unfiltered(w.vm, "open")
	}
	return nil
}

// address adds the paths to one address, and counts them.
func (w *wayfinder) address(nic Interface, a Address, sources []netip.Prefix) (int, error) {
	var own []Path // to this address alone
	for _, s := range sources {
		c := a.course(s)
		if err := w.passable(c); err != nil {
			return 0, err
		}
		own = w.addCourse(own, c, s, []string{nic.Guard, a.SubnetGuard})
	}
	for _, p := range own {
		if p.Kind == Straight && len(p.Sources) == len(sources) {
			p.Sources = nil
		}
		w.fold(p, a.Addr)
	}
	return len(own), nil
}

// addCourse adds what lets a source through the firewalls of its course and
// the groups behind them.
func (w *wayfinder) addCourse(own []Path, c course, source netip.Prefix, groups []string) []Path {
	for _, g := range c.into {
		own = addSource(own, Path{Guard: g.Guard(w.installation), Kind: Into, Public: g.Public}, source)
		own = addSources(own, groups, Behind, g.Subnet)
	}
	for _, g := range c.through {
		own = addSource(own, Path{Guard: g.Guard(w.installation), Kind: Through}, source)
		if g.Hides {
			own = addSources(own, groups, Behind, g.Subnet)
		}
		c.straight = c.straight || !g.Hides
	}
	if c.straight {
		own = addSources(own, groups, Straight, source)
	}
	return own
}

// addSources adds a source to the paths at NSGs; one that is not there has no
// name.
func addSources(paths []Path, groups []string, kind PathKind, source netip.Prefix) []Path {
	for _, guard := range groups {
		if guard != "" {
			paths = addSource(paths, Path{Guard: guard, Kind: kind}, source)
		}
	}
	return paths
}

func addSource(paths []Path, p Path, source netip.Prefix) []Path {
	i := slices.IndexFunc(paths, func(o Path) bool { return o.Kind == p.Kind && SameID(o.Guard, p.Guard) })
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
func (w *wayfinder) fold(p Path, to netip.Addr) {
	p.VM, p.Addresses = w.vm.ID, []netip.Addr{to}
	for i, o := range w.paths {
		if o.order() == p.order() {
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
func (w *wayfinder) sorted() []Path {
	slices.SortFunc(w.paths, func(a, b Path) int { return strings.Compare(a.order(), b.order()) })
	return w.paths
}

// maxTranslated is the highest port that a DNAT rule may name; those above are
// the firewall's own.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-firewall-limits
const maxTranslated = 63999

// passable refuses a course by a firewall that cannot do it.
func (w *wayfinder) passable(c course) error {
	for _, g := range c.into {
		if err := w.translatable(g); err != nil {
			return err
		}
	}
	for _, g := range c.through {
		if err := w.placed(g); g.Hides && err != nil {
			return err
		}
	}
	return nil
}

// translatable refuses what a DNAT rule of the firewall cannot do.
func (w *wayfinder) translatable(g Gateway) error {
	name := lastName(g.Firewall)
	if len(g.Public) == 0 {
		return Refuse(ErrPolicy, "%s is behind the firewall %s, which has no public address to come in by; ask from an address inside.", w.vm.Name, name)
	}
	if err := w.placed(g); err != nil {
		return err
	}
	for _, p := range w.ports {
		if p.From != p.To {
			return Refuse(ErrPolicy, "%s is behind the firewall %s, which translates single ports only, and %s is a range; ask for each port.", w.vm.Name, name, p)
		}
		if p.From == 0 || p.From > maxTranslated {
			return Refuse(ErrPolicy, "%s is behind the firewall %s, which cannot translate to port %s; it takes 1 to 63999.", w.vm.Name, name, p)
		}
	}
	return nil
}

// placed refuses a firewall in whose place the VM sees what nobody could read.
func (w *wayfinder) placed(g Gateway) error {
	if !g.Subnet.IsValid() {
		return Refuse(ErrPolicy, "%s is behind the firewall %s, whose subnet could not be read; give jitbot the role that jitbot role prints.", w.vm.Name, lastName(g.Firewall))
	}
	return nil
}

// ruleTag tells a path's rules from those of other paths of its VM at the same
// guard. An NSG's rule for the client itself has been named by the VM alone
// from the first version on.
func (p Path) ruleTag() string {
	tag := strings.ToLower(p.VM)
	if p.Kind == Straight && p.Sources == nil {
		return tag
	}
	return tag + " " + string(p.Kind) + " " + joinPrefixes(p.Sources)
}
