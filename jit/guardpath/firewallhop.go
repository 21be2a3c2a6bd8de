package guardpath

import "net/netip"

// FirewallHop is an Azure Firewall before an address of a VM.
type FirewallHop struct {
	Firewall string `json:"firewall"`         // resource id
	Policy   string `json:"policy,omitempty"` // resource id of its firewall policy; empty: it has rules of its own
	// Subnets are what the VM sees as the source after a translation: the prefixes of
	// the firewall's subnet of the family of the address.
	Subnets []netip.Prefix `json:"subnets,omitempty"`
	Public  []netip.Addr   `json:"public,omitempty"` // its public addresses
	// Routed are the clients whose packets come and go by it, from the routes
	// of the address's subnet.
	Routed []netip.Prefix `json:"routed,omitempty"`
	// Translates says that a DNAT rule of somebody leads to the address.
	Translates bool `json:"leads,omitempty"`
	// Tunnelled says that its own subnet sends what is for the internet elsewhere, so
	// that no DNAT rule of it works; MayTunnel that this is so for a part, or may be so,
	// by a route which its subnet learns from a gateway.
	// https://learn.microsoft.com/azure/firewall/forced-tunneling
	Tunnelled bool `json:"tunnelled,omitempty"`
	MayTunnel bool `json:"mayTunnel,omitempty"`
	// HidesSource says that the VM sees the firewall in place of the client also
	// behind a network rule; MayHide that this is not known, since the firewall learns
	// for which addresses it does so.
	// https://learn.microsoft.com/azure/firewall/snat-private-range
	HidesSource bool `json:"hides,omitempty"`
	MayHide     bool `json:"mayHide,omitempty"`
}

// Guard is the resource id of what is written for an installation: the
// firewall itself, or a rule collection group of ours in its policy.
func (g FirewallHop) Guard(installation string) string {
	if g.Policy == "" {
		return g.Firewall
	}
	return g.Policy + "/ruleCollectionGroups/" + GroupName(installation)
}

// GroupName names the rule collection group of ours in a firewall policy.
func GroupName(installation string) string { return "jitbot-" + installation }
