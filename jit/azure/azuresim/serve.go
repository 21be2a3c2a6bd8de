package azuresim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// call is one request on its way through the simulator.
type call struct {
	request *http.Request
	parts   []string
	path    armPath
	body    []byte
	// now is when it was looked at, base the address links start with.
	now  time.Time
	base string
	// caller is who sent the token; action is the RBAC action it needs.
	caller App
	action string
	// filtered says that a list shows only what the caller may read.
	filtered bool
	// fault is what was ordered for this request, active where it comes from,
	// nil: nothing was.
	fault  Fault
	active *ActiveFault
	// older is the group as a replica that lags behind has it; nil: none does.
	older *guard
	// class is what the counters call the resource.
	class Class
}

// ServeHTTP answers as Entra, Resource Manager or Graph, by the path.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil {
		hook(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off; there is nobody to answer
	}
	// Matchers of faults may read the body as well.
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := &call{request: r, parts: segments(r), body: body}
	c.class = classify(r, c.parts)
	answer, lost := s.answer(c)
	if lost {
		panic(http.ErrAbortHandler)
	}
	answer.send(w)
}

// answer works the request out. lost says that the connection breaks instead
// of an answer.
func (s *Sim) answer(c *call) (reply, bool) {
	latency := s.prepare(c)
	if !wait(c.request, latency) || c.fault.HangRequest && !c.active.hang(c.request) {
		s.record(c, 0, true)
		return reply{}, true
	}
	a, lost := s.work(c)
	if c.fault.HangAnswer && !c.active.hang(c.request) {
		return reply{}, true
	}
	return a, lost
}

// work makes the answer, under the lock.
func (s *Sim) work(c *call) (reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = time.Now()
	s.settle(c.now)
	var a reply
	switch {
	case c.fault.LoseRequest:
	case c.fault.Status != 0:
		a = c.fault.reply()
	default:
		a = s.dispatch(c)
	}
	lost := c.fault.LoseRequest || c.fault.LoseAnswer
	s.dress(c, &a)
	if c.fault.NoETag {
		a.dropETags()
	}
	s.recordLocked(c, a.status, lost)
	return a, lost
}

// prepare chooses the fault for a request. Its matchers run outside the lock.
func (s *Sim) prepare(c *call) time.Duration {
	active := s.chooseFault(c.request)
	s.mu.Lock()
	defer s.mu.Unlock()
	if active != nil {
		c.fault, c.active = active.fault, active
	}
	c.base = s.options.URL
	if c.base == "" {
		c.base = "https://" + c.request.Host
	}
	return s.settings.Latency + c.fault.Latency
}

// wait is the only pause of the simulator; it ends early when the client
// gives up.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (s *Sim) dispatch(c *call) reply {
	if a, ok := s.entra(c); ok {
		return a
	}
	if len(c.parts) > 0 && (c.parts[0] == "v1.0" || c.parts[0] == "beta") {
		return s.graph(c)
	}
	return s.resourceManager(c)
}

// dress adds the headers every answer has.
func (s *Sim) dress(c *call, a *reply) {
	h := map[string]string{
		"Date":          c.now.Add(s.skew(c)).UTC().Format(http.TimeFormat),
		"Cache-Control": "no-cache",
	}
	id := s.newGUID()
	h["x-ms-request-id"], h["request-id"] = id, id
	h["x-ms-correlation-request-id"] = id
	if given := c.request.Header.Get("x-ms-correlation-request-id"); given != "" {
		h["x-ms-correlation-request-id"] = given
	}
	given := c.request.Header.Get("x-ms-client-request-id")
	if given != "" && strings.EqualFold(c.request.Header.Get("x-ms-return-client-request-id"), "true") {
		h["x-ms-client-request-id"] = given
	}
	maps.Copy(h, a.header)
	a.header = h
}
