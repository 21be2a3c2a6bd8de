package azure

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// collection is a rule collection of a firewall or of a group of a policy, as
// far as rules of ours need it. Application rules are about other protocols.
type collection struct {
	name string
	dnat bool
	collectionBody
}

// collectionBody are what both kinds of collections say in the same words.
// https://learn.microsoft.com/rest/api/firewall/azure-firewalls/get
type collectionBody struct {
	Priority int `json:"priority"`
	Action   struct {
		Type string `json:"type"`
	} `json:"action"`
	Rules []firewallRule `json:"rules"`
}

// firewallRule is a network or DNAT rule of either kind of firewall.
type firewallRule struct {
	Name                 string     `json:"name"`
	Description          string     `json:"description,omitempty"`
	RuleType             string     `json:"ruleType,omitempty"`    // of a policy's rule
	Protocols            stringList `json:"protocols,omitempty"`   // of a classic rule
	IPProtocols          []string   `json:"ipProtocols,omitempty"` // of a policy's rule
	SourceAddresses      []string   `json:"sourceAddresses,omitempty"`
	SourceIPGroups       []string   `json:"sourceIpGroups,omitempty"`
	DestinationAddresses []string   `json:"destinationAddresses,omitempty"`
	DestinationIPGroups  []string   `json:"destinationIpGroups,omitempty"`
	DestinationFqdns     []string   `json:"destinationFqdns,omitempty"`
	DestinationPorts     []string   `json:"destinationPorts,omitempty"`
	TranslatedAddress    string     `json:"translatedAddress,omitempty"`
	TranslatedFqdn       string     `json:"translatedFqdn,omitempty"`
	TranslatedPort       string     `json:"translatedPort,omitempty"`
}

// stringList are strings; application rules have objects there, which are not read.
type stringList []string

// UnmarshalJSON takes any list.
func (w *stringList) UnmarshalJSON(data []byte) error {
	var texts []string
	if json.Unmarshal(data, &texts) == nil {
		*w = texts
	}
	return nil
}

var ownCollection = regexp.MustCompile(`^jitbot-([a-z0-9]{1,16})-(?:dnat|network)$`)

// owner is the installation whose collection it is by its name, else empty.
func (c collection) owner() string {
	if m := ownCollection.FindStringSubmatch(c.name); m != nil {
		return m[1]
	}
	return ""
}

// asCollection is the collection as what has a priority.
func (c collection) asCollection() rules.Collection {
	return rules.Collection{Name: c.name, Priority: c.Priority, DNAT: c.dnat, Deny: strings.EqualFold(c.Action.Type, "Deny")}
}

// rules reads the rules. Those of an installation in its own collection have
// their own names where no path is given; all others have the path and the name
// of the collection before theirs.
func (c collection) rules(path string, priority int, state provisioningState) []rules.Rule {
	var out []rules.Rule
	for _, d := range c.Rules {
		r := d.rule(c.dnat)
		r.Priority, r.Inbound, r.SourcePorts = priority, true, []string{"*"}
		r.Allow = c.dnat || !strings.EqualFold(c.Action.Type, "Deny")
		r.Settled, r.Failed = state.settled(), state.failed()
		n, ours := rules.ParseRuleName(strings.ToLower(d.Name))
		if ours && n.Installation == c.owner() && path == "" {
			r.Protocol = joinedProtocol(d.protocols())
			out = append(out, r)
			continue
		}
		r.Name = path + c.name + "/" + d.Name
		for _, p := range d.protocols() {
			r.Protocol = p
			out = append(out, r)
		}
	}
	return out
}

func (d firewallRule) rule(dnat bool) rules.Rule {
	r := rules.Rule{
		Name: d.Name, Description: d.Description,
		Sources:      slices.Concat(d.SourceAddresses, d.SourceIPGroups),
		Destinations: slices.Concat(d.DestinationAddresses, d.DestinationIPGroups, d.DestinationFqdns),
		Ports:        d.DestinationPorts,
	}
	if dnat {
		r.To, r.Host = d.translation()
	}
	return r
}

// translation is where a DNAT rule leads. What is no address is a host name, whose
// address is not known.
func (d firewallRule) translation() (to netip.AddrPort, host string) {
	port, err := strconv.ParseUint(d.TranslatedPort, 10, 16)
	if err != nil {
		port = 0
	}
	addr, err := netip.ParseAddr(d.TranslatedAddress)
	if err != nil {
		addr, host = netip.IPv4Unspecified(), cmp.Or(d.TranslatedFqdn, d.TranslatedAddress, "that is not given")
	}
	return netip.AddrPortFrom(addr, uint16(port)), host
}

func (d firewallRule) protocols() []jit.Protocol {
	var out []jit.Protocol
	for _, word := range slices.Concat(d.Protocols, d.IPProtocols) {
		p := jit.Protocol(strings.ToLower(word))
		if p == "any" {
			p = jit.AnyProtocol
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return []jit.Protocol{jit.AnyProtocol} // in words that are not known
	}
	return out
}

// joinedProtocol is what a rule of ours means by several protocols: both that have
// ports, as DNAT has no word for all.
func joinedProtocol(list []jit.Protocol) jit.Protocol {
	if len(list) == 1 {
		return list[0]
	}
	return jit.AnyProtocol
}

// toFirewallRule writes a rule of ours in the words of a classic firewall, or
// of a policy.
func toFirewallRule(r rules.Rule, policy bool) firewallRule {
	d := firewallRule{
		Name: r.Name, Description: r.Description,
		SourceAddresses: r.Sources, DestinationAddresses: r.Destinations, DestinationPorts: r.Ports,
	}
	protocols := []string{strings.ToUpper(string(r.Protocol))}
	if r.Protocol == jit.AnyProtocol {
		protocols = []string{"Any"}
	}
	kind := "NetworkRule"
	if r.To.IsValid() {
		kind = "NatRule"
		d.TranslatedAddress, d.TranslatedPort = r.To.Addr().String(), strconv.Itoa(int(r.To.Port()))
		if r.Protocol == jit.AnyProtocol {
			protocols = []string{"TCP", "UDP"}
		}
	}
	if policy {
		d.RuleType, d.IPProtocols = kind, protocols
	} else {
		d.Protocols = protocols
	}
	return d
}

// provisioningState is Azure's provisioningState.
type provisioningState string

func (p provisioningState) settled() bool { return strings.EqualFold(string(p), "Succeeded") }

// failed reports whether Azure gave a change up: what the document says is then
// not known to be in force.
func (p provisioningState) failed() bool {
	return strings.EqualFold(string(p), "Failed") || strings.EqualFold(string(p), "Canceled")
}

// busy reports whether Azure is still at a change.
func (p provisioningState) busy() bool { return !p.settled() && !p.failed() }

// sortCollections sorts collections as a firewall asks them.
func sortCollections(list []collection) []collection {
	slices.SortStableFunc(list, func(a, b collection) int { return cmp.Compare(a.Priority, b.Priority) })
	return list
}
