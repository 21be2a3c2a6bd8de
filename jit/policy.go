package jit

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit/resource"
	"jitbot/jit/schedule"
)

// Config is what the configuration file says of who may ask for what, and who
// decides. Its zero value lets nobody do anything.
type Config struct {
	Installation    string
	Bands           Bands
	OpenWithin      time.Duration     // how long a rule of an NSG may take to be confirmed
	FirewallWithin  time.Duration     // how long one of a firewall may
	Channel         string            // where cards go unless an approval rule names its own
	Users           map[UserID]string // Slack user: Entra user name or object id
	MatchEmail      bool              // tie the rest by Slack's confirmed e-mail address
	RequiredActions []string          // what a requester must hold at the VM
	Admins          []string          // U… and S… ids
	BreakGlass      []string          // U… and S… ids
	Approvals       []ApprovalRule    // first match wins
	Policies        []Policy          // first match wins
	Digest          schedule.Schedule // when the channel is told how all VMs stand
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

// Longest and shortest that any policy may allow, as Defender has them.
const (
	MaxDuration     = 24 * time.Hour
	DefaultLongest  = 3 * time.Hour
	DefaultShortest = 5 * time.Minute
	DefaultDuration = time.Hour // what a request without a duration gets, when the policy allows it
)

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

// Match chooses VMs, and for approvals also requests. An empty field matches
// everything; globs know * and ?.
type Match struct {
	Group      string            // resource group, glob, case does not count
	Name       string            // VM name, glob, case does not count
	Tags       map[string]string // every one; value is a glob, case counts in values only
	Ports      []Ports           // at least one requested port lies in one of them
	WiderThan  Widths            // a source wider than this many bits; 0 is no condition
	LongerThan time.Duration     // a duration longer than this; 0 is no condition
}

// Widths are prefix lengths, one a family.
type Widths struct{ V4, V6 int }

// Of is the prefix length for the family of the prefix.
func (w Widths) Of(p netip.Prefix) int {
	if p.Addr().Is4() {
		return w.V4
	}
	return w.V6
}

// VM reports whether the VM is meant, without regard to a request.
func (m Match) VM(vm VM) bool {
	if m.Group != "" && !globFold(m.Group, vm.Group) || m.Name != "" && !globFold(m.Name, vm.Name) {
		return false
	}
	for key, want := range m.Tags {
		got, ok := vm.Tag(key)
		if !ok || !glob(want, got) {
			return false
		}
	}
	return true
}

// Request reports whether a request for the VM is meant.
func (m Match) Request(vm VM, ports []Ports, sources []netip.Prefix, d time.Duration) bool {
	return m.VM(vm) && m.matchesPorts(ports) && m.matchesWidth(sources) && (m.LongerThan == 0 || d > m.LongerThan)
}

func (m Match) matchesPorts(ports []Ports) bool {
	if len(m.Ports) == 0 {
		return true
	}
	for _, a := range m.Ports {
		for _, b := range ports {
			if a.From <= b.To && b.From <= a.To && (a.Protocol.Covers(b.Protocol) || b.Protocol.Covers(a.Protocol)) {
				return true
			}
		}
	}
	return false
}

func (m Match) matchesWidth(sources []netip.Prefix) bool {
	if m.WiderThan == (Widths{}) {
		return true
	}
	for _, s := range sources {
		if limit := m.WiderThan.Of(s); limit > 0 && s.Bits() < limit {
			return true
		}
	}
	return false
}

// Tag finds a tag; Azure's tag names do not regard case, values do.
func (v VM) Tag(name string) (string, bool) {
	for k, value := range v.Tags {
		if strings.EqualFold(k, name) {
			return value, true
		}
	}
	return "", false
}

// Production reports whether the VM's tags call it productive.
func (v VM) Production() bool {
	for _, key := range []string{"env", "environment", "stage"} {
		if value, ok := v.Tag(key); ok {
			value = strings.ToLower(value)
			return value == "prod" || value == "production" || value == "live"
		}
	}
	return false
}

// glob matches a whole text: * is any text, also with a slash, ? is any one
// character, and everything else is itself.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

func globFold(pattern, s string) bool { return glob(strings.ToLower(pattern), strings.ToLower(s)) }

// ApprovalRule says who decides about the requests it matches.
type ApprovalRule struct {
	Match           Match
	Approvers       []string // U… and S… ids; empty means nobody
	Required        int      // 0: the Azure rights alone decide
	ApproverActions []string // what an approver must hold at each VM
	Channel         string   // where its cards go, empty for the default
	PendingFor      time.Duration
}

// Policy says what may be asked for.
type Policy struct {
	Match        Match
	Ports        []PortPolicy
	Widest       Widths // widest source that a PortPolicy with Any accepts
	RemindBefore time.Duration
	Always       bool     // every matching VM is protected, and the configuration decides
	Existing     Existing // where denies stand; empty is Override
	DenySource   string   // whom denies shut out, * or Internet; empty is *
	EndOnDrift   bool     // a grant whose rule somebody changed ends, instead of being repaired
}

// PortPolicy is a port or a range that may be asked for.
type PortPolicy struct {
	Ports    Ports          `json:"ports"`
	Any      bool           `json:"any,omitempty"` // any single address, per request
	Sources  []netip.Prefix `json:"sources,omitempty"`
	Shortest time.Duration  `json:"shortest"`
	Longest  time.Duration  `json:"longest"`
}

// Policy finds the first policy for the VM.
func (c Config) Policy(vm VM) (Policy, bool) {
	for _, p := range c.Policies {
		if p.Match.VM(vm) {
			return p, true
		}
	}
	return Policy{}, false
}

// Approval finds the index of the first approval rule for a request.
func (c Config) Approval(vm VM, ports []Ports, sources []netip.Prefix, d time.Duration) (int, bool) {
	for i, a := range c.Approvals {
		if a.Match.Request(vm, ports, sources, d) {
			return i, true
		}
	}
	return 0, false
}

// Find finds the port policy that a requested range lies in. A request
// without a protocol takes the policy's.
func (p Policy) Find(want Ports) (PortPolicy, Ports, bool) {
	for _, pp := range p.Ports {
		asked := want
		asked.Protocol = cmp.Or(want.Protocol, pp.Ports.Protocol)
		if pp.Ports.Contains(asked) {
			return pp, asked, true
		}
	}
	return PortPolicy{}, want, false
}

// Accepts reports whether the source may be asked for at this port.
func (pp PortPolicy) Accepts(source netip.Prefix, widest Widths) bool {
	// A width that was never set is that of a single address, not everything.
	if pp.Any && source.Bits() >= cmp.Or(widest.Of(source), source.Addr().BitLen()) {
		return true
	}
	for _, s := range pp.Sources {
		if s.Addr().Is4() == source.Addr().Is4() && s.Bits() <= source.Bits() && s.Contains(source.Addr()) {
			return true
		}
	}
	return false
}

// TimeToOpen is how long the rules at the paths may take to be confirmed.
func (c Config) TimeToOpen(paths []Path) time.Duration {
	if slices.ContainsFunc(paths, func(p Path) bool { return resource.IsFirewall(p.Guard) }) {
		return max(c.FirewallWithin, c.OpenWithin)
	}
	return c.OpenWithin
}
