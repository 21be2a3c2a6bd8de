package azuresim

import (
	"fmt"
	"net/http"
)

// SubscriptionHealth is how a subscription as a whole answers.
type SubscriptionHealth int

// How a subscription may answer.
const (
	// Healthy is as usual.
	Healthy SubscriptionHealth = iota
	// OutOfRequests answers everything with 429 SubscriptionRequestsThrottled
	// and Retry-After 3600.
	OutOfRequests
	// OutOfReach answers everything with 403 AuthorizationFailed, as when the
	// caller's roles there are gone; he has no permissions there then.
	OutOfReach
	// Disabled answers writes and deletions with 409
	// ReadOnlyDisabledSubscription; reads are as usual.
	Disabled
	// DisabledForWrites is Disabled but for deletions, which pass: the contract
	// of resource providers says so of a subscription in the state Warned.
	DisabledForWrites
)

// SetSubscriptionHealth changes how a subscription answers, from the next
// request on. id is its GUID; it need not exist.
func (s *Sim) SetSubscriptionHealth(id string, h SubscriptionHealth) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health[key(id)] = h
}

// unwell answers what a subscription refuses as a whole.
func (s *Sim) unwell(c *call) (reply, bool) {
	switch s.health[key(c.path.subscription)] {
	case OutOfRequests:
		return s.throttled(c, 3600).reply(), true
	case OutOfReach:
		if c.path.kind == "microsoft.authorization/permissions" {
			return ok(object{"value": []object{}}), true
		}
		return s.outOfReach(c).reply(), true
	case Disabled, DisabledForWrites:
		if !s.refusesWrite(c) {
			return reply{}, false
		}
		return fromGateway(http.StatusConflict, "ReadOnlyDisabledSubscription",
			"The subscription '%s' is disabled and therefore marked as read only. "+
				"You cannot perform any write actions on this subscription until it is re-enabled.", c.path.subscription).reply(), true
	default: // Healthy
		return reply{}, false
	}
}

// refusesWrite says whether a disabled subscription refuses a request.
func (s *Sim) refusesWrite(c *call) bool {
	switch c.request.Method {
	case http.MethodGet, http.MethodHead:
		return false
	case http.MethodDelete:
		return s.health[key(c.path.subscription)] == Disabled
	}
	return true
}

func (s *Sim) outOfReach(c *call) *problem {
	action := s.routes[c.routeName()].action
	if action == "" {
		action = "Microsoft.Resources/subscriptions/resources/read"
	}
	return unauthorized(c, action, c.path.id)
}

// unauthorized is the refusal of an action that no role grants.
func unauthorized(c *call, action, scope string) *problem {
	return fromGateway(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. "+
			"If access was recently granted, please refresh your credentials.",
		c.caller.ClientID, c.caller.PrincipalID, action, scope)
}

// stateOf is the state that a subscription shows.
func (s *Sim) stateOf(id string) string {
	switch s.health[key(id)] {
	case Disabled:
		return "Disabled"
	case DisabledForWrites:
		return "Warned"
	default: // what else ails it does not show
		return "Enabled"
	}
}

// String names the health.
func (h SubscriptionHealth) String() string {
	names := [...]string{"healthy", "out of requests", "out of reach", "disabled", "disabled for writes"}
	if h < 0 || int(h) >= len(names) {
		return fmt.Sprintf("health %d", int(h))
	}
	return names[h]
}
