package azuresim

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operation is an accepted write that Azure is still carrying out, or was.
type operation struct {
	id, kind, location, subscription string
	begun, end                       time.Time
	serial                           uint64
	// nsg and rule are keys; rule is empty for a whole group. turn tells
	// whether a later write has come.
	nsg, rule string
	turn      int
	// target is the key of a document, which done brings to its end; a group's
	// operation has none.
	target  string
	done    func()
	deletes bool
	// outcome is how it shall end: Succeeded, Failed or Canceled; status how
	// it stands.
	outcome, status string
	failure         *problem
	lateEffect      time.Duration
	// restores is what a failed write of a group leaves written; nil: itself.
	restores map[string]*written
	// held is the fault that keeps it from ending, or nil.
	held *ActiveFault
}

const inProgress = "InProgress"

// settle brings everything about that is due: ends of operations in their
// order, then effects. It is called before anything is looked at.
func (s *Sim) settle(now time.Time) {
	s.clock = now
	var due []*operation
	s.running = slices.DeleteFunc(s.running, func(op *operation) bool {
		if over := op.held == nil && !op.end.After(now); over {
			due = append(due, op)
			return true
		}
		return false
	})
	slices.SortFunc(due, func(a, b *operation) int {
		return cmp.Or(a.end.Compare(b.end), cmp.Compare(a.serial, b.serial))
	})
	for _, op := range due {
		s.finish(op)
	}
	s.settleMoves(now)
	for _, g := range s.nsgs {
		g.pass(now)
	}
}

// busyWith is a running operation on a group, or nil.
func (s *Sim) busyWith(nsg string) *operation {
	for _, op := range s.running {
		if op.nsg == nsg {
			return op
		}
	}
	return nil
}

// busy refuses a write while another one runs, in the modes that do.
func (s *Sim) busy(c *call, nsg string) *problem {
	op := s.busyWith(nsg)
	if op == nil {
		return nil
	}
	switch s.settings.Writers {
	case RefuseRetryable:
		return s.retryable(op, s.nsgs[nsg].id)
	case RefuseConflict:
		return anotherOperation(c, op)
	default: // Parallel
		return nil
	}
}

// begin accepts a write on a group or, with a name, on a rule.
func (s *Sim) begin(c *call, g *guard, rule, kind string, turn int) *operation {
	return s.beginFor(c, g, rule, kind, turn, s.settings.OperationTime)
}

// beginFor is begin for a write that takes a time.
func (s *Sim) beginFor(c *call, g *guard, rule, kind string, turn int, takes time.Duration) *operation {
	for _, o := range s.running {
		if rule != "" && o.nsg == key(g.id) && o.rule == rule {
			o.held, o.end = nil, c.now // it is superseded, which ends it
		}
	}
	op := s.accept(c, kind, g.location, takes)
	op.nsg, op.rule, op.turn = key(g.id), rule, turn
	g.etag = s.newGUID()
	g.state = updating
	return op
}

// accept makes an operation that takes a time, and whatever was ordered for
// the request besides.
func (s *Sim) accept(c *call, kind, location string, takes time.Duration) *operation {
	f := &c.fault
	op := &operation{
		id: s.newGUID(), kind: kind, location: strings.ToLower(strings.ReplaceAll(cmp.Or(location, defaultLocation), " ", "")),
		subscription: c.path.subscription, begun: c.now,
		deletes: c.request.Method == http.MethodDelete, status: inProgress,
		outcome: cmp.Or(f.OperationEnd, succeeded), lateEffect: s.settings.LateEffect + f.LateEffect,
		end: c.now.Add(takes + f.OperationTime), serial: s.serial,
	}
	if f.OperationHangs {
		op.held = c.active
	}
	if op.outcome != succeeded {
		op.failure = &problem{
			code: cmp.Or(f.OperationCode, "InternalServerError"), message: cmp.Or(f.OperationMessage, "An error occurred."),
			detailCode: f.DetailCode, detailMessage: f.DetailMessage,
		}
	}
	if len(s.operations) > 1000 {
		s.forgetOperations(c.now)
	}
	s.operations[op.id] = op
	s.running = append(s.running, op)
	return op
}

// forgetOperations drops those that ended long ago, as Azure does.
func (s *Sim) forgetOperations(now time.Time) {
	for id, op := range s.operations {
		if op.held == nil && now.Sub(op.end) > time.Hour {
			delete(s.operations, id)
		}
	}
}

// seal is the query that the operation's address must be asked with,
// unshortened: Azure's carry about three kilobytes of signed state.
func (op *operation) seal() string {
	filler := strings.Repeat(strings.ReplaceAll(guidOf(op.id), "-", ""), 96)
	return url.Values{
		"t": {strconv.FormatInt(op.begun.UnixNano(), 10)}, "c": {"MIIH" + filler}, "s": {guidOf("s" + op.id)}, "h": {guidOf("h" + op.id)},
	}.Encode()
}

func (op *operation) address(base, kind, version string) string {
	return fmt.Sprintf("%s/subscriptions/%s/providers/Microsoft.Network/locations/%s/%s/%s?api-version=%s&%s",
		base, op.subscription, op.location, kind, op.id, version, op.seal())
}

// headers of an accepted write.
func (op *operation) headers(c *call, retryAfter int) map[string]string {
	version := c.request.URL.Query().Get("api-version")
	h := map[string]string{
		"Azure-AsyncOperation":    op.address(c.base, "operations", version),
		"Azure-AsyncNotification": "Enabled",
	}
	if retryAfter >= 0 {
		h["Retry-After"] = strconv.Itoa(retryAfter)
	}
	if op.deletes {
		h["Location"] = op.address(c.base, "operationResults", version)
	}
	return h
}

// find looks an operation up by the path, and refuses a shortened address.
// How Azure words that refusal is not known; that it refuses is.
func (s *Sim) find(c *call) (*operation, *problem) {
	op := s.operations[key(c.path.name())]
	if op == nil || key(op.subscription) != key(c.path.subscription) {
		return nil, &problem{status: http.StatusNotFound, code: "NotFound", message: fmt.Sprintf("Operation %s not found.", c.path.name())}
	}
	asked := c.request.URL.Query()
	asked.Del("api-version")
	if asked.Encode() != op.seal() {
		return nil, invalid("InvalidRequestFormat", "Cannot parse the request.")
	}
	return op, nil
}

func (s *Sim) getOperation(c *call) reply {
	op, refused := s.find(c)
	if refused != nil {
		return refused.reply()
	}
	body := object{"status": op.status}
	if op.failure != nil && op.status != inProgress {
		body["error"] = op.failure.reply().body.(object)["error"]
	}
	a := ok(body)
	if op.status == inProgress && s.settings.RetryAfter >= 0 {
		a.header = map[string]string{"Retry-After": strconv.Itoa(s.settings.RetryAfter)}
	}
	return a
}

func (s *Sim) getOperationResult(c *call) reply {
	op, refused := s.find(c)
	switch {
	case refused != nil:
		return refused.reply()
	case op.status == inProgress:
		return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
	case op.failure != nil:
		p := *op.failure
		p.status = http.StatusConflict
		return p.reply()
	}
	return reply{status: http.StatusNoContent}
}
