package parse

import (
	"fmt"

	"jitbot/jit"
	"jitbot/jit/text"
)

// MaxReason is the most characters a reason may have; it fits a Slack section.
const MaxReason = 1000

// Reason cleans a reason. It is required.
func Reason(s string) (string, error) {
	s = text.Clean(s)
	if s == "" {
		return "", jit.Refuse(jit.ErrInput, "Say why you need it: end the line with for and a reason.")
	}
	if n := len([]rune(s)); n > MaxReason {
		return "", jit.Refuse(jit.ErrInput,
			"The reason has %s characters; at most %s are kept, so shorten it.", fmt.Sprint(n), fmt.Sprint(MaxReason))
	}
	return s, nil
}
