package view

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
)

// hostile are texts that people may type, to be shown as no more than text.
func hostile() []string {
	return []string{
		"<!channel> wake up", "<@U1> did it", "<https://evil.example|innocent>", "&lt;!here&gt;",
		"see https://evil.example/x and mailto:a@b.example and evil.com", "write to boss@corp.example",
		"*bold* _slanted_ ~struck~ `code` ```block```", ":tada: :rotating_light:", "@channel @here #general",
		"> quoted\n1. list\n- item", "right\u202eleft\u2066 \u200f marks", "null\x00 bell\a escape\x1b[31m",
		"a\r\n\r\nb\u2028c", strings.Repeat("long ", 2000), strings.Repeat("x", 10000), "'\"`'`", "\xff\xfe broken",
		"*<!channel>*", "a_b*c~d", "_", "*", "", "javascript:alert(1)", "tel:+123", "xn--80ak6aa92e.com", "a.b.c.d",
	}
}

// As code nothing is read as more than text, as long as nothing ends it.
func TestQuotedTextIsNothingButText(t *testing.T) {
	for _, s := range hostile() {
		got := Code(s)
		inner := strings.TrimSuffix(strings.TrimPrefix(got, "`"), "`")
		if len(got) != len(inner)+2 || inner == "" || strings.ContainsAny(inner, "`<>\n\r\x00\x1b\u202e\u2066\u200f") ||
			len([]rune(inner)) > 5*MaxName {
			t.Errorf("%.60q became %.80q", s, got)
		}
	}
}

// checkProse wants what is outside of code to have nothing that Slack reads as markup, a
// mention, an emoji or a link, and each span of code to end where its word does.
func checkProse(t *testing.T, s string) {
	t.Helper()
	got := prose(s)
	if strings.TrimSpace(got) == "" || strings.Count(got, "`")%2 != 0 || strings.ContainsAny(got, "<>\n\r\x00\x1b\u202e\u2066\u200f") ||
		len([]rune(got)) > 7*maxProse {
		t.Errorf("%.60q became %.80q", s, got)
	}
	for i, part := range strings.Split(got, "`") {
		between := regexp.MustCompile(`^([^\pL\pN]*|[^\pL\pN](.*[^\pL\pN])?)$`)
		switch inside := i%2 == 1; {
		case inside:
		case strings.ContainsAny(part, "*_~&|@#\\") || regexp.MustCompile(`:[^\s]*:|:/|\w\.\w\w`).MatchString(part):
			t.Errorf("%.60q became %.80q, where %q is no mere text", s, got, part)
		case i > 0 && i < strings.Count(got, "`") && !between.MatchString(part):
			t.Errorf("%.60q became %.80q, where a word touches code", s, got)
		}
	}
}

// What people and Azure wrote is read as a sentence, and is nothing but text.
func TestProseIsNothingButText(t *testing.T) {
	for _, s := range hostile() {
		checkProse(t, s)
	}
	for s, want := range map[string]string{
		"R&D needs Microsoft.Network/*/read on web_server_2.": "`R&amp;D` needs `Microsoft.Network/*/read` on `web_server_2`.",
		"Rule a (priority 10) opens 22: to 10.0.0.4, ::1.":    "Rule a (priority 10) opens 22: to `10.0.0.4`, `::1`.",
		"see (https://x.example/a?b), it's \"up\"":            "see (`https://x.example/a?b`), it's \"up\"",
		"": "?",
	} {
		if got := prose(s); got != want {
			t.Errorf("%q became %q, not %q", s, got, want)
		}
	}
}

// FuzzProse shows whatever is written.
func FuzzProse(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(checkProse)
}

func TestRefusalsAreShownWithTheirArgumentsEscaped(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, s := range hostile() {
		got, known := Refusal(jit.Refuse(jit.ErrInput, "%s is no VM.", s))
		if !known || strings.ContainsAny(strings.Trim(got, "`"), "<>") || !strings.HasSuffix(got, " is no VM.") ||
			len([]rune(got)) > 5*MaxName+100 {
			t.Errorf("%.60q became %.100q", s, got)
		}
	}
	got, _ := Refusal(jit.Refuse(jit.ErrStale, "%s was already %s by %s at %s after %s.", jit.ID("g-7k2qd"), jit.Denied, jit.UserID("U1"), at,
		time.Hour))
	want := "`g-7k2qd` was already denied by <@U1> at <!date^1772359200^{time}, {ago}|2026-03-01 10:00 UTC> after 1h."
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	got, _ = Refusal(jit.Refuse(jit.ErrStale, "by %s", jit.UserID("host:<!channel>")))
	if got != "by `host:&lt;!channel&gt;`" {
		t.Errorf("somebody who called from the host is shown as %s", got)
	}
	if got, known := Refusal(errors.New("password is hunter2")); known || strings.Contains(got, "hunter2") {
		t.Errorf("a fault is shown as %s", got)
	}
	if got := PlainRefusal(jit.Refuse(jit.ErrInput, "%s", strings.Repeat("x", 9000))); len([]rune(got)) > 500 {
		t.Errorf("a plain sentence has %d characters", len(got))
	}
}

func TestShortenKeepsWhatSlackReadsWhole(t *testing.T) {
	long := strings.Repeat("`name` ", 20) + "<!date^1^{time}, {ago}|2026-03-01 10:00 UTC> end"
	for most := 3; most < len([]rune(long)); most++ {
		got := shorten(long, most)
		if len([]rune(got)) > most || strings.Count(got, "<") != strings.Count(got, ">") || strings.Count(got, "`")%2 != 0 {
			t.Fatalf("cut at %d: %q", most, got)
		}
	}
}
