package azuresim

import (
	"cmp"
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
	// HangRequest holds the request before its effect, HangAnswer the answer
	// after it, until Release or Remove, or until the client gives up.
	HangRequest, HangAnswer bool
	// NoETag takes the etag off the answer, header and body.
	NoETag bool

	// OperationTime is added to Settings.OperationTime for a write;
	// LateEffect to Settings.LateEffect.
	OperationTime, LateEffect time.Duration
	// OperationEnd is Failed or Canceled: how an accepted write's operation
	// ends, with OperationCode, OperationMessage and the details. The write
	// has no effect then: a rule stays as it filtered before.
	OperationEnd                    string
	OperationCode, OperationMessage string
	// OperationHangs keeps an accepted write's operation InProgress until
	// Release or Remove; it ends then as it would have.
	OperationHangs bool
}

// ActiveFault is a fault that was added.
type ActiveFault struct {
	sim   *Sim
	fault Fault
	// The following are protected by the Sim's lock. hanging is how many
	// requests wait for released to be closed.
	seen, hits, hanging int
	released            chan struct{}
}

// AddFault makes a fault active.
func (s *Sim) AddFault(f Fault) *ActiveFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &ActiveFault{sim: s, fault: f, released: make(chan struct{})}
	s.faults = append(slices.Clone(s.faults), a)
	return a
}

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.faults {
		a.release()
	}
	s.faults = nil
}

// Remove ends the fault and lets go what hangs by it. Removing it again does
// nothing.
func (a *ActiveFault) Remove() {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	if slices.Contains(a.sim.faults, a) {
		a.sim.faults = slices.DeleteFunc(slices.Clone(a.sim.faults), func(o *ActiveFault) bool { return o == a })
		a.release()
	}
}

// Hits is how many requests it has hit.
func (a *ActiveFault) Hits() int {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	return a.hits
}

// chooseFault is the fault that hits a request, or nil.
func (s *Sim) chooseFault(r *http.Request) *ActiveFault {
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
			return a
		}
	}
	return nil
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

// On is the fault for requests of a method whose path has that text in it;
// both may be empty.
func (f Fault) On(method, path string) Fault {
	f.Method, f.Path = method, path
	return f
}

// Only is the fault for the next so many matching requests.
func (f Fault) Only(times int) Fault {
	f.Times = times
	return f
}
