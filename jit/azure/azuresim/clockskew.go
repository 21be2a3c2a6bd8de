package azuresim

import (
	"strings"
	"time"
)

// SetClockSkew makes the Date header of some answers differ by an offset, from
// the next request on: of those about a subscription when where is its GUID,
// of those of a host when where is one, such as graph.microsoft.com, without a
// port, and of all others with an empty where (Settings.ClockSkew). A
// subscription goes before a host. An offset of zero is one too; ClearClockSkew
// takes all offsets back.
func (s *Sim) SetClockSkew(where string, offset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if where == "" {
		s.settings.ClockSkew = offset
		return
	}
	s.skews[key(where)] = offset
}

// ClearClockSkew makes every Date header right.
func (s *Sim) ClearClockSkew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.skews)
	s.settings.ClockSkew = 0
}

// skew is what is added to the Date header of an answer.
func (s *Sim) skew(c *call) time.Duration {
	if len(c.parts) > 1 && strings.EqualFold(c.parts[0], "subscriptions") {
		if offset, set := s.skews[key(c.parts[1])]; set {
			return offset
		}
	}
	host, _, _ := strings.Cut(c.request.Host, ":")
	if offset, set := s.skews[key(host)]; set {
		return offset
	}
	return s.settings.ClockSkew
}
