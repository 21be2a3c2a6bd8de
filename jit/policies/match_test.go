package policies

import (
	"testing"

	"pgregory.net/rapid"
)

// matches is the plainest matcher there is, to judge the clever ones by.
func matches(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return matches(pattern[1:], s) || s != "" && matches(pattern, s[1:])
	default:
		return s != "" && pattern[0] == s[0] && matches(pattern[1:], s[1:])
	}
}

func TestGlob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab/*]{0,5}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab/]{0,6}`).Draw(t, "s")
		if got, want := glob(pattern, s), matches(pattern, s); got != want {
			t.Errorf("glob(%q, %q) = %t, want %t", pattern, s, got, want)
		}
	})
}
