package rules

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
	"jitbot/jit/text"
)

// The ports at which people come in by DNAT, below those that a firewall keeps
// for itself.
const (
	firstPublicPort = 50000
	lastPublicPort  = 59999
)

// maxTranslations is how much a firewall takes of its public addresses and of the
// public sides of its DNAT rules (address, port and protocol) together.
// https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-firewall-limits
const maxTranslations = 250

// publicEnds are the public sides of a firewall's DNAT rules: address, port and
// protocol, with the name of the rule.
type publicEnds map[string]string

// publicEndsIn are those of the table without the rules of ours that nobody wants:
// these go by the write that brings the others.
func (o Owner) publicEndsIn(t Table, wanted []Rule) publicEnds {
	d := publicEnds{}
	for _, r := range t.Rules {
		if _, ours := o.Ours(r); (r.To.IsValid() || r.Host != "") && (!ours || named(wanted, r.Name)) {
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
	return !slices.ContainsFunc(publicEndKeys(r), func(key string) bool {
		return d[key] != "" && !strings.EqualFold(d[key], r.Name)
	})
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
	if need := len(publicEndKeys(Rule{Protocol: w.Protocol, Destinations: []string{""}, Ports: []string{""}})); old.Name == "" &&
		len(d)+need+len(candidates) > maxTranslations {
		return w, jit.Refuse(jit.ErrPolicy, "The firewall %s has %s, and its public addresses and DNAT rules together may be %s at most; "+
			"end a grant there, or remove DNAT rules.", t.Name, text.Count(len(d), "DNAT rule", "DNAT rules"), fmt.Sprint(maxTranslations))
	}
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
	return w, jit.Refuse(jit.ErrPolicy, "Every port from %s to %s of the firewall %s is taken; end a grant there.",
		fmt.Sprint(firstPublicPort), fmt.Sprint(lastPublicPort), t.Name)
}

func hashOf(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()
}

// PublicEnd is where a DNAT rule that has its place in a firewall lets people in
// to the VM; ok is false for every other rule.
func (r Rule) PublicEnd(vm string) (end guardpath.PublicEnd, ok bool) {
	if !r.To.IsValid() || len(r.Destinations) != 1 || len(r.Ports) != 1 {
		return guardpath.PublicEnd{}, false
	}
	public, err := netip.ParseAddrPort(r.Destinations[0] + ":" + r.Ports[0])
	return guardpath.PublicEnd{VM: vm, Rule: r.Name, Public: public, To: r.To, Protocol: string(r.Protocol)}, err == nil
}

// MovesPublicEnd reports whether the rule is a DNAT rule of the grant that lets
// its holder in elsewhere than was told.
func (r Rule) MovesPublicEnd(g jit.Grant) bool {
	return slices.ContainsFunc(g.PublicEnds(), func(told guardpath.PublicEnd) bool {
		now, ok := r.PublicEnd(told.VM)
		return ok && told.Rule == r.Name && told.Public != now.Public
	})
}

// SharesPublicEnd reports whether two DNAT rules take packets of the same public
// address and port. Any doubt counts as shared.
func (r Rule) SharesPublicEnd(o Rule) bool {
	same := func(a, b string) bool {
		x, okX := ipset.ParseAddresses(a)
		y, okY := ipset.ParseAddresses(b)
		return a == "*" || b == "*" || strings.EqualFold(a, b) || okX && okY && len(x.Intersect(y)) > 0
	}
	return r.PortRanges().MayMeet(o.PortRanges().Union().Any()) && slices.ContainsFunc(r.Destinations, func(a string) bool {
		return slices.ContainsFunc(o.Destinations, func(b string) bool { return same(a, b) })
	})
}

// AtPrivateEnd reports whether a DNAT rule takes packets at private addresses of its
// firewall alone, to which nothing from the internet comes.
// https://learn.microsoft.com/azure/firewall/tutorial-private-ip-dnat
func (r Rule) AtPrivateEnd() bool {
	return len(r.Destinations) > 0 && !slices.ContainsFunc(r.Destinations, func(word string) bool {
		a, known := ipset.ParseAddresses(word)
		return !known || len(a.Subtract(ipset.PrivateSpace())) > 0
	})
}
