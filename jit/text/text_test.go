package text_test

import (
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"jitbot/jit/text"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h",
		90 * time.Minute: "1h30m", time.Hour + 5*time.Second: "1h0m5s", 10 * time.Hour: "10h", 24 * time.Hour: "24h",
		time.Minute + time.Millisecond: "1m", time.Millisecond: "0s",
	} {
		if got := text.Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestCleanDeceivesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text.Clean(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text"))
		if again := text.Clean(s); again != s {
			t.Errorf("cleaning twice: %q, then %q", s, again)
		}
		for _, r := range s {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
				t.Errorf("%q holds %U", s, r)
			}
		}
	})
}
