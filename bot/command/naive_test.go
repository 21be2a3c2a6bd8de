package command_test

import (
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"jitbot/bot/command"
	"jitbot/jit/text"
)

// naive is a request as somebody reads it who knows nothing of how the program does:
// what looks like a duration is one, and so on, each by itself.
type naive struct {
	VMs, Ports, Sources []string
	Seconds             int
	Reason              string
}

const naiveSeparators = " ,;、，；،"

var (
	naiveFor    = []string{"for", "für", "fuer", "pour", "para"}
	naivePort   = regexp.MustCompile(`^([0-9]+)(?:-([0-9]+))?(?:/(tcp|udp))?$`)
	naiveQuoted = regexp.MustCompile("^[\"'`“”„‟‘’‚‛«»‹›].* .*[\"'`“”„‟‘’‚‛«»‹›]$")
	naiveISO    = regexp.MustCompile(`^p([0-9]+d)?(?:t([0-9]+h)?([0-9]+m)?([0-9]+s)?)?$`)
	naiveLittle = []string{"and", "und", "et", "y", "&", "+", "port", "ports", "on", "via", "over", "using", "with"}

	naiveNamed = map[string][]string{"ssh": {"22/tcp"}, "rdp": {"3389/tcp"}, "winrm": {"5985/tcp", "5986/tcp"}}
)

func naiveClean(word string) string {
	word = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case strings.ContainsRune("–‐‑−—", r):
			return '-'
		}
		return r
	}, strings.Trim(word, "\"'`“”„‟‘’‚‛«»‹›"))
	if !strings.HasSuffix(word, "::") {
		word = strings.TrimSuffix(word, ":")
	}
	return strings.ToLower(word)
}

// naiveWord is a word, and what comes after it.
type naiveWord struct {
	word, rest string
	listed     bool // a comma stands after it
}

func naiveWords(line string) (out []naiveWord) {
	for line != "" {
		i := strings.IndexAny(line, naiveSeparators)
		if m := regexp.MustCompile("^[\"'`“”„‟‘’‚‛«»‹›]*" + `[0-9０-９]+[,，][0-9０-９]{1,4} ?\pL+`).FindString(strings.ToLower(line)); m != "" {
			if unit := strings.TrimLeft(m, "\"'`“”„‟‘’‚‛«»‹›0123456789０１２３４５６７８９,， "); naiveUnit(unit) > 0 {
				if i = len(m) - len(unit) - 1; line[i] != ' ' {
					i = len(m) + strings.IndexAny(line[len(m):]+" ", naiveSeparators)
				}
			}
		}
		if i < 0 {
			i = len(line)
		}
		if i > 0 {
			out = append(out, naiveWord{word: naiveClean(line[:i]), rest: strings.TrimLeft(line[i:], naiveSeparators)})
		}
		line = strings.TrimLeft(line[i:], " ")
		if line != "" && strings.ContainsRune(naiveSeparators, []rune(line)[0]) {
			line = strings.TrimLeft(line, naiveSeparators)
			if len(out) > 0 {
				out[len(out)-1].listed = true
			}
		}
	}
	return out
}

// naiveRead reads a request.
func naiveRead(line string) (n naive) {
	words := naiveWords(line)
	for i := 0; i < len(words); {
		w := words[i].word
		seconds, taken := naiveLongest(words[i:])
		after, afterTaken := 0.0, 0
		quoted := slices.Contains(naiveFor, w) && naiveQuoted.MatchString(words[i].rest)
		if slices.Contains(naiveFor, w) && !quoted {
			after, afterTaken = naiveLongest(words[i+1:])
		}
		switch {
		case afterTaken > 0:
			n.Seconds, i = n.Seconds+int(math.Round(after)), i+1+afterTaken
		case slices.Contains(naiveFor, w) || quoted:
			n.Reason = words[i].rest
			return n
		case taken > 0:
			n.Seconds, i = n.Seconds+int(math.Round(seconds)), i+taken
		case w == "from" && i+1 < len(words):
			source, skip := words[i+1].word, 2
			if source == "my" {
				source, skip = "me", 3
			}
			n.Sources, i = append(n.Sources, source), i+skip
		case slices.Contains(naiveLittle, w) || i == 0 && (w == "/jit" || w == "request") || i == 1 && w == "request" && words[0].word == "/jit":
			i++
		case naiveNamed[w] != nil:
			n.Ports, i = append(n.Ports, naiveNamed[w]...), i+1
		case naivePort.MatchString(w):
			n.Ports, i = append(n.Ports, w), i+1
		default:
			if !slices.Contains(n.VMs, w) {
				n.VMs = append(n.VMs, w)
			}
			i++
		}
	}
	return n
}

// naiveLongest is the longest duration at the beginning of the words.
func naiveLongest(words []naiveWord) (seconds float64, taken int) {
	all := ""
	for i, w := range words[:min(len(words), 9)] {
		word := strings.TrimRight(strings.ReplaceAll(w.word, "'", ""), ".")
		if m := naiveISO.FindStringSubmatch(word); m != nil && strings.Join(m[1:], "") != "" {
			word = strings.Join(m[1:], "")
		}
		all = strings.TrimSpace(all + " " + word)
		if s := naiveSeconds(all); s >= 1 {
			seconds, taken = s, i+1
		}
		if w.listed || word == "" {
			break
		}
	}
	return seconds, taken
}

// of is the request that was read, in the words of the naive reader.
func naiveOf(c command.Command) (n naive) {
	for _, vm := range c.Ask.VMs {
		n.VMs = append(n.VMs, strings.ToLower(vm))
	}
	n.Ports = strings.Fields(ports(c.Ask.Ports))
	for _, s := range c.Ask.Sources {
		n.Sources = append(n.Sources, s.String())
	}
	if c.Mine {
		n.Sources = append(n.Sources, "me")
	}
	n.Seconds, n.Reason = int(c.Ask.Duration/time.Second), c.Ask.Reason
	return n
}

// comparable makes the same of what is the same.
func (n naive) comparable() naive {
	for i, p := range n.Ports {
		if m := naivePort.FindStringSubmatch(p); m != nil && m[1] == m[2] {
			n.Ports[i] = strings.Replace(p, "-"+m[2], "", 1)
		}
	}
	slices.Sort(n.Ports)
	n.Ports = slices.Compact(n.Ports)
	for i, s := range n.Sources {
		s = strings.NewReplacer("[", "", "]", "").Replace(s)
		if a, err := netip.ParseAddr(s); err == nil {
			n.Sources[i] = netip.PrefixFrom(a, a.BitLen()).String()
		} else if p, err := netip.ParsePrefix(s); err == nil {
			n.Sources[i] = p.String()
		}
	}
	n.Reason = strings.Trim(n.Reason, "\"'`“”„‟‘’‚‛«»‹› ")
	if len(n.Ports) == 0 {
		n.Ports = nil
	}
	return n
}

// checkNaive wants what is asked for to be what the naive reader says, or a question.
func checkNaive(t *testing.T, line string) {
	t.Helper()
	c, err := command.Parse(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(line)) // as Slack sends it
	if err != nil || c.Verb != command.VerbRequest {
		return
	}
	want, got := naiveRead(text.Clean(line)).comparable(), naiveOf(c).comparable()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-naive +asked for):\n%s", line, diff)
	}
}

// The typed lines of the table ask for nothing that a naive reader would not.
func TestLinesAgainstTheNaiveReader(t *testing.T) {
	lines, _ := typedLines(t)
	for _, line := range lines {
		checkNaive(t, "request "+strings.TrimPrefix(line, "request "))
	}
}

// checkStable wants a line to be read the same however often, and whatever is around it.
func checkStable(t *testing.T, line string) {
	t.Helper()
	first, err := command.Parse(line)
	second, again := command.Parse(" " + line + " ")
	if (err == nil) != (again == nil) || first.Verb != second.Verb {
		t.Errorf("%q is read as %v, %v and as %v, %v", line, first, err, second, again)
	}
}

// FuzzLines reads whatever is typed.
func FuzzLines(f *testing.F) {
	lines, _ := typedLines(f)
	for _, line := range lines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		line = "request " + strings.TrimPrefix(line, "request ")
		checkStable(t, line)
		checkNaive(t, line)
	})
}

// naiveVocabulary are the words that lines are made of.
func naiveVocabulary() []string {
	return strings.Fields("web-1 web-2 rg/db tag:a=b 01-web 22 3389 60 443 8000-8010 53/udp 22/tcp ssh rdp winrm port ports on via " +
		"with and & + y 1h 2h 30m 90s 1h30m 1h30 2hours 90min 1.5h 1,5h ½h .5h ½ 1,25 22,5 1.5 2 1 30 15 hour hours minutes min h m s std stunden stunde eine ein halbe " +
		"half a an quarter quarters of one two three forty days day 2-hour half-hour pt2h p1d for for for from me my ip 203.0.113.7 198.51.100.0/24 2001:db8::7 " +
		"[2001:db8::7] x deploy the fix second 2 3 horus minuts until 17:00 5pm please to access web-3 “ssh” \"2h\" \"the 1h\" test\" für 2時間 ２２ ， 、 ; " +
		"5m3h 1h1h 0h 22h 22,3389 22,80 de heure et demie una hora y media mezz'ora anderthalb 10-20m 3-d 2-h 1/2 e en")
}

// FuzzWords is FuzzLines with lines of words that mean something.
func FuzzWords(f *testing.F) {
	all := naiveVocabulary()
	f.Add([]byte{0, 12, 29, 80, 90})
	f.Fuzz(func(t *testing.T, picked []byte) {
		line := "request"
		for i, p := range picked[:min(len(picked), 12)] {
			between := " "
			if i > 0 && picked[i-1] > 250 {
				between = ","
			}
			line += between + all[int(p)%len(all)]
		}
		checkStable(t, line)
		checkNaive(t, line)
	})
}

// Lines of words that mean something ask for nothing that a naive reader would not.
func TestLinesOfWords(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(naiveVocabulary()), 1, 9).Draw(rt, "words")
		between := rapid.SampledFrom([]string{" ", " ", " ", ", "}).Draw(rt, "between")
		checkNaive(t, "request web-1 "+strings.Join(words, between))
	})
}
