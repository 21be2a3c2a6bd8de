package protection

import (
	"net/netip"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// Drifted says that somebody removed or changed a rule that keeps the VM shut, and
// that it was put back. group is the name of the NSG.
func (p Protection) Drifted(rule, group string, now time.Time) (Protection, []jit.Event) {
	p = p.changed()
	text := "Somebody removed or changed the rule " + rule + " of " + group + ", which keeps " + p.Name + " shut; it was put back."
	return p, []jit.Event{p.event(jit.EventDrift, jit.Person{}, now, text)}
}

// ShutAgain is the line about a protected VM whose denies were not all there when
// jitbot started.
func (p Protection) ShutAgain(now time.Time) jit.Event {
	return p.event(jit.EventDrift, jit.Person{}, now, "When jitbot started, not all rules that its store names were there, "+
		"as after an older copy was put back. They are written again; unprotect what is to stay open.")
}

// StayShut has a protection that was ending go on.
func (p Protection) StayShut(now time.Time) (Protection, []jit.Event) {
	if p.State != Unprotecting {
		return p, nil
	}
	next := p
	next.Reason = ""
	return p.ReplacedBy(next, now)
}

// Trouble keeps what went wrong at a guard. That a rule which is to keep the VM shut is
// not there and cannot be written is told, once for each cause: exposed says that
// nothing else keeps out what it kept out.
func (p Protection) Trouble(guard, rule, fault string, exposed bool, now time.Time) (Protection, []jit.Event) {
	if rule != "" {
		fault = "the rule " + rule + " of " + resource.GuardName(guard) + ", which is to keep " + p.Name +
			" shut, is not as it should be and cannot be written: " + fault
	}
	paths, fresh := guardpath.Fault(p.Paths, guard, fault)
	if !fresh {
		return p, nil
	}
	p = p.changed()
	p.Paths = paths
	switch {
	case rule == "":
		return p, nil
	case exposed:
		p.Open = "all of it, because " + fault
		return p, []jit.Event{p.event(jit.EventExposed, jit.Person{}, now, p.Open)}
	default:
		return p, []jit.Event{p.event(jit.EventDrift, jit.Person{}, now, fault+".")}
	}
}

// ReplacedBy is the next protection of the VM in place of the one that is there. What
// this kept shut of detached interfaces stays shut.
func (p Protection) ReplacedBy(next Protection, now time.Time) (Protection, []jit.Event) {
	next = next.keeping(p)
	next.Revision, next.Left = p.Revision, p.Left
	if !guardpath.Same(p.Paths, next.Paths) {
		next.Left = slices.Concat(p.Left, p.Paths)
	}
	next, e := next.begin(now)
	return next, []jit.Event{e}
}

// AskedAt is when the protection was asked for.
func (p Protection) AskedAt() time.Time {
	if p.Asked.IsZero() {
		return p.At
	}
	return p.Asked
}

// AskedAgain is the protection as it is, which was asked for once more.
func (p Protection) AskedAgain(at time.Time) Protection {
	if p.Always || !at.After(p.AskedAt()) {
		return p
	}
	p = p.changed()
	p.Asked = at
	return p
}

// Same reports whether both keep the same shut in the same way.
func (p Protection) Same(o Protection) bool {
	return p.Always == o.Always && p.Existing == o.Existing && p.Source == o.Source && guardpath.Same(p.Paths, o.Paths) &&
		jit.SamePortPolicies(p.Ports, o.Ports)
}

// Inherited is the protection as that of the VM which has now what it keeps shut.
func (p Protection) Inherited(heir jit.VM, now time.Time) (Protection, []jit.Event) {
	before := p.Name
	p = p.changed()
	p.VM, p.Name, p.Group = heir.ID, heir.Name, heir.Group
	p.Paths, p.Left = slices.Clone(p.Paths), slices.Clone(p.Left)
	for _, paths := range [][]guardpath.Path{p.Paths, p.Left} {
		for i := range paths {
			paths[i].VM = heir.ID
		}
	}
	return p, []jit.Event{p.event(jit.EventMoved, jit.Person{}, now,
		"What "+before+" had is that of "+heir.Group+"/"+heir.Name+" now, which stays shut by the same denies.")}
}

// HandBack leaves the protection to the admin who made it before the
// configuration took it over.
func (p Protection) HandBack() Protection {
	p = p.changed()
	p.Always = false
	return p
}

// HasAt reports whether the VM has the address behind the guard now.
func (p Protection) HasAt(guard string, a netip.Addr) bool {
	return slices.ContainsFunc(p.Paths, func(path guardpath.Path) bool {
		return resource.Same(path.Guard, guard) && slices.Contains(path.Addresses, a)
	})
}

// New is one of the VM that keeps the ports shut, before it is stored: denies
// of whom source names stand as existing says.
func New(vm jit.VM, ports []jit.PortPolicy, paths []guardpath.Path, existing Existing, source string) Protection {
	return Protection{
		VM: vm.ID, Name: vm.Name, Group: vm.Group, Ports: ports, Paths: paths,
		Existing: existing, Source: source, Interfaces: interfacesOf(vm),
	}
}

// CheckPorts refuses what no protection may say of its ports.
func (p Protection) CheckPorts() error {
	asked := make([]jit.Ports, 0, len(p.Ports))
	for _, pp := range p.Ports {
		if pp.Longest > jit.MaxDuration || pp.Longest <= 0 || pp.Longest < pp.Shortest {
			return jit.Refuse(jit.ErrInput, "Access of %s is no longest time for port %s; choose one up to 24h that is not below its shortest.",
				pp.Longest, pp.Ports)
		}
		if !pp.Any && len(pp.Sources) == 0 {
			return jit.Refuse(jit.ErrInput, "Say from where port %s may be asked for: any single address per request, or ranges.", pp.Ports)
		}
		asked = append(asked, pp.Ports)
	}
	_, err := jit.DistinctPorts(asked)
	return err
}

// HasLeft reports whether the guard is one that its VM left, and that is still to
// be read back without its denies.
func (p Protection) HasLeft(guard string) bool { return guardpath.Has(p.Left, guard) }

// GuardGone says that the guard is not in Azure any more under its id, and in which
// guards the denies of what is being unprotected stand instead. Of a VM that
// stays protected its interfaces say where its denies belong, so only what it left
// there is forgotten.
func (p Protection) GuardGone(guard string, moved []string) Protection {
	left, paths := guardpath.Moved(p.Left, guard, moved), p.Paths
	if p.State == Unprotecting && len(moved) > 0 {
		paths = guardpath.Moved(p.Paths, guard, moved)
	}
	if guardpath.Same(left, p.Left) && guardpath.Same(paths, p.Paths) {
		return p
	}
	p = p.changed()
	p.Left, p.Paths = left, paths
	return p
}
