package app

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/cmd/internal/config"
)

// Firewalls are the kinds of Azure Firewall that jitbot opens and closes.
type Firewalls string

// The kinds. Who opens through none may still see that there is none.
const (
	NoFirewalls      Firewalls = "none"
	PolicyFirewalls  Firewalls = "policy"  // those that use a firewall policy
	ClassicFirewalls Firewalls = "classic" // those with rules of their own
	AllFirewalls     Firewalls = "all"
)

// ParseFirewalls reads a kind as it is written after --firewall.
func ParseFirewalls(text string) (Firewalls, error) {
	switch f := Firewalls(text); f {
	case NoFirewalls, PolicyFirewalls, ClassicFirewalls, AllFirewalls:
		return f, nil
	default:
		return "", fmt.Errorf("--firewall %s is unknown; write none, policy, classic or all", text)
	}
}

// DefaultFirewalls are the kinds where nobody says which: all of them where the
// configuration says how long a firewall may take, else none.
func DefaultFirewalls(c config.Config) Firewalls {
	if c.Azure.Firewalls {
		return AllFirewalls
	}
	return NoFirewalls
}

// Include reports whether what is needed for a kind is needed for these: what
// is needed for all is needed for each.
func (f Firewalls) Include(kind Firewalls) bool {
	switch {
	case kind == "":
		return true
	case f == NoFirewalls:
		return false
	default:
		return f == AllFirewalls || kind == AllFirewalls || f == kind
	}
}

// With are the kinds together.
func (f Firewalls) With(kind Firewalls) Firewalls {
	if f == NoFirewalls || f == kind {
		return kind
	}
	return AllFirewalls
}

// Action is an Azure action of the bot's role, which is also what jitbot check
// looks for.
type Action struct {
	Name     string
	Use      string    // what it is needed for: "to …"
	Firewall Firewalls // needed only where such a firewall is in front of a machine; empty: always
	Optional bool      // without it less is told, and nothing else is amiss
	Sweep    bool      // jitbot sweep needs it too
}

// SeesFirewalls is the Use of the action without which no firewall is seen.
const SeesFirewalls = "to see whether a firewall is in front of a machine"

// Actions are the least that the bot needs with every kind of firewall, by
// name. Each is there for the requests that its comment names.
func Actions(c config.Config) []Action {
	all := slices.Concat(peopleActions(), networkActions(), guardActions(), firewallActions())
	if c.Azure.GroupWrites {
		const whole = "to write a network security group as a whole, as azure.group_writes says"
		all = append(
			all,
			// The whole group is written with the rules of others in it, and a rule
			// that names an application security group joins it.
			Action{Name: "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action", Use: whole},
			// PUT of the group, with If-Match.
			Action{Name: "Microsoft.Network/networkSecurityGroups/write", Use: whole},
		)
	}
	slices.SortFunc(all, func(a, b Action) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// peopleActions are about who may do what, and what keeps a rule where it is.
func peopleActions() []Action {
	const people = "to check what people hold"
	return []Action{
		// A deny assignment takes away what a role gives.
		{Name: "Microsoft.Authorization/denyAssignments/read", Use: people},
		// Under a lock a rule could be written and never removed.
		{Name: "Microsoft.Authorization/locks/read", Use: "to see locks that would keep a rule from being removed"},
		// Who holds which role at a machine, and what that role permits.
		{Name: "Microsoft.Authorization/roleAssignments/read", Use: people},
		{Name: "Microsoft.Authorization/roleDefinitions/read", Use: people},
	}
}

// networkActions are about the machines and what is in front of them.
func networkActions() []Action {
	const (
		network = "to see what is in front of a machine"
		gateway = "to see who is behind a gateway"
		verify  = "to ask Network Watcher what becomes of a packet"
	)
	return []Action{
		// The list of machines, and one with $expand=instanceView: its power state
		// comes with the machine, and instanceView/read is for a path of its own.
		{Name: "Microsoft.Compute/virtualMachines/read", Use: "to find the machines"},
		// Whether a next hop on a route is a firewall. The sweep says with it what it
		// could not close.
		{Name: "Microsoft.Network/azureFirewalls/read", Use: SeesFirewalls, Sweep: true},
		// A load balancer's rules lead to a machine past its own public address.
		{Name: "Microsoft.Network/loadBalancers/read", Use: network},
		// The prefixes of the office behind a gateway, for "who reaches this".
		{Name: "Microsoft.Network/localNetworkGateways/read", Use: gateway, Optional: true},
		// Azure's own reading of the rules before a machine, which somebody asks for.
		{
			Name: "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action", Optional: true,
			Use: "to compare with Azure's own reading of the rules",
		},
		// A machine's addresses, and the group on its interface.
		{Name: "Microsoft.Network/networkInterfaces/read", Use: network},
		// IP flow verify for one address, which somebody asks for: a watcher of the
		// machine's region, and its answer.
		{Name: "Microsoft.Network/networkWatchers/ipFlowVerify/action", Use: verify, Optional: true},
		{Name: "Microsoft.Network/networkWatchers/read", Use: verify, Optional: true},
		// The public side of a machine, a load balancer and a firewall.
		{Name: "Microsoft.Network/publicIPAddresses/read", Use: network},
		// The next hops of a subnet.
		{Name: "Microsoft.Network/routeTables/read", Use: network},
		// Which sites and networks a gateway leads to.
		{Name: "Microsoft.Network/virtualNetworkGateways/connections/read", Use: gateway, Optional: true},
		{Name: "Microsoft.Network/virtualNetworkGateways/read", Use: gateway, Optional: true},
		// The list of networks has the subnets with their groups and routes; one
		// subnet is read afresh before something is written.
		// Admin rules of Virtual Network Manager come before every network security group.
		{
			Name: "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action", Optional: true,
			Use: "to see rules that come before every network security group",
		},
		{Name: "Microsoft.Network/virtualNetworks/read", Use: network},
		{Name: "Microsoft.Network/virtualNetworks/subnets/read", Use: network},
	}
}

// guardActions are about the rules of network security groups.
func guardActions() []Action {
	const wait = "to wait for Azure to finish a change"
	return []Action{
		// Where Azure-AsyncOperation and Location of a change point.
		{Name: "Microsoft.Network/locations/operationResults/read", Use: wait, Sweep: true},
		{Name: "Microsoft.Network/locations/operations/read", Use: wait, Sweep: true},
		// "Open" and "closed" are said of what was read back.
		{Name: "Microsoft.Network/networkSecurityGroups/read", Use: "to read the rules", Sweep: true},
		// DELETE, PUT and, after each, GET of a single rule.
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/delete", Use: "to close what was opened", Sweep: true},
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/read", Use: "to read a rule back", Sweep: true},
		{Name: "Microsoft.Network/networkSecurityGroups/securityRules/write", Use: "to open"},
	}
}

// firewallActions are about firewalls. One that uses a policy is opened by a
// rule collection group of ours, so nothing of it writes the firewall itself:
// azureFirewalls/write with firewallPolicies/join/action could put another
// policy on it, and the latter is in no role of ours. A classic firewall is one
// document, which joins again what it refers to each time it is written.
func firewallActions() []Action {
	const (
		policy  = "to open and close a firewall that uses a policy"
		classic = "to open and close a firewall with rules of its own"
		drafts  = "to see drafts of a firewall policy, which bring back what was closed"
	)
	return []Action{
		// PUT of the whole firewall.
		{Name: "Microsoft.Network/azureFirewalls/write", Use: classic, Firewall: ClassicFirewalls, Sweep: true},
		// What the policy inherits, and what it lets through besides.
		{Name: "Microsoft.Network/firewallPolicies/read", Use: policy, Firewall: PolicyFirewalls, Sweep: true},
		// A draft of the policy, or of our group, undoes, once it is deployed, what was
		// closed since. It is looked for whenever the group is read.
		{
			Name: "Microsoft.Network/firewallPolicies/firewallPolicyDrafts/read", Use: drafts,
			Firewall: PolicyFirewalls, Optional: true, Sweep: true,
		},
		// DELETE, GET and PUT of our group.
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/delete", Use: policy, Firewall: PolicyFirewalls, Sweep: true},
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/read", Use: policy, Firewall: PolicyFirewalls, Sweep: true},
		{
			Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollectionGroupsDrafts/read", Use: drafts,
			Firewall: PolicyFirewalls, Optional: true, Sweep: true,
		},
		{Name: "Microsoft.Network/firewallPolicies/ruleCollectionGroups/write", Use: policy, Firewall: PolicyFirewalls, Sweep: true},
		// Rules of others in the document name IP groups.
		{Name: "Microsoft.Network/ipGroups/join/action", Use: classic, Firewall: ClassicFirewalls, Sweep: true},
		// The firewall's own addresses and subnet.
		{Name: "Microsoft.Network/publicIPAddresses/join/action", Use: classic, Firewall: ClassicFirewalls, Sweep: true},
		// Azure asks for it at each update of a firewall, in a hub or not.
		{Name: "Microsoft.Network/virtualHubs/read", Use: classic, Firewall: ClassicFirewalls, Sweep: true},
		{Name: "Microsoft.Network/virtualNetworks/subnets/join/action", Use: classic, Firewall: ClassicFirewalls, Sweep: true},
	}
}

// Names are those of the actions, in the same order.
func Names(all []Action) []string {
	out := make([]string, 0, len(all))
	for _, a := range all {
		out = append(out, a.Name)
	}
	return out
}
