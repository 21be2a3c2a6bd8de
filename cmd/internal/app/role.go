package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// action is an Azure action of the bot's role, which is also what check looks
// for.
type action struct {
	name     string
	use      string // what it is needed for: "to …"
	firewall bool   // needed only where an Azure Firewall is in front of a machine
	extra    bool   // without it less is told, and nothing else is amiss
	sweep    bool   // jitbot sweep needs it too
}

// actions are the least that the bot needs, by name. It writes single rules, so
// it needs no right to write a whole network security group unless
// azure.group_writes says so; it reads what is in front of a machine, and what
// people hold. A firewall of the classic kind has no rule that could be
// written alone. Whoever writes a document must be allowed to join what it
// refers to.
func (c Config) actions() []action {
	const (
		people   = "to check what people hold"
		network  = "to see what is in front of a machine"
		gateway  = "to see who is behind a gateway"
		wait     = "to wait for Azure to finish a change"
		firewall = "to open and close a firewall"
		whole    = "to write a network security group as a whole, as azure.group_writes says"
	)
	all := []action{
		{name: "Microsoft.Authorization/denyAssignments/read", use: people},
		{name: "Microsoft.Authorization/locks/read", use: "to see locks that would keep a rule from being removed"},
		{name: "Microsoft.Authorization/roleAssignments/read", use: people},
		{name: "Microsoft.Authorization/roleDefinitions/read", use: people},
		{name: "Microsoft.ClassicCompute/virtualMachines/read", use: "to name machines of the classic model, which cannot be opened", extra: true},
		{name: "Microsoft.Compute/virtualMachines/instanceView/read", use: "to see whether a machine runs"},
		{name: "Microsoft.Compute/virtualMachines/read", use: "to find the machines"},
		{name: "Microsoft.Network/azureFirewalls/read", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/azureFirewalls/write", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/firewallPolicies/join/action", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/firewallPolicies/read", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/delete", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/write", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/ipGroups/join/action", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/loadBalancers/read", use: network},
		{name: "Microsoft.Network/localNetworkGateways/read", use: gateway, extra: true},
		{name: "Microsoft.Network/locations/operationResults/read", use: wait, sweep: true},
		{name: "Microsoft.Network/locations/operations/read", use: wait, sweep: true},
		{name: "Microsoft.Network/networkInterfaces/read", use: network},
		{name: "Microsoft.Network/networkSecurityGroups/read", use: "to read the rules", sweep: true},
		{name: "Microsoft.Network/networkSecurityGroups/securityRules/delete", use: "to close what was opened", sweep: true},
		{name: "Microsoft.Network/networkSecurityGroups/securityRules/read", use: "to read a rule back", sweep: true},
		{name: "Microsoft.Network/networkSecurityGroups/securityRules/write", use: "to open"},
		{name: "Microsoft.Network/publicIPAddresses/join/action", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/publicIPAddresses/read", use: network},
		{name: "Microsoft.Network/routeTables/read", use: network},
		{name: "Microsoft.Network/virtualNetworkGateways/connections/read", use: gateway, extra: true},
		{name: "Microsoft.Network/virtualNetworkGateways/read", use: gateway, extra: true},
		{name: "Microsoft.Network/virtualNetworks/read", use: network},
		{name: "Microsoft.Network/virtualNetworks/subnets/join/action", use: firewall, firewall: true, sweep: true},
		{name: "Microsoft.Network/virtualNetworks/subnets/read", use: network},
	}
	if c.Azure.GroupWrites {
		all = append(
			all,
			action{name: "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action", use: whole},
			action{name: "Microsoft.Network/networkSecurityGroups/write", use: whole},
		)
	}
	slices.SortFunc(all, func(a, b action) int { return strings.Compare(a.name, b.name) })
	return all
}

func names(all []action) []string {
	out := make([]string, 0, len(all))
	for _, a := range all {
		out = append(out, a.name)
	}
	return out
}

// role is what az role definition create reads.
type role struct {
	Name             string
	IsCustom         bool
	Description      string
	Actions          []string
	NotActions       []string
	AssignableScopes []string
}

// SweepWarning is what whoever prints the role of jitbot sweep must know.
func SweepWarning() string {
	return `In network security groups this role can only read and delete rules. A firewall
is closed by writing it, so who holds this role can also open one: where no
Azure Firewall is in front of a machine, leave out the actions of
azureFirewalls, firewallPolicies and ipGroups, and every join/action.
A rule under a lock is removed once somebody has removed the lock.
`
}

// Role is the least Azure role that jitbot needs, or that jitbot sweep needs,
// as JSON for az role definition create.
func Role(c Config, sweep bool) ([]byte, error) {
	r := role{
		Name: "jitbot " + c.Jit.Installation, IsCustom: true,
		Description: "Opens and closes network access to virtual machines for a time, by single security rules." +
			" The actions of azureFirewalls, firewallPolicies and ipGroups, and every join/action, are needed only where an Azure Firewall is in front of a machine.",
		Actions: names(c.actions()), NotActions: []string{},
	}
	if sweep {
		r.Name += " sweep"
		r.Description = "Closes network access that jitbot opened, once its time is up." +
			" In network security groups it can only read and delete rules." +
			" A firewall is closed by writing it: where none is in front of a machine, leave out the actions of azureFirewalls, firewallPolicies and ipGroups, and every join/action."
		r.Actions = names(slices.DeleteFunc(c.actions(), func(a action) bool { return !a.sweep }))
	}
	for _, id := range c.Azure.Subscriptions {
		r.AssignableScopes = append(r.AssignableScopes, "/subscriptions/"+id)
	}
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the role: %w", err)
	}
	return append(out, '\n'), nil
}
