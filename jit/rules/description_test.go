package rules_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit/rules"
	"jitbot/jit/text"
)

func TestDescription(t *testing.T) {
	until := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	const fixed = "jitbot g-7k2qd U0123456789 until 2026-03-01T10:00:00Z"
	room := 140 - len(fixed+"; ")
	tests := []struct {
		name   string
		person string
		want   string
	}{
		{"no name", "", fixed},
		{"a name", "ann@example.com", fixed + "; ann@example.com"},
		{"a name with what separates", "ann; until 2099", fixed + "; ann; until 2099"},
		{"a name that just fits", strings.Repeat("a", room), fixed + "; " + strings.Repeat("a", room)},
		{"a name one too long", strings.Repeat("a", room) + "b", fixed + "; " + strings.Repeat("a", room)},
		{"two bytes a letter", strings.Repeat("é", 200), fixed + "; " + strings.Repeat("é", room)},
		{"four bytes a letter", strings.Repeat("🚀", 200), fixed + "; " + strings.Repeat("🚀", room)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := rules.Description{Grant: "g-7k2qd", User: "U0123456789", Until: until, Name: tt.person}
			got := d.String()
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			read, ok := rules.ParseDescription(got)
			if !ok || read.Grant != d.Grant || read.User != d.User || !read.Until.Equal(until) || !strings.HasPrefix(tt.person, read.Name) {
				t.Errorf("%q was read as %+v, %t", got, read, ok)
			}
		})
	}
}

func TestDescriptionTellsLocalTimeInUTC(t *testing.T) {
	d := rules.Description{Grant: "g-7k2qd", User: "U1", Until: time.Date(2026, 3, 1, 11, 0, 0, 0, time.FixedZone("CET", 3600))}
	if got, want := d.String(), "jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseDescriptionRefuses(t *testing.T) {
	for _, s := range []string{
		"", "jitbot", "SSH for the build", "jitbot g-7k2qd U1 until", "jitbot g-7k2qd U1 until tomorrow",
		"jitbot g-7k2qd U1 until 2026-13-01T10:00:00Z", "jitbot g-7k2qd U1 until 2026-02-30T10:00:00Z",
		"jitbot g-7k2qd U1 until 2026-03-01T10:00:00", "jitbot g-7k2qd U1 until 2026-03-01T10:00:00+01:00",
		"jitbot g-00000 U1 until 2026-03-01T10:00:00Z", "jitbot g-7k2qd  until 2026-03-01T10:00:00Z",
		" jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z", "jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z and on",
		"jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z\n", "jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z; a\nb",
		"Jitbot g-7k2qd U1 until 2026-03-01T10:00:00Z",
	} {
		if d, ok := rules.ParseDescription(s); ok {
			t.Errorf("%q was read as %+v", s, d)
		}
	}
}

func FuzzDescription(f *testing.F) {
	f.Add("jitbot g-7k2qd U0123456789 until 2026-03-01T10:00:00Z; ann@example.com", "Zoë")
	f.Add("jitbot g-7k2qd U1 until 2026-02-30T10:00:00Z", strings.Repeat("🚀", 99))
	f.Add("SSH for the build", "a\nb; until")
	f.Fuzz(func(t *testing.T, s, name string) {
		if d, ok := rules.ParseDescription(s); ok {
			again, ok := rules.ParseDescription(d.String())
			if diff := cmp.Diff(d, again); utf8.RuneCountInString(s) <= 140 && (!ok || diff != "") {
				t.Errorf("%q written and read again: %t\n%s", s, ok, diff)
			}
		}
		d := rules.Description{Grant: "g-7k2qd", User: "U0123456789", Until: time.Unix(1<<31, 0).UTC(), Name: text.Clean(name)}
		got, ok := rules.ParseDescription(d.String())
		if !ok || got.Grant != d.Grant || got.User != d.User || !got.Until.Equal(d.Until) || !strings.HasPrefix(d.Name, got.Name) {
			t.Errorf("%+v was read as %+v, %t", d, got, ok)
		}
		if n := utf8.RuneCountInString(d.String()); n > 140 || !utf8.ValidString(d.String()) {
			t.Errorf("%q has %d characters", d.String(), n)
		}
	})
}
