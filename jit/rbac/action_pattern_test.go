package rbac

import (
	"strings"
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

// texts are all texts over the letters, up to so long.
func texts(letters string, longest int) []string {
	out := []string{""}
	for i := 0; i < len(out); i++ {
		if len(out[i]) < longest {
			for _, l := range letters {
				out = append(out, out[i]+string(l))
			}
		}
	}
	return out
}

// Patterns of up to four letters: what two of them have in common shows within
// eight letters; what one means and the other does not shows within four, with
// a letter that stands in neither.
var (
	common  = texts("ab", 8)
	foreign = texts("abx", 5)
)

func checkGlobs(t interface{ Errorf(string, ...any) }, p, q string) {
	meet, cover := false, true
	for _, s := range common {
		meet = meet || matches(p, s) && matches(q, s)
	}
	for _, s := range foreign {
		cover = cover && (!matches(q, s) || matches(p, s))
	}
	if got := meets(p, q); got != meet {
		t.Errorf("%q meets %q: %t, want %t", p, q, got, meet)
	}
	if got := covers(p, q); got != cover {
		t.Errorf("%q covers %q: %t, want %t", p, q, got, cover)
	}
}

func TestGlobsAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,4}`)
		checkGlobs(t, pattern.Draw(t, "p"), pattern.Draw(t, "q"))
	})
}

func TestGlobsAsLaws(t *testing.T) {
	pattern := rapid.StringMatching(`[abc/*]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := pattern.Draw(t, "p"), pattern.Draw(t, "q"), pattern.Draw(t, "r")
		if !covers(p, p) || !covers("*", p) || !meets(p, p) {
			t.Errorf("%q: a pattern covers and meets itself, and * covers it", p)
		}
		if meets(p, q) != meets(q, p) {
			t.Errorf("%q and %q: one meets the other, the other does not", p, q)
		}
		if covers(p, q) && !meets(p, q) {
			t.Errorf("%q covers %q and does not meet it", p, q)
		}
		if covers(p, q) && covers(q, r) && !covers(p, r) {
			t.Errorf("%q covers %q, that covers %q, and the first does not cover the last", p, q, r)
		}
		if covers(strings.ToUpper(p), q) != covers(p, q) || meets(strings.ToUpper(p), q) != meets(p, q) {
			t.Errorf("%q and %q: case counts", p, q)
		}
	})
}

func FuzzGlobs(f *testing.F) {
	f.Add("Microsoft.Security/*", "Microsoft.Security/locations/jitNetworkAccessPolicies/*/read")
	f.Add("*/read", "Microsoft.Network/networkInterfaces/*/read")
	f.Add("a*b", "*ab*")
	f.Add("**a", "a**")
	f.Add("", "*")
	f.Add("\xff*", "é")
	f.Fuzz(func(t *testing.T, p, q string) {
		if len(p) < 100 && len(q) < 100 && covers(p, q) && !meets(p, q) {
			t.Errorf("%q covers %q and does not meet it", p, q)
		}
		checkGlobs(t, tiny(p), tiny(q))
	})
}

// tiny maps any text to a pattern that brute force can judge.
func tiny(s string) string {
	var b strings.Builder
	for i := range min(len(s), 4) {
		b.WriteByte("ab*"[s[i]%3])
	}
	return b.String()
}
