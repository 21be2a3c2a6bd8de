package jit

import (
	"net/netip"
)

// FirewallHop is an Azure Firewall before an address of a VM.
type FirewallHop struct {
	Firewall string       `json:"firewall"`         // resource id
	Policy   string       `json:"policy,omitempty"` // resource id of its firewall policy; empty: it has rules of its own
	Subnet   netip.Prefix `json:"subnet"`           // what the VM sees as the source after a translation
	Public   []netip.Addr `json:"public,omitempty"` // its public addresses
	// Routed are the clients whose packets come and go by it, from the routes
	// of the address's subnet.
	Routed []netip.Prefix `json:"routed,omitempty"`
	// Translates says that a DNAT rule of somebody leads to the address.
	Translates bool `json:"leads,omitempty"`
	// HidesSource says that the VM sees the firewall in place of the client also
	// behind a network rule.
	// https://learn.microsoft.com/azure/firewall/snat-private-range
	HidesSource bool `json:"hides,omitempty"`
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

// PublicEnd is the public side of a DNAT rule: where a client connects to.
type PublicEnd struct {
	VM       string         `json:"vm"`   // resource id
	Rule     string         `json:"rule"` // its name
	Public   netip.AddrPort `json:"public"`
	To       netip.AddrPort `json:"to"`
	Protocol Protocol       `json:"protocol"`
}
