package parse

import (
	"strconv"
	"strings"
	"time"

	"jitbot/jit"
)

// Duration reads 90s, 45m, 2h, 1h30m and PT2H. It must be positive; how
// long it may be, the policy says.
func Duration(s string) (time.Duration, error) {
	word := strings.ToLower(s)
	if rest, ok := strings.CutPrefix(word, "pt"); ok {
		word = rest
	} else if rest, ok := strings.CutPrefix(word, "p"); ok && rest == "1d" {
		word = "24h" // Azure's longest, written its way
	}
	var total time.Duration
	last := 0
	for word != "" {
		n, unit, rest, ok := durationPart(word)
		if !ok || unit.rank <= last {
			return 0, badDuration(s)
		}
		if n > uint64(10000*time.Hour/unit.size) {
			return 0, jit.Refuse(jit.ErrInput, "%s is longer than anybody may have; write a duration of at most 24h.", s)
		}
		total += time.Duration(n) * unit.size
		word, last = rest, unit.rank
	}
	if total <= 0 {
		return 0, badDuration(s)
	}
	return total, nil
}

func badDuration(s string) error {
	return jit.Refuse(jit.ErrInput, "%s is no duration; write one such as 90s, 45m, 2h, 1h30m or PT2H.", s)
}

type durationUnit struct {
	rank int // hours before minutes before seconds, each once
	size time.Duration
}

func durationPart(s string) (n uint64, u durationUnit, rest string, ok bool) {
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 1 {
		return 0, u, "", false
	}
	n, err := strconv.ParseUint(s[:digits], 10, 64)
	if err != nil {
		n = 1 << 62 // more digits than fit: the caller says too long
	}
	switch s[digits] {
	case 'h':
		u = durationUnit{1, time.Hour}
	case 'm':
		u = durationUnit{2, time.Minute}
	case 's':
		u = durationUnit{3, time.Second}
	default:
		return 0, u, "", false
	}
	return n, u, s[digits+1:], true
}
