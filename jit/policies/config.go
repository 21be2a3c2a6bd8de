package policies

import (
	"net/netip"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/schedule"
)

// Config is what the configuration file says of who may ask for what, and who
// decides. Its zero value lets nobody do anything.
type Config struct {
	Installation    string
	Bands           Bands
	OpenWithin      time.Duration         // how long a rule of an NSG may take to be confirmed
	FirewallWithin  time.Duration         // how long one of a firewall may
	Channel         string                // where cards go unless an approval rule names its own
	Users           map[jit.UserID]string // Slack user: Entra user name or object id
	MatchEmail      bool                  // tie the rest by Slack's confirmed e-mail address
	RequiredActions []string              // what a requester must hold at the VM
	Admins          []string              // U… and S… ids
	BreakGlass      []string              // U… and S… ids
	Approvals       []ApprovalRule        // first match wins
	Policies        []Policy              // first match wins
	Digest          schedule.Schedule     // when the channel is told how all VMs stand
}

// DefaultActions is what Defender's just-in-time access asks of a requester.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage
func DefaultActions() []string {
	return []string{
		"Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
		"Microsoft.Security/locations/jitNetworkAccessPolicies/*/read",
		"Microsoft.Compute/virtualMachines/read",
		"Microsoft.Network/networkInterfaces/*/read",
	}
}

// Bands are the priorities that rules of ours may have.
type Bands struct {
	Allow, DenyOverride, DenyRespect Band
}

// Band is an inclusive range of priorities.
type Band struct{ From, To int }

// Contains reports whether the priority lies in the band.
func (b Band) Contains(priority int) bool { return b.From <= priority && priority <= b.To }

// Overlaps reports whether the bands share a priority.
func (b Band) Overlaps(o Band) bool { return b.From <= o.To && o.From <= b.To }

// ApprovalRule says who decides about the requests it matches.
type ApprovalRule struct {
	Match           Match
	Approvers       []string // U… and S… ids; empty means nobody
	Required        int      // 0: the Azure rights alone decide
	ApproverActions []string // what an approver must hold at each VM
	Channel         string   // where its cards go, empty for the default
	PendingFor      time.Duration
	RemindAfter     time.Duration // then those who have not answered are asked again; 0: never
	ClaimFor        time.Duration // for how long somebody is on it
	Escalate        time.Duration // then these are asked too, and can approve
	EscalateTo      []string      // U… and S… ids
	Auto            Auto
}

// Auto is when a request needs nobody's yes: all that is set must hold. Nothing set is never.
type Auto struct {
	PerDay int            // grants a person and UTC day
	Hours  schedule.Hours // within which it is asked
	OnCall string         // the user group to which whoever asks belongs
}

// Set reports whether any of it is set.
func (a Auto) Set() bool { return a.PerDay > 0 || len(a.Hours) > 0 || a.OnCall != "" }

// For is the rule as it holds for a grant: once that was escalated, those to whom it was
// can approve it too.
func (a ApprovalRule) For(g jit.Grant) ApprovalRule {
	if g.Asking.Escalated {
		a.Approvers = slices.Concat(a.Approvers, a.EscalateTo)
	}
	return a
}

// Policy finds the first policy for the VM.
func (c Config) Policy(vm jit.VM) (Policy, bool) {
	for _, p := range c.Policies {
		if p.Match.VM(vm) {
			return p, true
		}
	}
	return Policy{}, false
}

// Approval finds the index of the first approval rule for a request.
func (c Config) Approval(vm jit.VM, ports []jit.Ports, sources []netip.Prefix, d time.Duration) (int, bool) {
	for i, a := range c.Approvals {
		if a.Match.Request(vm, ports, sources, d) {
			return i, true
		}
	}
	return 0, false
}

// TimeToOpen is how long the rules at the paths may take to be confirmed.
func (c Config) TimeToOpen(paths []guardpath.Path) time.Duration {
	if slices.ContainsFunc(paths, func(p guardpath.Path) bool { return resource.IsFirewall(p.Guard) }) {
		return max(c.FirewallWithin, c.OpenWithin)
	}
	return c.OpenWithin
}
