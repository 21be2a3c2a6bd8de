package azuresim

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bucket is a token bucket that fills as time passes.
type bucket struct {
	left float64
	at   time.Time
}

// throttle takes a token for the request, gives the headers that tell how
// many are left, and refuses when there is none. Sizes are per principal and
// subscription, as Resource Manager counts since 2024.
func (s *Sim) throttle(c *call) (map[string]string, *problem) {
	kind, size := "writes", s.settings.Writes
	switch c.request.Method {
	case http.MethodGet, http.MethodHead:
		kind, size = "reads", s.settings.Reads
	case http.MethodDelete:
		kind, size = "deletes", s.settings.Deletes
	}
	level := "subscription"
	if c.path.subscription == "" {
		level = "tenant"
	}
	left := size.Size
	if s.settings.Throttle {
		name := strings.Join([]string{kind, key(c.caller.PrincipalID), key(c.path.subscription)}, " ")
		b := s.buckets[name]
		if b == nil {
			b = &bucket{left: float64(size.Size), at: c.now}
			s.buckets[name] = b
		}
		b.left = min(float64(size.Size), b.left+c.now.Sub(b.at).Seconds()*size.PerSecond)
		b.at = c.now
		if b.left < 1 {
			return nil, s.throttled(c, (1-b.left)/size.PerSecond)
		}
		b.left--
		left = int(b.left)
	}
	return map[string]string{
		"x-ms-ratelimit-remaining-" + level + "-" + kind:        strconv.Itoa(left),
		"x-ms-ratelimit-remaining-" + level + "-global-" + kind: strconv.Itoa(15*size.Size - (size.Size - left)),
	}, nil
}

func (s *Sim) throttled(c *call, seconds float64) *problem {
	wait := strconv.Itoa(int(min(math.Ceil(max(seconds, 1)), 3600)))
	p := fromGateway(http.StatusTooManyRequests, "SubscriptionRequestsThrottled",
		"Number of requests for subscription '%s' and operation '%s' exceeded the backend storage limit. Please try again after '%s' seconds.",
		c.path.subscription, c.request.Method+"/"+strings.ToUpper(c.path.kind), wait)
	p.header["Retry-After"] = wait
	return p
}
