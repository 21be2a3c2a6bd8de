package view_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/reach"
)

const (
	maxWords     = 60  // of a message that nobody asked for
	maxLineWords = 30  // of a line of a list
	maxScanWords = 200 // of a scan of twelve machines
)

var (
	aDate = regexp.MustCompile(`<!date\^\d+\^([^|>]*)\|[^>]*>`)
	read  = regexp.MustCompile(`[\pL\pN]`)
	token = strings.NewReplacer("{time}", "3:49 PM", "{ago}", "in 29 minutes", "{date_short_pretty}", "today")
)

// words counts what a reader reads: dates as Slack shows them, signs alone not.
func words(s string) int {
	s = aDate.ReplaceAllStringFunc(s, func(date string) string { return token.Replace(aDate.FindStringSubmatch(date)[1]) })
	return len(slices.DeleteFunc(strings.Fields(s), func(w string) bool { return !read.MatchString(w) }))
}

// paragraphs are the texts of the blocks, each with its kind; those of buttons not.
func paragraphs(blocks []any) []string {
	var out []string
	text := func(v any) {
		o, _ := v.(map[string]any)
		if s, ok := o["text"].(string); ok {
			out = append(out, s)
		}
	}
	for _, v := range blocks {
		b := v.(map[string]any)
		text(b["text"])
		for _, key := range []string{"fields", "elements"} {
			list, _ := b[key].([]any)
			for _, e := range list {
				if b["type"] != "actions" {
					text(e)
				}
			}
		}
	}
	return out
}

// screen is a golden file.
type screen struct {
	name       string
	text       string
	paragraphs []string
}

func screens(t *testing.T) []screen {
	t.Helper()
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	var out []screen
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Text   string `json:"text"`
			Blocks []any  `json:"blocks"`
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, screen{strings.TrimSuffix(filepath.Base(file), ".golden.json"), v.Text, paragraphs(v.Blocks)})
	}
	return out
}

// unasked reports whether the screen comes without being asked for: cards, notices
// and what the channel reads, but the digest, which the configuration asks for, and the
// card of a request for many VMs, of which whoever approves it reads each.
func (s screen) unasked() bool {
	if s.name == "card-many" {
		return false
	}
	return slices.ContainsFunc([]string{"card-", "thread-", "direct-", "channel-", "firewall-", "overlap-"}, func(p string) bool {
		return strings.HasPrefix(s.name, p)
	})
}

func (s screen) listed() bool {
	return slices.ContainsFunc([]string{"list-", "vms", "scan"}, func(p string) bool { return strings.HasPrefix(s.name, p) })
}

// What nobody asked for is short, and so is each line of a list; both as blocks and
// as the text that is read out.
func TestScreensAreShort(t *testing.T) {
	for _, s := range screens(t) {
		if n := words(strings.Join(s.paragraphs, " ")); s.unasked() && n > maxWords {
			t.Errorf("%s has %d words: %q", s.name, n, s.paragraphs)
		}
		if n := words(s.text); s.unasked() && n > maxWords {
			t.Errorf("the text of %s has %d words: %s", s.name, n, s.text)
		}
		for _, p := range s.paragraphs {
			for line := range strings.Lines(p) {
				if n := words(line); s.listed() && n > maxLineWords {
					t.Errorf("a line of %s has %d words: %s", s.name, n, line)
				}
			}
		}
	}
}

// A scan says of most machines only that they are well: twelve are read at a glance.
func TestScanOfTwelveIsShort(t *testing.T) {
	var all []reach.Finding
	for n := range 12 {
		f := finding(n, reach.ClassHealthy, "jitbot protects it: just-in-time access is on.")
		if n < 6 {
			f = finding(n, reach.ClassUnhealthy, "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any.")
			f.Posture.Rules = []reach.OpenRule{{Guard: "/x/jump-nsg", Rule: "ssh-anywhere", Breadth: reach.Breadth{Words: "Any"}}}
			f.VM.Power = "deallocated"
		}
		all = append(all, f)
	}
	said := view.Scan(all, false, command.ScanFilter{})
	golden(t, "scan-twelve", said)
	if n := words(said.Text); n >= maxScanWords {
		t.Errorf("%d words: %s", n, said.Text)
	}
	for n := range 12 {
		if name := fmt.Sprintf("`web-%d`", n); !strings.Contains(said.Text, name) {
			t.Errorf("%s is not named: %s", name, said.Text)
		}
	}
}

// The text of a card says all that its blocks say: who, as whom of Entra, where, which
// ports, from where, why and until when.
func TestTextsCarryTheFacts(t *testing.T) {
	for name, m := range exampleGrants() {
		text := view.Card(m.g).Text
		facts := []string{"<@U0ADA>", "`web-1` in `rg-prod` (production)", "SSH", view.Address(m.g.Request.Sources[0]), "https://evil.example", "`g-7k2qd`", "`ada@contoso.example`"}
		at := map[jit.State]time.Time{jit.Pending: m.g.Clock.Lapse, jit.Open: m.g.Clock.Deadline}[m.g.State]
		if m.g.State.Ended() {
			at = m.g.Clock.Ended
		}
		if !at.IsZero() && !m.g.Clock.Begun.IsZero() || m.g.State == jit.Pending {
			facts = append(facts, view.When(at))
		}
		for _, fact := range facts {
			if !strings.Contains(text, fact) {
				t.Errorf("%s is not in the text of the card %s: %s", fact, name, text)
			}
		}
	}
	for _, s := range screens(t) {
		for _, p := range s.paragraphs {
			for _, date := range aDate.FindAllString(p, -1) {
				if s.text != "" && len(s.text) < 3900 && !strings.Contains(s.text, date) {
					t.Errorf("the text of %s lacks the time %s of its blocks: %s", s.name, date, s.text)
				}
			}
		}
	}
}

// aCommand begins what is typed somewhere, of however many words.
var aCommand = regexp.MustCompile("^(/jit|jitbot|ssh) ")

// Code style is for names, addresses and commands: a sentence in it is hard to read, and
// a screen reader says it letter by letter.
func TestNoSentenceIsCode(t *testing.T) {
	for _, s := range screens(t) {
		for _, said := range append(s.paragraphs, s.text) {
			for i, span := range strings.Split(said, "`") {
				if code := i%2 == 1; code && len(strings.Fields(span)) > 4 && !aCommand.MatchString(span) && !strings.Contains(said, "```") {
					t.Errorf("%s has a sentence in code style: %s", s.name, span)
				}
			}
		}
	}
}

// A heading is a sentence, never an id, after the mark of a state.
func TestHeadingsAreSentences(t *testing.T) {
	for _, s := range screens(t) {
		if !strings.HasPrefix(s.name, "card-") && !strings.HasPrefix(s.name, "direct-") || len(s.paragraphs) == 0 {
			continue
		}
		head, _, _ := strings.Cut(s.paragraphs[0], "\n")
		if !regexp.MustCompile(`^(⏳|🔓|⌛|🔒|🚨|⛔) \*.+\*$`).MatchString(head) || strings.Contains(head, "g-7k2qd") {
			t.Errorf("the heading of %s is %s", s.name, head)
		}
	}
}
