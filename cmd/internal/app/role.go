package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jitbot/cmd/internal/config"
)

// Action is an Azure action of the bot's role, which is also what jitbot check
// looks for.
type Action struct {
	Name     string
	Use      string // what it is needed for: "to …"
	Firewall bool   // needed only where an Azure Firewall is in front of a machine
	Optional bool   // without it less is told, and nothing else is amiss
	Sweep    bool   // jitbot sweep needs it too
}

// Actions are the least that the bot needs, by name. It writes single rules, so
// it needs no right to write a whole network security group unless
// azure.group_writes says so; it reads what is in front of a machine, and what
// people hold. A firewall of the classic kind has no rule that could be
// written alone. Whoever writes a document must be allowed to join what it
// refers to.
func Actions(c config.Config) []Action {
	const (
		people   = "to check what people hold"
		classic  = "to name machines of the classic model, which cannot be opened"
		network  = "to see what is in front of a machine"
		gateway  = "to see who is behind a gateway"
		wait     = "to wait for Azure to finish a change"
		firewall = "to open and close a firewall"
		whole    = "to write a network security group as a whole, as azure.group_writes says"
	)
	all := []Action{
		{Name: "Microsoft.Authorization/denyAssignments/read", Use: people},
		{Name: "Microsoft.Authorization/locks/read", Use: "to see locks that would keep a rule from being removed"},
		{Name: "Microsoft.Authorization/roleAssignments/read", Use: people},
		{Name: "Microsoft.Authorization/roleDefinitions/read", Use: people},
		{Name: "Microsoft.ClassicCompute/virtualMachines/read", Use: classic, Optional: true},
		{Name: "Microsoft.Compute/virtualMachines/instanceView/read", Use: "to see whether a machine runs"},
		{Name: "Microsoft.Compute/virtualMachines/read", Use: "to find the machines"},
		{Name: "Microsoft.Network/azureFirewalls/read", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/azureFirewalls/write", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/join/action", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/read", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/delete", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/write", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/ipGroups/join/action", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/loadBalancers/read", Use: network},
		{Name: "Microsoft.Network/localNetworkGateways/read", Use: gateway, Optional: true},
		{Name: "Microsoft.Network/locations/operationResults/read", Use: wait, Sweep: true},
		{Name: "Microsoft.Network/locations/operations/read", Use: wait, Sweep: true},
		{Name: "Microsoft.Network/networkInterfaces/read", Use: network},
		{Name: "Microsoft.Network/networkSecurityGroups/read", Use: "to read the rules", Sweep: true},
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/delete", Use: "to close what was opened", Sweep: true},
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/read", Use: "to read a rule back", Sweep: true},
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/write", Use: "to open"},
		{Name: "Microsoft.Network/publicIPAddresses/join/action", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/publicIPAddresses/read", Use: network},
		{Name: "Microsoft.Network/routeTables/read", Use: network},
		{Name: "Microsoft.Network/virtualNetworkGateways/connections/read", Use: gateway, Optional: true},
		{Name: "Microsoft.Network/virtualNetworkGateways/read", Use: gateway, Optional: true},
		{Name: "Microsoft.Network/virtualNetworks/read", Use: network},
		{Name: "Microsoft.Network/virtualNetworks/subnets/join/action", Use: firewall, Firewall: true, Sweep: true},
		{Name: "Microsoft.Network/virtualNetworks/subnets/read", Use: network},
	}
	if c.Azure.GroupWrites {
		all = append(
			all,
			Action{Name: "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action", Use: whole},
			Action{Name: "Microsoft.Network/networkSecurityGroups/write", Use: whole},
		)
	}
	slices.SortFunc(all, func(a, b Action) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Names are those of the actions, in the same order.
func Names(all []Action) []string {
	out := make([]string, 0, len(all))
	for _, a := range all {
		out = append(out, a.Name)
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
func Role(c config.Config, sweep bool) ([]byte, error) {
	r := role{
		Name: "jitbot " + c.Jit.Installation, IsCustom: true,
		Description: "Opens and closes network access to virtual machines for a time, by single security rules." +
			" The actions of azureFirewalls, firewallPolicies and ipGroups, and every join/action," +
			" are needed only where an Azure Firewall is in front of a machine.",
		Actions: Names(Actions(c)), NotActions: []string{},
	}
	if sweep {
		r.Name += " sweep"
		r.Description = "Closes network access that jitbot opened, once its time is up." +
			" In network security groups it can only read and delete rules." +
			" A firewall is closed by writing it: where none is in front of a machine," +
			" leave out the actions of azureFirewalls, firewallPolicies and ipGroups, and every join/action."
		r.Actions = Names(slices.DeleteFunc(Actions(c), func(a Action) bool { return !a.Sweep }))
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
