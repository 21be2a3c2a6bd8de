package azuresim

import (
	"net/http"
	"time"
)

// Writers says what happens to a write while another one on the same network
// security group is still running. Azure has been seen doing all three.
type Writers int

// The modes of Settings.Writers.
const (
	// Parallel accepts it; a later write of the same rule cancels the earlier
	// one (CanceledAndSupersededDueToAnotherOperation).
	Parallel Writers = iota
	// RefuseRetryable answers 429 RetryableError with the detail
	// RetryableErrorDueToAnotherOperation.
	RefuseRetryable
	// RefuseConflict answers 409 AnotherOperationInProgress.
	RefuseConflict
)

// Bucket is a token bucket of Resource Manager.
type Bucket struct {
	// Size is how many requests may come at once.
	Size int
	// PerSecond is how many come back each second.
	PerSecond float64
}

// Settings are the knobs that may be turned while requests are served.
type Settings struct {
	// OperationTime is how long a write's operation says InProgress. Zero: it
	// is over at the next request.
	OperationTime time.Duration
	// FirewallTime is OperationTime of firewalls and of the groups of a policy
	// that a firewall uses: "three to five minutes on average"
	// (MicrosoftDocs/azure-docs#64513).
	FirewallTime time.Duration
	// PolicyLag is how much longer a policy says Updating than the operation
	// on its group did.
	PolicyLag time.Duration
	// PolicyBusyStatus answers a change of a group of a busy policy; the code
	// is recorded, the status is not.
	PolicyBusyStatus int
	// NullUnchanged answers a write of a rule collection group that changes
	// nothing with 200 and the body null, as was seen once
	// (Azure/azure-rest-api-specs#19505).
	NullUnchanged bool
	// GroupIfMatch makes rule collection groups honour If-Match. Whether
	// Azure does is not known.
	GroupIfMatch bool
	// LateEffect is how long after its operation said Succeeded a write
	// begins to filter packets (see Reachable).
	LateEffect time.Duration
	// RetryAfter is the header of accepted writes, in seconds. Negative: no
	// header. Recordings show 10.
	RetryAfter int
	// BusyRetryAfter is the Retry-After header of RefuseRetryable answers;
	// empty: none.
	BusyRetryAfter string
	// PageSize is the most elements of a list in one answer.
	PageSize int
	// Writers is what a second write on a busy group meets.
	Writers Writers
	// RuleIfMatch makes securityRules honour If-Match as groups do. Whether
	// Azure does is not known, hence the switch.
	RuleIfMatch bool
	// ClockSkew is added to the Date header; SetClockSkew is more particular.
	ClockSkew time.Duration
	// Latency delays every answer; a cancelled request stops waiting.
	Latency time.Duration
	// Throttle switches the token buckets on.
	Throttle bool
	// Reads, Writes and Deletes are the buckets, per principal and
	// subscription.
	Reads, Writes, Deletes Bucket
	// NetworkWrites is how many writes and deletes Microsoft.Network takes in five
	// minutes in a subscription and region, from whomever, while Throttle is on. No
	// header tells of it.
	NetworkWrites int
	// VersionRefusal is how a version of the API that is not served is refused.
	VersionRefusal VersionRefusal
	// EnforceRBAC refuses what the caller's role assignments in this world do
	// not grant, and what a deny assignment takes away.
	EnforceRBAC bool
	// FilterLists answers a list over a subscription that the caller may not
	// read as a whole with what he may read, not with 403. The Azure CLI's
	// users report so; no document says so, hence the switch.
	FilterLists bool
	// AllowedActions, when not nil, are the only actions granted to any
	// caller; DeniedActions are refused first. Patterns as in a role.
	AllowedActions, DeniedActions []string
	// LogSize is how many requests Requests remembers.
	LogSize int
}

// DefaultSettings are those of a new Sim: bucket sizes as Microsoft documents
// them since 2024, everything permitted, operations over at once but
// those of firewalls, which take minutes.
func DefaultSettings() Settings {
	return Settings{
		RetryAfter: 10, PageSize: 200, Throttle: true, LogSize: 20000,
		FirewallTime: 4 * time.Minute, PolicyLag: 15 * time.Second, PolicyBusyStatus: http.StatusConflict,
		Reads: Bucket{250, 25}, Writes: Bucket{200, 10}, Deletes: Bucket{200, 10},
		NetworkWrites: 1000,
	}
}

// Configure changes settings; what change does is seen by the next request.
// change must not call the Sim.
func (s *Sim) Configure(change func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.settings)
	clear(s.buckets)
	clear(s.written)
}

// Settings gives the present settings.
func (s *Sim) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}
