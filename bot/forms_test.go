package bot_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot"
	"jitbot/jit"
)

func tcp(p uint16) jit.Ports { return jit.Ports{From: p, To: p, Protocol: jit.TCP} }

// wide is an offer of two ports, from anywhere and from ranges.
func wide() jit.Offer {
	return jit.Offer{
		Ports: []jit.PortPolicy{
			{Ports: tcp(22), Any: true, Sources: from("198.51.100.0/24"), Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
			{Ports: jit.Ports{From: 8000, To: 8010, Protocol: jit.AnyProtocol}, Sources: append(from("198.51.100.0/24"), from("2001:db8::/64")...), Shortest: 10 * time.Minute, Longest: time.Hour},
		},
		Sources: from("198.51.100.0/24"), Widest: jit.Widths{V4: 32, V6: 128}, Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func draft() bot.Draft {
	return bot.Draft{
		VMs: []bot.Choice{{Key: "rg-prod/web-1", Text: "web-1 in rg-prod (production)"}}, Ports: []string{"22/tcp", "8005/*"},
		Source: "203.0.113.7", Duration: "45m", Reason: "deploying the fix",
	}
}

func TestRequestForms(t *testing.T) {
	many := draft()
	many.Many, many.VMs = true, append(many.VMs, bot.Choice{Key: "rg-test/web_2", Text: "web_2 in rg-test"})
	noted := bot.Draft{Note: "There is no VM called wbe-1; did you mean web-1?", Reason: "x"}
	ranges := draft()
	ranges.Source, ranges.Ranges, ranges.Again = "", true, true
	long := jit.Offer{Shortest: time.Minute, Longest: time.Hour, Any: true}
	for p := range uint16(120) {
		long.Ports = append(long.Ports, jit.PortPolicy{Ports: tcp(1000 + p), Any: true, Shortest: time.Minute, Longest: time.Hour})
	}
	for name, v := range map[string]slack.ModalViewRequest{
		"form-loading":  bot.LoadingForm("request"),
		"form-sentence": bot.SentenceForm("request", "Guests cannot use jitbot; ask a full member."),
		"form-empty":    bot.RequestForm(bot.Draft{}, jit.Offer{}),
		"form-noted":    bot.RequestForm(noted, jit.Offer{}),
		"form-single":   bot.RequestForm(bot.Draft{VMs: draft().VMs, Ports: []string{"22/tcp"}}, simple()),
		"form-filled":   bot.RequestForm(draft(), wide()),
		"form-ranges":   bot.RequestForm(ranges, wide()),
		"form-many":     bot.RequestForm(many, wide()),
		"form-ports":    bot.RequestForm(bot.Draft{VMs: draft().VMs, Ports: []string{"1003/tcp"}}, long),
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, name, raw)
		compare(t, name, raw)
	}
}

func TestFormsKeepSlacksLimits(t *testing.T) {
	for _, nasty := range []string{strings.Repeat("<!channel> ", 1000), strings.Repeat("x", 10000), "\u202e\u200b", ""} {
		d := bot.Draft{Note: nasty, Source: nasty, Duration: nasty, Reason: nasty, Ports: slices.Repeat([]string{nasty}, 200), Many: true}
		d.VMs = slices.Repeat([]bot.Choice{{Key: "rg/web-1", Text: nasty}}, 100)
		for _, o := range []jit.Offer{{}, simple(), wide()} {
			o.Sources = slices.Repeat(o.Sources, 100)
			raw, err := json.Marshal(bot.RequestForm(d, o))
			if err != nil {
				t.Fatal(err)
			}
			checkLimits(t, fmt.Sprintf("a form with %.10q", nasty), raw)
			if len(raw) > 250<<10 {
				t.Errorf("a form of %d bytes", len(raw))
			}
		}
		g := moments()["waiting"].g
		g.Request.Reason = nasty
		raw, err := json.Marshal(bot.HomeTab(slices.Repeat([]jit.Listed{{Grant: g, Mine: true}, {Grant: g, Approver: true}, {Grant: moments()["opened"].g, Mine: true}}, 40)))
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, "a home tab", raw)
		if len(raw) > 250<<10 {
			t.Errorf("a home tab of %d bytes", len(raw))
		}
	}
}

func TestHomeTabs(t *testing.T) {
	all := moments()
	for name, v := range map[string]slack.HomeTabViewRequest{
		"home-empty":    bot.HomeTab(nil),
		"home-sentence": bot.HomeSentence("Guests cannot use jitbot; ask a full member."),
		"home-full": bot.HomeTab([]jit.Listed{
			{Grant: all["opened"].g, Mine: true},
			{Grant: all["stuck"].g, Mine: true},
			{Grant: all["held"].g, Mine: true},
			{Grant: all["waiting"].g, Mine: true},
			{Grant: all["asked"].g, Mine: true},
			{Grant: all["approved-once"].g, Approver: true},
			{Grant: all["opened"].g, Approver: true, Admin: true}, // is not waited for
		}),
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, name, raw)
		compare(t, name, raw)
	}
	golden(t, "mention", bot.MentionAnswer())
}

// The card names what else is open on its VMs, and no more once it has ended.
func TestCardsNameWhatElseIsOpen(t *testing.T) {
	all := moments()
	other := all["opened"].g
	other.ID = "g-3x3x3"
	opening := all["approved"].g
	opening.ID = "g-4y4y4"
	golden(t, "card-waiting-others", bot.GrantCard(all["waiting"].g, other, opening))
	if s := bot.GrantCard(all["closed-done"].g, other); strings.Contains(s.Text, "g-3x3x3") {
		t.Errorf("an ended card says %q", s.Text)
	}
}
