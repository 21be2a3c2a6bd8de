package protection

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// State is where a protection is in its life.
type State string

// The states of a protection.
const (
	Protecting   State = "locking"   // its denies are being written
	Protected    State = "locked"    // read back in force at every guard
	Unprotecting State = "unlocking" // its denies are being removed
)

// Existing says where our denies stand beside other people's allows.
type Existing string

// Override puts a deny above other people's allows of its ports, Respect below
// them.
const (
	Override Existing = "override"
	Respect  Existing = "respect"
)

// Protection is a VM whose ports are kept shut: nobody reaches them without a
// grant. There is at most one for a VM, stored before the first deny is
// written and removed when the last was read back gone.
type Protection struct {
	VM       string           `json:"vm"` // resource id
	Name     string           `json:"name"`
	Group    string           `json:"group"`
	Revision uint64           `json:"revision"`
	State    State            `json:"state"`
	By       jit.Person       `json:"by,omitzero"` // zero when the configuration says always
	At       time.Time        `json:"at"`
	Asked    time.Time        `json:"asked,omitzero"` // when it was asked for, which may be long before At
	Since    time.Time        `json:"since,omitzero"` // confirmed in force
	Always   bool             `json:"always,omitempty"`
	Ports    []jit.PortPolicy `json:"ports"` // what may be asked for, and so what is kept shut
	Existing Existing         `json:"existing"`
	Source   string           `json:"source"` // whom the denies shut out: * or Internet
	Paths    []guardpath.Path `json:"paths"`
	Bare     []netip.Addr     `json:"bare,omitempty"`   // addresses that came to be without an NSG: nothing keeps them shut
	Left     []guardpath.Path `json:"left,omitempty"`   // where the VM was before: denies there are still to be removed
	Reason   string           `json:"reason,omitempty"` // why it is unprotecting

	// Interfaces are those of its VM with their addresses, by id in lower case, as seen
	// last; Detached those that it had and that stay shut with it.
	Interfaces map[string][]netip.Addr `json:"interfaces,omitempty"`
	Detached   map[string][]netip.Addr `json:"detached,omitempty"`

	Open  string              `json:"open,omitempty"`  // what its denies leave open, as told last
	Above map[string][]string `json:"above,omitempty"` // by guard in lower case: the allows of other people before its denies, as seen last
}

// Guards lists the guards of the protection's paths and of those it left, each
// once, in lower case.
func (p Protection) Guards() []string { return guardpath.Guards(slices.Concat(p.Paths, p.Left)) }

// Spans are the protected ports in Azure's form, in order, each once.
func (p Protection) Spans() []string {
	var out []string
	ports := slices.Clone(p.Ports)
	slices.SortFunc(ports, func(a, b jit.PortPolicy) int { return int(a.Ports.From) - int(b.Ports.From) })
	for _, pp := range ports {
		out = append(out, pp.Ports.Span())
	}
	return slices.Compact(out)
}

func (p Protection) changed() Protection {
	p.Revision++
	return p
}

// event is a line about the protection as it is after the change.
func (p Protection) event(kind jit.EventKind, by jit.Person, now time.Time, text string) jit.Event {
	ports := make([]jit.Ports, 0, len(p.Ports))
	for _, pp := range p.Ports {
		ports = append(ports, pp.Ports)
	}
	return jit.EventAt(p.VM, ports, kind, by, now, text)
}

// begin is the protection as it is stored before its denies are written.
func (p Protection) begin(now time.Time) (Protection, jit.Event) {
	p.Revision, p.State, p.At, p.Since = p.Revision+1, Protecting, now, time.Time{}
	return p, p.event(jit.EventProtecting, p.By, now, "")
}

// Confirm says that every deny of the guard was read back in force; with the last
// guard the VM is protected. open is what the denies leave open.
func (p Protection) Confirm(guard, open string, now time.Time) (Protection, []jit.Event) {
	if p.State != Protecting {
		return p, nil
	}
	paths, fresh, left := guardpath.Confirm(p.Paths, guard)
	if !fresh {
		return p, nil
	}
	p = p.changed()
	p.Paths = paths
	if left > 0 {
		return p, nil
	}
	p.State, p.Since, p.Open = Protected, now, open
	return p, []jit.Event{p.event(jit.EventProtected, p.By, now, open)}
}

// Expose keeps which allows of other people were seen before the denies in the
// guard of a protected VM, and what the denies leave open, which is told when it
// changed.
func (p Protection) Expose(guard string, above []string, open string, now time.Time) (Protection, []jit.Event) {
	if p.State != Protected {
		return p, nil
	}
	p = p.changed()
	seen := map[string][]string{}
	maps.Copy(seen, p.Above)
	seen[strings.ToLower(guard)] = above
	p.Above = seen
	p.Paths, _ = guardpath.Fault(p.Paths, guard, "")
	if open == p.Open {
		return p, nil
	}
	p.Open = open
	return p, []jit.Event{p.event(jit.EventExposed, jit.Person{}, now, open)}
}

// Move gives a protection the paths that its VM has now, with those of the interfaces
// that were detached from it and stay shut, and the addresses that nothing filters;
// what it leaves is kept until it was read back gone.
func (p Protection) Move(
	vm jit.VM, paths []guardpath.Path, bare []netip.Addr, detached map[string][]netip.Addr, now time.Time,
) (Protection, []jit.Event) {
	interfaces := interfacesOf(vm)
	same := guardpath.Same(paths, p.Paths) && slices.Equal(bare, p.Bare)
	seen := maps.EqualFunc(interfaces, p.Interfaces, slices.Equal) && maps.EqualFunc(detached, p.Detached, slices.Equal)
	if p.State == Unprotecting || same && seen {
		return p, nil
	}
	var texts []string
	for _, id := range slices.Sorted(maps.Keys(detached)) {
		if _, known := p.Detached[id]; !known {
			texts = append(texts, "The interface "+resource.Name(id)+", which is kept shut with "+p.Name+", is not attached to it; "+
				"it stays shut until it is gone, is protected with another jit.VM, or "+p.Name+" is unprotected.")
		}
	}
	p = p.changed()
	p.Interfaces, p.Detached = interfaces, detached
	switch {
	case same:
	case len(bare) > 0:
		texts = append(texts, p.Name+" has no network security group before its address "+bare[0].String()+
			" any more, so nothing keeps its ports shut there; attach one.")
	default:
		texts = append(texts, "The addresses or network security groups of "+p.Name+" changed; the denies follow.")
	}
	if !same {
		p.Left = slices.Concat(p.Left, p.Paths)
		p.Paths, p.Bare, p.State = paths, bare, Protecting
	}
	if len(texts) == 0 {
		return p, nil
	}
	return p, []jit.Event{p.event(jit.EventMoved, jit.Person{}, now, strings.Join(texts, " "))}
}

// interfacesOf are the addresses of the VM, by interface.
func interfacesOf(vm jit.VM) map[string][]netip.Addr {
	out := map[string][]netip.Addr{}
	for _, nic := range vm.Interfaces {
		addresses := jit.VM{Interfaces: []jit.Interface{nic}}.Addresses()
		out[strings.ToLower(nic.ID)] = slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare)
	}
	return out
}

// keeping is the protection that also keeps shut what the one before it did of
// interfaces which its VM has no more.
func (p Protection) keeping(old Protection) Protection {
	for _, all := range []map[string][]netip.Addr{old.Interfaces, old.Detached} {
		for id, addresses := range all {
			if _, has := p.Interfaces[id]; has || p.Interfaces == nil || old.State == Unprotecting {
				continue
			}
			p.Detached = maps.Clone(p.Detached)
			if p.Detached == nil {
				p.Detached = map[string][]netip.Addr{}
			}
			p.Detached[id] = addresses
			for _, path := range old.Paths {
				p.Paths = withAddresses(p.Paths, path, addresses)
			}
		}
	}
	return p
}

// withAddresses are the paths and one to those of the addresses that it leads to.
func withAddresses(paths []guardpath.Path, path guardpath.Path, addresses []netip.Addr) []guardpath.Path {
	path.Addresses = slices.DeleteFunc(slices.Clone(path.Addresses), func(a netip.Addr) bool { return !slices.Contains(addresses, a) })
	path.Confirmed, path.Fault = false, ""
	if len(path.Addresses) == 0 {
		return paths
	}
	paths = slices.Clone(paths)
	at := slices.IndexFunc(paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, path.Guard) })
	if at < 0 {
		return append(paths, path)
	}
	both := slices.SortedFunc(slices.Values(slices.Concat(paths[at].Addresses, path.Addresses)), netip.Addr.Compare)
	paths[at].Addresses = slices.Compact(both)
	return paths
}

// LeftGuard says that no deny for what the VM left is in the guard any more.
func (p Protection) LeftGuard(guard string) (Protection, []jit.Event) {
	left := guardpath.Elsewhere(p.Left, guard)
	if len(left) == len(p.Left) {
		return p, nil
	}
	p = p.changed()
	p.Left = left
	return p, nil
}

// End begins to remove the denies.
func (p Protection) End(by jit.Person, reason string, now time.Time) (Protection, []jit.Event) {
	if p.State == Unprotecting {
		return p, nil
	}
	p = p.changed()
	p.State, p.Reason, p.By = Unprotecting, reason, by
	p.Paths, p.Left = slices.Concat(p.Paths, p.Left), nil
	for i := range p.Paths {
		p.Paths[i].Confirmed, p.Paths[i].Fault = false, ""
	}
	return p, []jit.Event{p.event(jit.EventUnprotecting, by, now, reason)}
}

// ConfirmUnprotected says that no deny for the VM was found in the guard when it was read
// back; done says that this was the last.
func (p Protection) ConfirmUnprotected(guard string, now time.Time) (next Protection, events []jit.Event, done bool) {
	if p.State != Unprotecting {
		return p, nil, false
	}
	paths, fresh, left := guardpath.Confirm(p.Paths, guard)
	if fresh {
		p = p.changed()
		p.Paths = paths
	}
	if left > 0 {
		return p, nil, false
	}
	return p, []jit.Event{p.event(jit.EventUnprotected, p.By, now, p.Reason)}, true
}
