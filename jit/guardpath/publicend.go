package guardpath

import (
	"cmp"
	"net/netip"
	"slices"

	"jitbot/jit/resource"
)

// PublicEnd is the public side of a DNAT rule: where a client connects to.
type PublicEnd struct {
	VM       string         `json:"vm"`   // resource id
	Rule     string         `json:"rule"` // its name
	Public   netip.AddrPort `json:"public"`
	To       netip.AddrPort `json:"to"`
	Protocol string         `json:"protocol"` // tcp or udp
}

// PublicEnds are those of the paths, by firewall and port.
func PublicEnds(paths []Path) []PublicEnd {
	var out []PublicEnd
	for _, p := range paths {
		out = append(out, p.PublicEnds...)
	}
	slices.SortFunc(out, func(a, b PublicEnd) int { return cmp.Or(a.To.Compare(b.To), a.Public.Compare(b.Public)) })
	return out
}

// WithPublicEnds are the paths with the public ends at the guard, each where it leads.
func WithPublicEnds(paths []Path, guard string, ends []PublicEnd) []Path {
	paths = slices.Clone(paths)
	for i, p := range paths {
		if resource.Same(p.Guard, guard) && p.Kind == ByDNAT {
			paths[i].PublicEnds = slices.DeleteFunc(slices.Clone(ends), func(d PublicEnd) bool {
				return !resource.Same(d.VM, p.VM) || !slices.Contains(p.Addresses, d.To.Addr())
			})
		}
	}
	return paths
}

// KeepPublicEnds are the paths with the public ends that people were told by the old
// ones, where these can stay.
func KeepPublicEnds(old, paths []Path) []Path {
	paths = slices.Clone(paths)
	for i, p := range paths {
		for _, o := range old {
			for _, d := range o.PublicEnds {
				same := p.Kind == ByDNAT && resource.Same(o.VM, p.VM) && resource.Same(o.Guard, p.Guard)
				if same && len(p.PublicEnds) == 0 && slices.Contains(p.Public, d.Public.Addr()) && slices.Contains(p.Addresses, d.To.Addr()) {
					paths[i].PublicEnds = append(paths[i].PublicEnds, d)
				}
			}
		}
	}
	return paths
}
