package parse_test

import (
	"strings"
	"testing"

	"jitbot/jit/parse"
)

func TestReason(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want string // empty: refused
	}{
		{"plain", "deploy of web 1.2", "deploy of web 1.2"},
		{"white space folded", "  deploy \t of\r\n web\u2028now ", "deploy of web now"},
		{"a fake log line", "ok\nlevel=INFO msg=approved", "ok level=INFO msg=approved"},
		{"controls", "de\x00pl\x1boy\x7f\u0085", "deploy"},
		{"text that runs backwards", "pay \u202Egnp.exe\u202C \u2066x\u2069", "pay gnp.exe x"},
		{"zero width", "ad\u200bmin\ufeff", "admin"},
		{"broken bytes", "caf\xe9 \xff", "caf"},
		{"other scripts stay", "デプロイ für Zoë 🚀", "デプロイ für Zoë 🚀"},
		{"markup is left to the screen", "<!channel> *x*", "<!channel> *x*"},
		{"the longest", strings.Repeat("é", 1000), strings.Repeat("é", 1000)},
		{"long by what is taken out", strings.Repeat("\u200b", 5000) + "x", "x"},
		{"marks on letters stay", "Gru\u0308ße, e\u0301te\u0301 ❤\ufe0f नमस्ते", "Gru\u0308ße, e\u0301te\u0301 ❤\ufe0f नमस्ते"},
		{"a mark on nothing", "\u0301x \u0489y", "x y"},
		{"letters that are blank", "\u3164\uffa0\u115f\u1160", ""},
		{"blank pictures", "\u2800 \u2800\U0001d159", ""},
		{"marks alone", "\u0301\u0302 \u034f \ufe0f\u20dd", ""},
		{"vowels that are not there", "\u17b4\u17b5", ""},
		{"tags and what is to be ignored", "\U000e0041\U000e0100\ufff0\u2065", ""},
		{"nothing", "", ""},
		{"nothing to see", " \u200b\u202e\x00\n ", ""},
		{"one too long", strings.Repeat("é", 1001), ""},
		{"ten thousand", strings.Repeat("x", 10000), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse.Reason(tt.in)
			checkRefused(t, err, tt.want == "")
			if got != tt.want {
				t.Errorf("Reason(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
