package jit

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Longest and shortest that any policy may allow, as Defender has them.
const (
	MaxDuration     = 24 * time.Hour
	DefaultLongest  = 3 * time.Hour
	DefaultShortest = 5 * time.Minute
	DefaultDuration = time.Hour // what a request without a duration gets, when the policy allows it
)

// Widths are prefix lengths, one a family.
type Widths struct{ V4, V6 int }

// Of is the prefix length for the family of the prefix.
func (w Widths) Of(p netip.Prefix) int {
	if p.Addr().Is4() {
		return w.V4
	}
	return w.V6
}

// Tag finds a tag; Azure's tag names do not regard case, values do.
func (v VM) Tag(name string) (string, bool) {
	for k, value := range v.Tags {
		if strings.EqualFold(k, name) {
			return value, true
		}
	}
	return "", false
}

// Production reports whether the VM's tags call it productive.
func (v VM) Production() bool {
	for _, key := range []string{"env", "environment", "stage"} {
		if value, ok := v.Tag(key); ok {
			value = strings.ToLower(value)
			return value == "prod" || value == "production" || value == "live"
		}
	}
	return false
}

// PortPolicy is a port or a range that may be asked for.
type PortPolicy struct {
	Ports    Ports          `json:"ports"`
	Any      bool           `json:"any,omitempty"` // any single address, per request
	Sources  []netip.Prefix `json:"sources,omitempty"`
	Shortest time.Duration  `json:"shortest"`
	Longest  time.Duration  `json:"longest"`
}

// Accepted says which sources may be asked for, in words.
func (pp PortPolicy) Accepted(widest Widths) string {
	var words []string
	for _, s := range pp.Sources {
		words = append(words, s.String())
	}
	if pp.Any {
		if widest.V4 == 32 && widest.V6 == 128 {
			words = append(words, "any single address")
		} else {
			words = append(words, fmt.Sprintf("any IPv4 range of /%d or smaller, any IPv6 range of /%d or smaller", widest.V4, widest.V6))
		}
	}
	if len(words) == 0 {
		return "no address at all"
	}
	return strings.Join(words, ", ")
}

// Accepts reports whether the source may be asked for at this port.
func (pp PortPolicy) Accepts(source netip.Prefix, widest Widths) bool {
	// A width that was never set is that of a single address, not everything.
	if pp.Any && source.Bits() >= cmp.Or(widest.Of(source), source.Addr().BitLen()) {
		return true
	}
	for _, s := range pp.Sources {
		if s.Addr().Is4() == source.Addr().Is4() && s.Bits() <= source.Bits() && s.Contains(source.Addr()) {
			return true
		}
	}
	return false
}

// Ask is what a person wants, as the command line or the form understood it,
// before anything was looked up.
type Ask struct {
	VMs      []string // name, group/name or tag:key=value
	Ports    []Ports  // no protocol means the policy's
	Duration time.Duration
	Sources  []netip.Prefix
	Reason   string
	Here     bool // whoever asks is answered where they ask: no direct message says the same
}

// DistinctPorts sorts the ports and names each once; ports that overlap are refused.
func DistinctPorts(ports []Ports) ([]Ports, error) {
	slices.SortFunc(ports, func(a, b Ports) int {
		return cmp.Or(strings.Compare(string(a.Protocol), string(b.Protocol)), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	ports = slices.Compact(ports)
	for i := 1; i < len(ports); i++ {
		a, b := ports[i-1], ports[i]
		if a.Protocol == b.Protocol && b.From <= a.To {
			return nil, Refuse(ErrInput, "The ports %s and %s overlap; name each port once.", a, b)
		}
	}
	return ports, nil
}

// SamePortPolicies reports whether both offer the same.
func SamePortPolicies(a, b []PortPolicy) bool {
	return slices.EqualFunc(a, b, func(x, y PortPolicy) bool {
		return x.Ports == y.Ports && x.Any == y.Any && x.Shortest == y.Shortest && x.Longest == y.Longest && slices.Equal(x.Sources, y.Sources)
	})
}
