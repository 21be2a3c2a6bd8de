package rules

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Collection is what has a priority in a firewall: a rule collection with
// rules of its own, or a rule collection group of a policy.
type Collection struct {
	Name     string
	Priority int
	DNAT     bool // a firewall numbers its DNAT collections apart; a group holds both kinds
	Deny     bool // its rules deny
}

// collection is the priority of our collection in a firewall, or of our group
// in a policy: that which it has, or the lowest free one of the band.
func (o Owner) collection(t Table, dnat bool) (int, error) {
	name, band := CollectionName(o.Installation, dnat), o.Bands.Allow
	group := resource.KindOf(t.Guard) == resource.PolicyGroup
	if group {
		name = resource.Name(t.Guard)
	}
	taken := map[int]bool{}
	for _, c := range t.Collections {
		switch {
		case !group && c.DNAT != dnat:
		case !strings.EqualFold(c.Name, name):
			taken[c.Priority] = true
		case c.Name != name || c.Deny || !band.Contains(c.Priority):
			return 0, jit.Refuse(jit.ErrPolicy, "Somebody else's %s (priority %s) is in %s under a name of ours; it is not touched, so remove or rename it.",
				c.Name, fmt.Sprint(c.Priority), t.Name)
		default:
			return c.Priority, nil
		}
	}
	for p := band.From; p <= band.To; p++ {
		if !taken[p] {
			return p, nil
		}
	}
	return 0, jit.Refuse(jit.ErrPolicy, "Every priority from %s to %s in %s is taken, so no rule of ours fits; free one, or widen bands.allow.",
		fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
}

// The ports at which people come in by DNAT, below those that a firewall keeps
// for itself.
const (
	firstPublicPort = 50000
	lastPublicPort  = 59999
)

// publicEnds are the public sides of a firewall's DNAT rules: address, port and
// protocol, with the name of the rule.
type publicEnds map[string]string

// publicEndsIn are those of the table without the rules of ours that nobody wants:
// these go by the write that brings the others.
func (o Owner) publicEndsIn(t Table, wanted []Rule) publicEnds {
	d := publicEnds{}
	for _, r := range t.Rules {
		if _, ours := o.Ours(r); r.To.IsValid() && (!ours || Named(wanted, r.Name)) {
			d.reserve(r)
		}
	}
	return d
}

func (d publicEnds) reserve(r Rule) {
	for _, key := range publicEndKeys(r) {
		d[key] = r.Name
	}
}

// free reports whether no other rule is at the rule's public side.
func (d publicEnds) free(r Rule) bool {
	return !slices.ContainsFunc(publicEndKeys(r), func(key string) bool { return d[key] != "" && !strings.EqualFold(d[key], r.Name) })
}

func publicEndKeys(r Rule) []string {
	protocols := []jit.Protocol{r.Protocol}
	if r.Protocol == jit.AnyProtocol {
		protocols = []jit.Protocol{jit.TCP, jit.UDP}
	}
	var out []string
	for _, protocol := range protocols {
		for _, address := range r.Destinations {
			for _, port := range r.Ports {
				out = append(out, fmt.Sprint(protocol, " ", address, " ", port))
			}
		}
	}
	return out
}

// fit gives a DNAT rule its public side: the one that people were told, the
// one that it has, or a free one. Destinations names where the rule may be; one
// whose ports are set has been told, and is told to be at the first of them.
func (d publicEnds) fit(t Table, w, old Rule) (Rule, error) {
	candidates := w.Destinations
	if len(w.Ports) > 0 {
		w.Destinations = candidates[:1]
		if d.free(w) {
			return w, nil
		}
	}
	if len(old.Destinations) == 1 && len(old.Ports) == 1 && slices.Contains(candidates, old.Destinations[0]) && d.free(old) {
		w.Destinations, w.Ports = old.Destinations, old.Ports
		return w, nil
	}
	const many = lastPublicPort - firstPublicPort + 1
	first := int(hashOf(w.Name) % many) // so that a port does not soon mean another VM
	for _, address := range candidates {
		for i := range many {
			w.Destinations, w.Ports = []string{address}, []string{fmt.Sprint(firstPublicPort + (first+i)%many)}
			if d.free(w) {
				return w, nil
			}
		}
	}
	return w, jit.Refuse(jit.ErrPolicy, "Every port from %s to %s of the firewall %s is taken; end a grant there.", fmt.Sprint(firstPublicPort), fmt.Sprint(lastPublicPort), t.Name)
}

func hashOf(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()
}

// PublicEnd is where a DNAT rule that was placed lets people in.
func (r Rule) PublicEnd(vm string) (jit.PublicEnd, bool) {
	if !r.To.IsValid() || len(r.Destinations) != 1 || len(r.Ports) != 1 {
		return jit.PublicEnd{}, false
	}
	public, err := netip.ParseAddrPort(r.Destinations[0] + ":" + r.Ports[0])
	return jit.PublicEnd{VM: vm, Rule: r.Name, Public: public, To: r.To, Protocol: r.Protocol}, err == nil
}

// precedes reports whether a guard evaluates the rule before the allow and the
// rule may take or deny what the allow is for, which is asked.
func (r Rule) precedes(allow Rule, asked traffic) bool {
	if r.Priority >= allow.Priority || r.To.IsValid() != allow.To.IsValid() {
		return false
	}
	if !r.To.IsValid() {
		return r.Inbound && !r.Allow && r.mayMeet(asked)
	}
	return protocolsMeet(r.Protocol, allow.Protocol) && SharesPublic(r, allow) && r.mayBeFrom(asked)
}

// MovedPublicEnd reports whether a DNAT rule of the grant is to let its holder in
// elsewhere than was told.
func MovedPublicEnd(g jit.Grant, r Rule) bool {
	return slices.ContainsFunc(g.PublicEnds(), func(told jit.PublicEnd) bool {
		now, ok := r.PublicEnd(told.VM)
		return ok && told.Rule == r.Name && told.Public != now.Public
	})
}

// CollectionName names a collection of ours in a firewall or in our group.
func CollectionName(installation string, dnat bool) string {
	if dnat {
		return "jitbot-" + installation + "-dnat"
	}
	return "jitbot-" + installation + "-network"
}
