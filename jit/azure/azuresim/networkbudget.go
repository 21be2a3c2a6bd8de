package azuresim

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// networkWindow is over which Microsoft.Network counts what Settings.NetworkWrites
// bounds.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling#network-throttling
const networkWindow = 5 * time.Minute

// networkBudget counts a write or delete of Microsoft.Network, and refuses it where
// there were too many, in the words of the network provider. What is refused is not
// counted.
func (s *Sim) networkBudget(c *call) *problem {
	switch c.request.Method {
	case http.MethodPut, http.MethodDelete, http.MethodPatch:
	default:
		return nil
	}
	if !s.settings.Throttle || !strings.HasPrefix(c.path.kind, "microsoft.network/") {
		return nil
	}
	name := key(c.path.subscription) + " " + s.regionOf(c)
	sent := slices.DeleteFunc(s.written[name], func(at time.Time) bool { return c.now.Sub(at) >= networkWindow })
	if len(sent) < s.settings.NetworkWrites {
		s.written[name] = append(sent, c.now)
		return nil
	}
	s.written[name] = sent
	wait := strconv.Itoa(int(math.Ceil((networkWindow - c.now.Sub(sent[0])).Seconds())))
	return &problem{
		status: http.StatusTooManyRequests, code: "RetryableError", message: "A retryable error occurred.",
		detailCode: "RetryableErrorDueToTooManyCalls",
		detailMessage: "Subscription " + c.path.subscription + " was used to perform too many calls within last 5 minutes. The number of calls " +
			"exceeds Microsoft.Network throttling limit. The call can be retried in " + wait + " seconds.",
		header: map[string]string{"Retry-After": wait},
	}
}

// regionOf is where the resource is that a request is about; a child is where its
// parent is.
func (s *Sim) regionOf(c *call) string {
	id := topLevel(c.path.id)
	where := ""
	if g := s.nsgs[id]; g != nil {
		where = g.location
	}
	if f := s.edge.firewalls[id]; f != nil {
		where = f.written.location
	}
	if p := s.edge.policies[id]; p != nil {
		where = p.written.location
	}
	return strings.ToLower(strings.ReplaceAll(where, " ", ""))
}

// topLevel is the key of the resource that an id, or that of a child, is in.
func topLevel(id string) string {
	parts := strings.Split(key(id), "/")
	return strings.Join(parts[:min(len(parts), 9)], "/")
}
