package jit

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// Ask is what a person wants, as the command line or the form understood it,
// before anything was looked up.
type Ask struct {
	VMs      []string // name, group/name or tag:key=value
	Ports    []Ports  // no protocol means the policy's
	Duration time.Duration
	Sources  []netip.Prefix
	Reason   string
}

// MaxReason is the most characters a reason may have; it fits a Slack section.
const MaxReason = 1000

// CleanText removes what could deceive a reader, control characters and the
// marks that turn the direction of text, and folds white space.
func CleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// ParseReason cleans a reason. It is required.
func ParseReason(s string) (string, error) {
	s = CleanText(s)
	if s == "" {
		return "", Refuse(ErrInput, "Say why you need it: end the line with for and a reason.")
	}
	if n := len([]rune(s)); n > MaxReason {
		return "", Refuse(ErrInput, "The reason has %s characters; at most %s are kept, so shorten it.", fmt.Sprint(n), fmt.Sprint(MaxReason))
	}
	return s, nil
}

// ShortDuration writes a duration as people do: 1h30m, 45m, 90s is 1m30s.
func ShortDuration(d time.Duration) string {
	d = d.Round(time.Second)
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
