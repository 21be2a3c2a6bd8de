package page

import (
	"fmt"
	"path"
	"slices"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
)

// way is a guard that a grant changes.
type way struct {
	Name     string `json:"name"`
	Firewall bool   `json:"firewall,omitempty"`
	Done     bool   `json:"done,omitempty"` // it was read back as the grant's state wants it
}

// publicEnd is where the holder of a grant connects to.
type publicEnd struct {
	Public string `json:"public"` // address and port
	To     string `json:"to"`     // "port 22 of app-1"
}

// slow reports whether a firewall is on the grant's way, whose change takes a
// while.
func slow(g jit.Grant) bool {
	return slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return resource.IsFirewall(p.Guard) })
}

// ways are the guards of a grant that is being opened or closed through a
// firewall, the groups first: they change at once.
func ways(g jit.Grant) []way {
	if !slow(g) || g.State != jit.Opening && g.State != jit.Closing {
		return nil
	}
	var groups, firewalls []way
	for _, id := range g.Guards() {
		w := way{Name: resource.GuardName(id), Firewall: resource.IsFirewall(id)}
		w.Done = !slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, id) && !p.Confirmed })
		if w.Firewall {
			firewalls = append(firewalls, w)
		} else {
			groups = append(groups, w)
		}
	}
	return append(groups, firewalls...)
}

// publicEnds are those of an open grant.
func publicEnds(g jit.Grant) []publicEnd {
	if g.State != jit.Open {
		return nil
	}
	var out []publicEnd
	for _, p := range g.Paths {
		for _, d := range p.PublicEnds {
			out = append(out, publicEnd{d.Public.String(), fmt.Sprintf("port %d of %s", d.To.Port(), path.Base(p.VM))})
		}
	}
	return out
}
