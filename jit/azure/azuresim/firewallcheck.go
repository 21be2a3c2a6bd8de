package azuresim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Limits of Azure Firewall that Microsoft documents.
const (
	lowCollection  = 100
	highCollection = 65000
	// maxDNATPort: the ports above are the firewall's own.
	maxDNATPort = 63999
	// maxDNAT is how many public addresses and different destinations
	// (address, port, protocol) of NAT rules there may be together; an older
	// text says 298.
	maxDNAT = 250
)

// firewallCheck refuses what a firewall, or a policy's group, cannot take.
// Of the codes only two are recorded in public:
// AzureFirewallRuleInvalidDnatPortOrRangeFormat
// (hashicorp/terraform-provider-azurerm#18353) and
// AzureFirewallPolicyAndRuleCollectionsConflict; for the rest stands the
// general code.
type firewallCheck struct {
	code string
	// public are the firewall's public addresses; nil: not known, as for a
	// policy that no firewall uses.
	public []string
	// private are its private addresses, at which a NAT rule may be as well.
	private []string
	// dualStack: network rules may name IPv6 addresses, in rules of their own.
	dualStack bool
	// elsewhere are NAT collections outside the document that count too.
	elsewhere []RuleCollection
}

func (k firewallCheck) refuse(format string, args ...any) *problem {
	return invalid(k.code, format, args...)
}

// collections checks lists of collections, in each of which names and
// priorities must differ.
func (k firewallCheck) collections(lists ...[]RuleCollection) *problem {
	destinations := map[string]bool{}
	for _, c := range k.elsewhere {
		count(destinations, c)
	}
	for _, all := range lists {
		names, priorities := map[string]bool{}, map[int]string{}
		for _, c := range all {
			if names[key(c.Name)] {
				return k.refuse("Rule collection name %s is used more than once.", c.Name)
			}
			if other, taken := priorities[c.Priority]; taken {
				return k.refuse("Rule collections %s and %s have the same priority %d. Priorities must be unique.", other, c.Name, c.Priority)
			}
			names[key(c.Name)], priorities[c.Priority] = true, c.Name
			if p := k.collection(c); p != nil {
				return p
			}
			count(destinations, c)
		}
	}
	if n := len(destinations) + len(k.public); len(destinations) > 0 && n > maxDNAT {
		return k.refuse("The number of public IP addresses and unique DNAT destinations (%d) exceeds the limit of %d.", n, maxDNAT)
	}
	return nil
}

// count adds the destinations of a NAT collection.
func count(destinations map[string]bool, c RuleCollection) {
	if c.Kind != NAT {
		return
	}
	for _, r := range c.Rules {
		protocols := r.Protocols
		if slices.ContainsFunc(protocols, func(p string) bool { return strings.EqualFold(p, "Any") }) {
			protocols = []string{"TCP", "UDP"}
		}
		for _, protocol := range protocols {
			destinations[key(strings.Join(append(slices.Concat(r.Destinations, r.Ports), protocol), " "))] = true
		}
	}
}

func (k firewallCheck) collection(c RuleCollection) *problem {
	if p := checkName(c.Name); p != nil {
		return p
	}
	if c.Priority < lowCollection || c.Priority > highCollection {
		return k.refuse("Rule collection %s has invalid priority %d. Allowed range %d-%d.", c.Name, c.Priority, lowCollection, highCollection)
	}
	actions := []string{"Allow", "Deny"}
	if c.Kind == NAT {
		actions = []string{"Dnat"}
	}
	if !slices.ContainsFunc(actions, func(a string) bool { return strings.EqualFold(a, c.Action) }) {
		return k.refuse("Rule collection %s has invalid action '%s'. Allowed: %s.", c.Name, c.Action, strings.Join(actions, ", "))
	}
	names := map[string]bool{}
	for _, r := range c.Rules {
		if p := checkName(r.Name); p != nil {
			return p
		}
		if names[key(r.Name)] {
			return k.refuse("Rule name %s is used more than once in rule collection %s.", r.Name, c.Name)
		}
		names[key(r.Name)] = true
		if p := k.rule(c.Kind, r); p != nil {
			return p
		}
	}
	return nil
}

func (k firewallCheck) rule(kind string, r FirewallRule) *problem {
	if kind == Application {
		return nil
	}
	if p := k.protocols(kind, r); p != nil {
		return p
	}
	families := map[bool]bool{}
	for i, text := range append(slices.Clone(r.Sources), r.Destinations...) {
		switch low, _, ok := addressSpan(text); {
		case kind == NAT && i >= len(r.Sources): // looked at below
		case ok && (low.Is4() || k.dualStack && kind == Network):
			families[low.Is4()] = true
		case !firewallAddress(text, i >= len(r.Sources)):
			return k.badAddress(r, text)
		}
	}
	if len(families) > 1 {
		return k.refuse("AzureFirewallRule %s: addresses of IPv4 and IPv6 cannot be in one rule.", r.Name)
	}
	if kind == NAT {
		return k.translation(r)
	}
	for _, text := range r.Ports {
		if _, _, ok := portRange(text); !ok && text != "*" {
			return k.refuse("AzureFirewallRule %s: Invalid port value or range %s.", r.Name, text)
		}
	}
	return nil
}

func (k firewallCheck) protocols(kind string, r FirewallRule) *problem {
	protocols := []string{"TCP", "UDP", "ICMP", "Any"}
	if kind == NAT {
		protocols = protocols[:2]
	}
	if len(r.Protocols) == 0 {
		return k.refuse("AzureFirewallRule %s: at least one protocol is required.", r.Name)
	}
	for _, given := range r.Protocols {
		if !slices.ContainsFunc(protocols, func(p string) bool { return strings.EqualFold(p, given) }) {
			return k.refuse("AzureFirewallRule %s: Invalid protocol %s.", r.Name, given)
		}
	}
	return nil
}

// badAddress has the words of Azure/azure-cli#16986.
func (k firewallCheck) badAddress(r FirewallRule, text string) *problem {
	return k.refuse("AzureFirewallRule %s: Invalid IP address value or range or Service Tag %s.", r.Name, text)
}

// translation checks what is special to a NAT rule.
func (k firewallCheck) translation(r FirewallRule) *problem {
	if len(r.Destinations) != 1 {
		return k.refuse("AzureFirewallRule %s: exactly one destination address is required for DNAT.", r.Name)
	}
	if a, err := netip.ParseAddr(r.Destinations[0]); err != nil || !a.Is4() {
		return k.badAddress(r, r.Destinations[0])
	}
	if k.public != nil && !slices.Contains(k.public, r.Destinations[0]) && !slices.Contains(k.private, r.Destinations[0]) {
		return k.refuse(
			"AzureFirewallRule %s: DNAT destination address %s is not a public or private IP address of the firewall.", r.Name, r.Destinations[0],
		)
	}
	if len(r.Ports) != 1 || !dnatPort(r.Ports[0]) {
		return invalid(
			"AzureFirewallRuleInvalidDnatPortOrRangeFormat", "AzureFirewallRule %s: Invalid DNat port value or range. Multiple "+
				"values, * and ranges are not supported for DNAT destination port. Allowed 1-%d.", r.Name, maxDNATPort,
		)
	}
	if !dnatPort(r.TranslatedPort) {
		return invalid(
			"AzureFirewallRuleInvalidDnatPortOrRangeFormat", "AzureFirewallRule %s: Invalid DNat port value or range. Multiple "+
				"values, * and ranges are not supported for DNAT translated port.", r.Name,
		)
	}
	if r.TranslatedFqdn != "" {
		if r.TranslatedAddress != "" {
			return k.refuse("AzureFirewallRule %s: TranslatedAddress and TranslatedFqdn cannot both be set.", r.Name)
		}
		return nil
	}
	if a, err := netip.ParseAddr(r.TranslatedAddress); err != nil || !a.Is4() {
		return k.badAddress(r, r.TranslatedAddress)
	}
	return nil
}

func dnatPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 1 && n <= maxDNATPort
}

// firewallAddress says whether a firewall takes a text for an address of IPv4: a prefix, a range, "*", or, as a
// destination, a service tag.
func firewallAddress(text string, tags bool) bool {
	if text == "*" || tags && tagPattern.MatchString(text) && !strings.EqualFold(text, "VirtualNetwork") &&
		!strings.EqualFold(text, "AzureLoadBalancer") {
		return true
	}
	low, high, ok := addressSpan(text)
	return ok && low.Is4() && high.Is4()
}

// addressSpan reads an address, a prefix or "low-high".
func addressSpan(text string) (low, high netip.Addr, ok bool) {
	if a, b, ranged := strings.Cut(text, "-"); ranged {
		low, errLow := netip.ParseAddr(a)
		high, errHigh := netip.ParseAddr(b)
		return low, high, errLow == nil && errHigh == nil && low.Is4() == high.Is4() && low.Compare(high) <= 0
	}
	p, ok := addressRange(text)
	if !ok {
		return low, high, false
	}
	return p.Addr(), lastOf(p), true
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}
