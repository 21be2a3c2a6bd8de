package azuresim

import (
	"net/http"
	"strings"
	"time"
)

// Class is what kind of thing a request concerns.
type Class string

// The classes of requests. A guard is a network security group or its rules;
// a firewall is an Azure Firewall, a firewall policy or its groups.
const (
	ClassToken     Class = "token"
	ClassGraph     Class = "graph"
	ClassGuard     Class = "guard"
	ClassFirewall  Class = "firewall"
	ClassOperation Class = "operation"
	ClassInventory Class = "inventory"
	ClassAccess    Class = "access"
	ClassOther     Class = "other"
)

// Request is a request that was served.
type Request struct {
	// Time is when its answer was made.
	Time   time.Time
	Method string
	// Path is unescaped; Query is raw.
	Path, Query string
	Class       Class
	// Action is the RBAC action that it needs; empty: none.
	Action string
	// Status is what was answered, also when the answer was lost; 0 when
	// nothing was done.
	Status int
	// Lost says that the client got no answer.
	Lost bool
	// Client is the application's client id, when the token told.
	Client string
	// ClientRequestID is the header x-ms-client-request-id.
	ClientRequestID string
}

// Counts are how many requests were served since the start or Reset.
type Counts struct {
	// GuardReads, GuardWrites and GuardDeletes concern network security
	// groups and rules; Polls the operations on them.
	GuardReads, GuardWrites, GuardDeletes, Polls int
	// FirewallReads, FirewallWrites and FirewallDeletes concern firewalls,
	// firewall policies and their groups.
	FirewallReads, FirewallWrites, FirewallDeletes int
	// Inventory is VMs, interfaces, networks, addresses, groups.
	Inventory, Access, Graph, Tokens, Other int
	// Throttled is how many of all these were answered 429, Lost how many
	// were not answered.
	Throttled, Lost int
}

// Requests gives the latest requests, oldest first, at most
// Settings.LogSize.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Counts gives the counters.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Reset empties the request log and the counters.
func (s *Sim) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.counts = nil, Counts{}
}

func (s *Sim) record(c *call, status int, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recordLocked(c, status, lost)
}

func (s *Sim) recordLocked(c *call, status int, lost bool) {
	r := c.request
	s.log = append(s.log, Request{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Class: c.class, Action: c.action,
		Status: status, Lost: lost, Client: c.caller.ClientID,
		ClientRequestID: r.Header.Get("x-ms-client-request-id"),
	})
	// Cut in halves, so that a long-lived demo does not copy on each request.
	if limit := max(s.settings.LogSize, 1); len(s.log) > limit {
		s.log = append([]Request(nil), s.log[len(s.log)-(limit+1)/2:]...)
	}
	s.counts.add(c.class, r.Method)
	if status == http.StatusTooManyRequests {
		s.counts.Throttled++
	}
	if lost {
		s.counts.Lost++
	}
}

func (n *Counts) add(class Class, method string) {
	switch class {
	case ClassGuard:
		tally(method, &n.GuardReads, &n.GuardWrites, &n.GuardDeletes)
	case ClassFirewall:
		tally(method, &n.FirewallReads, &n.FirewallWrites, &n.FirewallDeletes)
	case ClassOperation:
		n.Polls++
	case ClassInventory:
		n.Inventory++
	case ClassAccess:
		n.Access++
	case ClassGraph:
		n.Graph++
	case ClassToken:
		n.Tokens++
	default:
		n.Other++
	}
}

// tally counts a request as a read, a write or a deletion.
func tally(method string, reads, writes, deletes *int) {
	switch method {
	case http.MethodGet:
		*reads++
	case http.MethodDelete:
		*deletes++
	default:
		*writes++
	}
}

func classify(r *http.Request, parts []string) Class {
	path := strings.ToLower(r.URL.Path)
	switch {
	case strings.Contains(path, "/oauth2/"), strings.Contains(path, "/.well-known/"):
		return ClassToken
	case len(parts) > 0 && (parts[0] == "v1.0" || parts[0] == "beta"):
		return ClassGraph
	case strings.Contains(path, "/providers/microsoft.authorization/"):
		return ClassAccess
	case strings.Contains(path, "/operations/"), strings.Contains(path, "/operationresults/"):
		return ClassOperation
	case strings.Contains(path, "/azurefirewalls"), strings.Contains(path, "/firewallpolicies"):
		return ClassFirewall
	case strings.Contains(path, "/networksecuritygroups"):
		return ClassGuard
	case strings.HasPrefix(path, "/subscriptions"):
		return ClassInventory
	}
	return ClassOther
}
