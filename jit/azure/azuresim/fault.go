package azuresim

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong, and for which requests. Of several
// active faults the first added that matches a request is used. With Status
// set the request is answered so and has no effect; otherwise it is served,
// with the other fields' changes.
type Fault struct {
	// Method, when not empty, must be the request's.
	Method string
	// Path, when not empty, must occur in the request's path, without regard
	// to case; Pattern, when not nil, must match the path.
	Path    string
	Pattern *regexp.Regexp
	// Match, when not nil, must say true. It is called under no lock.
	Match func(*http.Request) bool
	// Skip lets that many matching requests through first; Times is how many
	// are hit then, 0 all.
	Skip, Times int

	// Status answers without effect. Code and Message make an ARM error body,
	// DetailCode and DetailMessage its details; Body, when not empty, is sent
	// instead, as HTML.
	Status                    int
	Code, Message             string
	DetailCode, DetailMessage string
	Body                      string
	// Header is added to that answer, such as Retry-After.
	Header map[string]string

	// LoseRequest breaks the connection before the effect, LoseAnswer after
	// it: the client cannot tell them apart.
	LoseRequest, LoseAnswer bool
	// Latency delays the answer.
	Latency time.Duration

	// OperationTime is added to Settings.OperationTime for a write;
	// LateEffect to Settings.LateEffect.
	OperationTime, LateEffect time.Duration
	// OperationEnd is Failed or Canceled: how an accepted write's operation
	// ends, with OperationCode, OperationMessage and the details. The write
	// has no effect then: a rule stays as it filtered before.
	OperationEnd                    string
	OperationCode, OperationMessage string
}

// ActiveFault is a fault that was added.
type ActiveFault struct {
	sim   *Sim
	fault Fault
	// seen and hits are protected by the Sim's lock.
	seen, hits int
}

// AddFault makes a fault active.
func (s *Sim) AddFault(f Fault) *ActiveFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &ActiveFault{sim: s, fault: f}
	s.faults = append(slices.Clone(s.faults), a)
	return a
}

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Remove ends the fault.
func (a *ActiveFault) Remove() {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	a.sim.faults = slices.DeleteFunc(slices.Clone(a.sim.faults), func(o *ActiveFault) bool { return o == a })
}

// Hits is how many requests it has hit.
func (a *ActiveFault) Hits() int {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	return a.hits
}

func (s *Sim) chooseFault(r *http.Request) (Fault, bool) {
	s.mu.Lock()
	faults := s.faults
	s.mu.Unlock()
	for _, a := range faults {
		if !a.fault.matches(r) {
			continue
		}
		s.mu.Lock()
		a.seen++
		hit := a.seen > a.fault.Skip && (a.fault.Times == 0 || a.hits < a.fault.Times)
		if hit {
			a.hits++
		}
		s.mu.Unlock()
		if hit {
			return a.fault, true
		}
	}
	return Fault{}, false
}

func (f *Fault) matches(r *http.Request) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, r.Method)) &&
		strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(f.Path)) &&
		(f.Pattern == nil || f.Pattern.MatchString(r.URL.Path)) &&
		(f.Match == nil || f.Match(r))
}

func (f *Fault) reply() reply {
	if f.Body != "" {
		return reply{status: f.Status, header: f.Header, body: f.Body}
	}
	p := problem{
		status: f.Status, code: cmp.Or(f.Code, "InternalServerError"),
		message:    cmp.Or(f.Message, "An error occurred."),
		detailCode: f.DetailCode, detailMessage: f.DetailMessage, header: f.Header,
	}
	return p.reply()
}

// Throttled is a 429 of Resource Manager. retryAfter is the header's value,
// seconds or an HTTP date; empty: no header.
func Throttled(retryAfter string) Fault {
	f := Fault{
		Status: http.StatusTooManyRequests, Code: "SubscriptionRequestsThrottled",
		Message: fmt.Sprintf("Number of requests for subscription '%s' and operation '%s' exceeded the backend storage limit. Please try again after '%s' seconds.",
			"00000000-0000-0000-0000-000000000000", "PUT/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS", cmp.Or(retryAfter, "0")),
	}
	if retryAfter != "" {
		f.Header = map[string]string{"Retry-After": retryAfter}
	}
	return f
}

// Busy is the 429 that means a lock, not throttling.
func Busy() Fault {
	return Fault{
		Status: http.StatusTooManyRequests, Code: "RetryableError", Message: "A retryable error occurred.",
		DetailCode:    "RetryableErrorDueToAnotherOperation",
		DetailMessage: "Operation PutSecurityRuleOperation (" + guidOf("busy") + ") is updating the resource. The call can be retried in 10 seconds.",
	}
}

// Conflict is the 409 of a group that another operation is changing.
func Conflict() Fault {
	return Fault{
		Status: http.StatusConflict, Code: "AnotherOperationInProgress",
		Message: "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: https://management.azure.com/.",
	}
}

// Stale is a 412: the resource has changed since it was read.
func Stale() Fault {
	return Fault{
		Status: http.StatusPreconditionFailed, Code: "PreconditionFailed", Message: "Precondition failed.",
		DetailCode: "PreconditionFailedEtagMismatch", DetailMessage: "Etag provided in if-match header does not match etag of resource in NRP data store.",
	}
}

// Broken is an answer that is not ARM's, such as a proxy's 500 or 503.
func Broken(status int) Fault {
	return Fault{Status: status, Body: fmt.Sprintf("<html><head><title>%d</title></head><body><h1>%s</h1></body></html>", status, http.StatusText(status))}
}

// Forbidden is a 403 AuthorizationFailed.
func Forbidden() Fault {
	return Fault{
		Status: http.StatusForbidden, Code: "AuthorizationFailed",
		Message: "The client does not have authorization to perform the action over the scope or the scope is invalid. If access was recently granted, please refresh your credentials.",
	}
}

// OperationFails makes an accepted write end Failed.
func OperationFails() Fault {
	return Fault{OperationEnd: "Failed", OperationCode: "InternalServerError", OperationMessage: "An error occurred."}
}

// Superseded makes an accepted write end Canceled, as when another writer
// came later.
func Superseded() Fault {
	return Fault{
		OperationEnd: "Canceled", OperationCode: "Canceled", OperationMessage: "Operation was canceled.",
		DetailCode:    "CanceledAndSupersededDueToAnotherOperation",
		DetailMessage: "Operation PutSecurityRuleOperation (" + guidOf("a") + ") was canceled and superseded by operation PutSecurityRuleOperation (" + guidOf("b") + ").",
	}
}
