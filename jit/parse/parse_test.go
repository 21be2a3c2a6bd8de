package parse_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

func TestPorts(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want []jit.Ports // nil: refused
	}{
		{"one", "22", []jit.Ports{{From: 22, To: 22}}},
		{"several in order of number", "3389,22", []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}}},
		{"spaces around", " 22 , 3389 ", []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}}},
		{"a range", "8000-8010", []jit.Ports{{From: 8000, To: 8010}}},
		{"a range of one", "22-22", []jit.Ports{{From: 22, To: 22}}},
		{"all that exist", "1-65535", []jit.Ports{{From: 1, To: 65535}}},
		{"protocol", "22/tcp", []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}},
		{"protocol in capitals", "53/UDP", []jit.Ports{{From: 53, To: 53, Protocol: jit.UDP}}},
		{"ssh", "SSH", []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}},
		{"rdp", "rdp", []jit.Ports{{From: 3389, To: 3389, Protocol: jit.TCP}}},
		{"winrm is two", "winrm", []jit.Ports{{From: 5985, To: 5985, Protocol: jit.TCP}, {From: 5986, To: 5986, Protocol: jit.TCP}}},
		{"the same twice counts once", "22,22", []jit.Ports{{From: 22, To: 22}}},
		{"the same by name", "ssh,22/tcp", []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}},
		{"neighbours do not overlap", "20-21,22", []jit.Ports{{From: 20, To: 21}, {From: 22, To: 22}}},
		{"one number, two protocols", "53/tcp,53/udp", []jit.Ports{{From: 53, To: 53, Protocol: jit.TCP}, {From: 53, To: 53, Protocol: jit.UDP}}},
		{"nothing", "", nil},
		{"a comma at the end", "22,", nil},
		{"zero", "0", nil},
		{"from zero", "0-65535", nil},
		{"too large", "65536", nil},
		{"far too large", "99999999999999999999999", nil},
		{"negative", "-22", nil},
		{"signed", "+22", nil},
		{"leading zero", "022", nil},
		{"exponent", "1e2", nil},
		{"hexadecimal", "0x16", nil},
		{"digits of full width", "２２，３３８９", []jit.Ports{{From: 22, To: 22}, {From: 3389, To: 3389}}},
		{"other digits", "٢٢", nil},
		{"backwards", "22-21", nil},
		{"open at the end", "22-", nil},
		{"two dashes", "22-23-24", nil},
		{"space inside", "22 23", nil},
		{"unknown word", "telnet", nil},
		{"unknown protocol", "22/icmp", nil},
		{"any protocol is for policies", "22/*", nil},
		{"empty protocol", "22/", nil},
		{"two protocols", "22/tcp/udp", nil},
		{"ranges that overlap", "8000-8010,8010-8020", nil},
		{"a port within a range", "1-100,50", nil},
		{"everything", "*", nil},
		{"a line break", "22\n23", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse.Ports(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParsePorts(%q) (-want +got):\n%s", tt.in, diff)
			}
			checkRefused(t, err, tt.want == nil)
		})
	}
}

// checkRefused wants bad input to be told in one sentence of the right kind.
func checkRefused(t *testing.T, err error, refused bool) {
	t.Helper()
	var no *jit.Refusal
	switch {
	case !refused && err != nil:
		t.Errorf("refused: %v", err)
	case refused && (!errors.Is(err, jit.ErrInput) || !errors.As(err, &no)):
		t.Errorf("got error %v, want a refusal of bad input", err)
	case refused && (!strings.HasSuffix(no.Error(), ".") || strings.Contains(no.Say(func(any) string { return "x" }), "%!")):
		t.Errorf("%q is no sentence", no.Error())
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want time.Duration // 0: refused
	}{
		{"seconds", "90s", 90 * time.Second},
		{"minutes", "45m", 45 * time.Minute},
		{"hours", "2h", 2 * time.Hour},
		{"hours and minutes", "1h30m", 90 * time.Minute},
		{"all three", "1h2m3s", time.Hour + 2*time.Minute + 3*time.Second},
		{"capitals", "2H", 2 * time.Hour},
		{"as Azure writes it", "PT2H", 2 * time.Hour},
		{"as Azure writes minutes", "PT1H30M", 90 * time.Minute},
		{"Azure's longest", "P1D", 24 * time.Hour},
		{"a zero part", "0h5m", 5 * time.Minute},
		{"leading zeros", "05m", 5 * time.Minute},
		{"more than a policy allows is not its business", "48h", 48 * time.Hour},
		{"nothing", "", 0},
		{"nothing but the prefix", "PT", 0},
		{"zero", "0s", 0},
		{"zero of everything", "0h0m0s", 0},
		{"negative", "-5m", 0},
		{"negative part", "1h-5m", 0},
		{"no unit", "90", 0},
		{"no number", "h", 0},
		{"no unit at the end", "1h30", 90 * time.Minute},
		{"no unit and no two digits", "1h5", 0},
		{"no unit and too many", "1h75", 0},
		{"minutes alone have none after", "1m30", 0},
		{"fraction", "1.5h", 90 * time.Minute},
		{"comma", "1,5h", 90 * time.Minute},
		{"no whole", ".5h", 30 * time.Minute},
		{"quarters", "1,25 h", 75 * time.Minute},
		{"a fraction in one letter", "1½h", 90 * time.Minute},
		{"a fraction within a number", "9½0min", 0},
		{"a fraction before a number", "½1h", 0},
		{"thousands or parts", "1,500m", 0},
		{"thousands or parts by a point", "1.500m", 0},
		{"ports or a number", "22,80 min", 0},
		{"parts of a second", "1.5s", 0},
		{"a word after", "2hours", 2 * time.Hour},
		{"words", "90 min", 90 * time.Minute},
		{"one", "1 hour", time.Hour},
		{"short", "2hrs", 2 * time.Hour},
		{"in capitals", "2 Hours", 2 * time.Hour},
		{"written", "two hours", 2 * time.Hour},
		{"an hour", "an hour", time.Hour},
		{"half an hour", "half an hour", 30 * time.Minute},
		{"a half", "a half hour", 30 * time.Minute},
		{"with a hyphen", "half-hour", 30 * time.Minute},
		{"number with a hyphen", "2-hour", 2 * time.Hour},
		{"and a half", "an hour and a half", 90 * time.Minute},
		{"one and a half", "one and a half hours", 90 * time.Minute},
		{"2 and a half", "2 and a half hours", 150 * time.Minute},
		{"a quarter", "a quarter of an hour", 15 * time.Minute},
		{"quarters of an hour", "three quarters of an hour", 45 * time.Minute},
		{"and", "1 hour and 30 minutes", 90 * time.Minute},
		{"plus", "1h+30m", 90 * time.Minute},
		{"German", "zwei Stunden", 2 * time.Hour},
		{"German, half", "eine halbe Stunde", 30 * time.Minute},
		{"German, one and a half", "anderthalb Stunden", 90 * time.Minute},
		{"German, short", "2 Std.", 2 * time.Hour},
		{"French", "2 heures", 2 * time.Hour},
		{"French, half", "une heure et demie", 90 * time.Minute},
		{"French, half an hour", "une demi-heure", 30 * time.Minute},
		{"Spanish", "dos horas", 2 * time.Hour},
		{"Spanish, half", "media hora", 30 * time.Minute},
		{"Italian", "due ore", 2 * time.Hour},
		{"Italian, half", "mezz'ora", 30 * time.Minute},
		{"Portuguese", "meia hora", 30 * time.Minute},
		{"Dutch", "twee uur", 2 * time.Hour},
		{"Polish", "2 godziny", 2 * time.Hour},
		{"Russian", "2 часа", 2 * time.Hour},
		{"Japanese", "２時間３０分", 150 * time.Minute},
		{"Chinese", "两小时", 2 * time.Hour},
		{"Chinese, a number that is not parted from the unit", "五小时", 0},
		{"Chinese, with a digit", "2小时", 2 * time.Hour},
		{"Korean", "2시간", 2 * time.Hour},
		{"a second look", "a second", 0},
		{"an hour without a number", "hour", 0},
		{"a while", "a while", 0},
		{"a couple", "a couple of hours", 0},
		{"two of them", "1h 2h", 0},
		{"less before more", "30 minutes 1 hour", 0},
		{"day and time as Azure writes it", "P1DT2H", 26 * time.Hour},
		{"Azure's way, in the wrong order", "PT30M1H", 0},
		{"more words than a duration has", "1d 1h 1m 1s of my time", 0},
		{"unit twice", "1h1h", 0},
		{"wrong order", "30m1h", 0},
		{"days", "2d", 48 * time.Hour},
		{"more days", "P2D", 48 * time.Hour},
		{"milliseconds", "500ms", 0},
		{"spaces", "1h 30m", 90 * time.Minute},
		{"not a number", "NaN", 0},
		{"infinite", "inf", 0},
		{"past 63 bits of nanoseconds", "2562048h", 0},
		{"wraps around 64 bits", "5124096h", 0},
		{"past 64 bits", "99999999999999999999999999h", 0},
		{"seconds past 63 bits", "9223372037s", 0},
		{"exponent", "1e3s", 0},
		{"digits of full width", "５ｍ", 5 * time.Minute},
		{"other digits", "٥m", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse.Duration(tt.in)
			if got != tt.want {
				t.Errorf("ParseDuration(%q) = %s, want %s", tt.in, got, tt.want)
			}
			checkRefused(t, err, tt.want == 0)
		})
	}
}

func TestShortDurationIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1, 24*3600).Draw(t, "seconds")) * time.Second
		if got, err := parse.Duration(text.Duration(d)); err != nil || got != d {
			t.Fatalf("ParseDuration(%q) = %s, %v", text.Duration(d), got, err)
		}
	})
}

func FuzzPorts(f *testing.F) {
	for _, s := range []string{"22", "22,3389", "8000-8010", "22/tcp", "53/udp,53/tcp", "ssh,rdp,winrm", "22-21", "0-65535", "1e2", ",", "22/", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ports, err := parse.Ports(s)
		if err != nil {
			checkRefused(t, err, true)
			return
		}
		var words []string
		for i, p := range ports {
			if p.From < 1 || p.From > p.To {
				t.Errorf("%q gave %v", s, p)
			}
			for _, q := range ports[:i] {
				if p.Protocol == q.Protocol && p.From <= q.To && q.From <= p.To {
					t.Errorf("%q gave %v and %v, which overlap", s, q, p)
				}
			}
			word := p.Span()
			if p.Protocol != "" {
				word += "/" + string(p.Protocol)
			}
			words = append(words, word)
		}
		again, err := parse.Ports(strings.Join(words, ","))
		if diff := cmp.Diff(ports, again); diff != "" || err != nil {
			t.Errorf("%q written and read again: %v\n%s", s, err, diff)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"90s", "45m", "2h", "1h30m", "PT2H", "P1D", "", "pt", "0s", "-5m", "2562048h", "99999999999999999999h", "1h1h", "1m1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parse.Duration(s)
		if err != nil {
			checkRefused(t, err, true)
			return
		}
		if d <= 0 || d > math.MaxInt64/2 {
			t.Fatalf("ParseDuration(%q) = %d", s, d)
		}
		if again, err := parse.Duration(text.Duration(d)); err != nil || again != d {
			t.Errorf("%q is %s, read again %s, %v", s, d, again, err)
		}
	})
}
