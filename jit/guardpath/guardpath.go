package guardpath

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// Kind is what is written at a guard.
type Kind string

// The kinds of paths.
const (
	Direct         Kind = ""        // an NSG's rule that sees the client
	BehindFirewall Kind = "behind"  // an NSG's rule that sees the firewall before it as the source
	ByNetworkRule  Kind = "network" // a firewall's network rule
	ByDNAT         Kind = "dnat"    // a firewall's DNAT rule, and a network rule for what it translates
)

// Path is one guard in front of a VM of a grant, with the VM's addresses
// behind it. The paths are stored before the first write, so that whatever was
// written is known to be looked for.
type Path struct {
	VM         string         `json:"vm"`    // resource id
	Guard      string         `json:"guard"` // resource id
	Kind       Kind           `json:"kind,omitempty"`
	Addresses  []netip.Addr   `json:"addresses"`
	Sources    []netip.Prefix `json:"sources,omitempty"` // what the guard sees as the source; nil: all that was asked for
	Public     []netip.Addr   `json:"public,omitempty"`  // ByDNAT: where the firewall may be reached
	PublicEnds []PublicEnd    `json:"doors,omitempty"`   // ByDNAT: where it is reached, once that was read back
	Outer      []netip.Addr   `json:"outer,omitempty"`   // public addresses that lead to Addresses alone: where the internet connects to
	Confirmed  bool           `json:"agreed,omitempty"`  // read back as the state wants it: in force, or gone
	Gone       bool           `json:"gone,omitempty"`    // the guard itself is gone: so is what was written there
	Fault      string         `json:"fault,omitempty"`   // the last failure there, cleared when it is confirmed

	Hindrance string `json:"hindrance,omitempty"` // open: what somebody put before the rules there since
}

// Confirm marks the guard's paths and counts those left.
func Confirm(paths []Path, guard string) (next []Path, fresh bool, left int) {
	next = slices.Clone(paths)
	for i, p := range next {
		if resource.Same(p.Guard, guard) && !p.Confirmed {
			next[i].Confirmed, next[i].Fault = true, ""
			fresh = true
		}
		if !next[i].Confirmed {
			left++
		}
	}
	return next, fresh, left
}

// Fault keeps the fault at the guard's paths; fresh says that it is another one.
func Fault(paths []Path, guard, fault string) (next []Path, fresh bool) {
	next = slices.Clone(paths)
	for i, p := range next {
		if resource.Same(p.Guard, guard) && p.Fault != fault {
			next[i].Fault, fresh = fault, true
		}
	}
	return next, fresh
}

// Elsewhere are the paths but those of the guard.
func Elsewhere(paths []Path, guard string) []Path {
	return slices.DeleteFunc(slices.Clone(paths), func(p Path) bool { return resource.Same(p.Guard, guard) })
}

// Guards lists the guards of the paths, each once, in lower case.
func Guards(paths []Path) []string {
	var out []string
	for _, p := range paths {
		out = append(out, strings.ToLower(p.Guard))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Has reports whether the guard is one of the paths'.
func Has(paths []Path, guard string) bool {
	return slices.ContainsFunc(paths, func(p Path) bool { return resource.Same(p.Guard, guard) })
}

// Same reports whether the guards and addresses are the same.
func Same(a, b []Path) bool {
	return slices.EqualFunc(sortedPaths(a), sortedPaths(b), func(x, y Path) bool {
		return resource.Same(x.VM, y.VM) && x.Order() == y.Order() && slices.Equal(x.Addresses, y.Addresses) && slices.Equal(x.Public, y.Public)
	})
}

func sortedPaths(paths []Path) []Path {
	out := slices.Clone(paths)
	for i := range out {
		out[i].Addresses = slices.SortedFunc(slices.Values(out[i].Addresses), netip.Addr.Compare)
	}
	slices.SortFunc(out, func(a, b Path) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.VM), strings.ToLower(b.VM)), strings.Compare(a.Order(), b.Order()))
	})
	return out
}

// Order sorts paths by guard, and those of one guard by what is written there.
func (p Path) Order() string {
	return strings.ToLower(p.Guard) + " " + p.Variant()
}

// Variant tells the path from others of its VM at the same guard: its kind, and
// the sources that the guard sees.
func (p Path) Variant() string { return string(p.Kind) + " " + joinPrefixes(p.Sources) }

func joinPrefixes(list []netip.Prefix) string {
	words := make([]string, 0, len(list))
	for _, p := range list {
		words = append(words, p.String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// SourceSeen is what the guard of the path sees of a source; not concerned when the
// source goes another way.
func (p Path) SourceSeen(source netip.Prefix) (seen netip.Prefix, concerned bool) {
	if p.Kind == BehindFirewall {
		return p.Sources[0], true
	}
	return source, p.Sources == nil || slices.Contains(p.Sources, source)
}

// Moved are the paths with those at the guard at the others instead, where
// nothing has been read back yet; with no others, or where there are some at these
// already, they are left out.
func Moved(paths []Path, guard string, moved []string) []Path {
	out := Elsewhere(paths, guard)
	for _, p := range paths {
		if !resource.Same(p.Guard, guard) {
			continue
		}
		for _, to := range moved {
			if !Has(paths, to) {
				p.Guard, p.Confirmed, p.Fault = to, false, ""
				out = append(out, p)
			}
		}
	}
	return out
}

// Unfinished names the guards of the paths that were not read back as wanted.
func Unfinished(paths []Path) []string {
	var names []string
	for _, p := range paths {
		if !p.Confirmed {
			names = append(names, resource.GuardName(p.Guard))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Unread are the paths as before anything was read back of them.
func Unread(paths []Path) []Path {
	out := slices.Clone(paths)
	for i := range out {
		out[i].Confirmed, out[i].Fault = false, ""
	}
	return out
}

// Left are those of the paths at guards that the next ones are not at, where nothing of them
// is to stand any more.
func Left(paths, next []Path) []Path {
	out := slices.DeleteFunc(Unread(paths), func(p Path) bool { return Has(next, p.Guard) })
	for i := range out {
		out[i].PublicEnds = nil
	}
	return out
}

// VMsAt are the VMs of the paths at the guard.
func VMsAt(paths []Path, guard string) []string {
	var out []string
	for _, p := range paths {
		if resource.Same(p.Guard, guard) {
			out = append(out, p.VM)
		}
	}
	return out
}
