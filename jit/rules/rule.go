package rules

import (
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
)

// Rule is one security rule as Azure keeps it. The fields carry Azure's words
// so that what is not understood is still seen; nothing is dropped.
type Rule struct {
	Name         string       `json:"name"`
	Priority     int          `json:"priority"`
	Inbound      bool         `json:"inbound"`
	Allow        bool         `json:"allow"`
	Protocol     jit.Protocol `json:"protocol"`     // lower case: tcp, udp, icmp, esp, ah or *
	Sources      []string     `json:"sources"`      // addresses, prefixes, tags or *
	SourcePorts  []string     `json:"source_ports"` // "*", "22", "8000-8010"
	Destinations []string     `json:"destinations"`
	Ports        []string     `json:"ports"`
	SourceGroups []string     `json:"source_groups,omitempty"` // application security groups, resource ids
	Groups       []string     `json:"groups,omitempty"`        // application security groups as destination
	// To is where a firewall's DNAT rule leads; Destinations and Ports are then
	// its public side. Not valid for every other rule.
	To          netip.AddrPort `json:"to,omitzero"`
	Host        string         `json:"host,omitempty"` // the host name to which a DNAT rule leads in place of To's address
	Description string         `json:"description,omitempty"`
	Settled     bool           `json:"-"` // Azure's provisioningState is Succeeded
	Failed      bool           `json:"-"` // Azure's provisioningState is Failed: what it shows may not be in force
}

// Equal reports whether two rules mean the same to Azure: order within lists,
// case of words and the spelling of a host address do not count. Settled is
// not compared.
func (r Rule) Equal(o Rule) bool {
	return strings.EqualFold(r.Name, o.Name) && r.Priority == o.Priority &&
		r.Inbound == o.Inbound && r.Allow == o.Allow && r.Protocol == o.Protocol &&
		r.Description == o.Description &&
		sameWords(r.Sources, o.Sources) && sameWords(r.SourcePorts, o.SourcePorts) &&
		sameWords(r.Destinations, o.Destinations) && sameWords(r.Ports, o.Ports) &&
		sameWords(r.SourceGroups, o.SourceGroups) && sameWords(r.Groups, o.Groups) && r.To == o.To && strings.EqualFold(r.Host, o.Host)
}

func sameWords(a, b []string) bool {
	return slices.Equal(normalWords(a), normalWords(b))
}

func normalWords(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		if p, ok := ipset.ParsePrefix(w); ok {
			out = append(out, p.String())
			continue
		}
		out = append(out, strings.ToLower(w))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
