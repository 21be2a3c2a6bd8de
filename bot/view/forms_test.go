package view_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

func tcp(p uint16) jit.Ports { return jit.Ports{From: p, To: p, Protocol: jit.TCP} }

// wide is an offer of two ports, from anywhere and from ranges.
func wide() lookup.Offer {
	return lookup.Offer{
		Ports: []jit.PortPolicy{
			{Ports: tcp(22), Any: true, Sources: from("198.51.100.0/24"), Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
			{
				Ports:    jit.Ports{From: 8000, To: 8010, Protocol: jit.AnyProtocol},
				Sources:  append(from("198.51.100.0/24"), from("2001:db8::/64")...),
				Shortest: 10 * time.Minute,
				Longest:  time.Hour,
			},
		},
		Sources: from("198.51.100.0/24"), Widest: jit.Widths{V4: 32, V6: 128}, Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func draft() view.RequestDraft {
	return view.RequestDraft{
		VMs: []view.VMChoice{{Key: "rg-prod/web-1", Text: "PROD: web-1 in rg-prod", Note: "rg-prod"}}, Ports: []string{"22/tcp", "8005/*"},
		Source: "203.0.113.7", Duration: "45m", Reason: "deploying the fix",
	}
}

func TestRequestForms(t *testing.T) {
	many := draft()
	many.VMs = append(many.VMs, view.VMChoice{Key: "rg-test/web_2", Text: "web_2 in rg-test"})
	noted := view.RequestDraft{Note: "There is no VM called wbe-1; did you mean web-1?", Reason: "x"}
	ranges := draft()
	ranges.Source, ranges.Ranges, ranges.Again, ranges.Duration, ranges.Focus = "", true, true, "2h", "source"
	long := lookup.Offer{Shortest: time.Minute, Longest: time.Hour, Any: true}
	for p := range uint16(120) {
		long.Ports = append(long.Ports, jit.PortPolicy{Ports: tcp(1000 + p), Any: true, Shortest: time.Minute, Longest: time.Hour})
	}
	for name, v := range map[string]slack.ModalViewRequest{
		"form-loading":  view.LoadingForm("request"),
		"form-sentence": view.TextForm("request", "Guests cannot use jitbot; ask a full member.", nil),
		"form-empty":    view.RequestForm(view.RequestDraft{}, lookup.Offer{}),
		"form-noted":    view.RequestForm(noted, lookup.Offer{}),
		"form-single":   view.RequestForm(view.RequestDraft{VMs: draft().VMs, Ports: []string{"22/tcp"}}, simple()),
		"form-filled":   view.RequestForm(draft(), wide()),
		"form-ranges":   view.RequestForm(ranges, wide()),
		"form-many":     view.RequestForm(many, wide()),
		"form-ports":    view.RequestForm(view.RequestDraft{VMs: draft().VMs, Ports: []string{"1003/tcp"}}, long),
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
		d := view.RequestDraft{Note: nasty, Source: nasty, Duration: nasty, Reason: nasty, Ports: slices.Repeat([]string{nasty}, 200), Usual: nasty}
		d.VMs = slices.Repeat([]view.VMChoice{{Key: "rg/web-1", Text: nasty}}, 100)
		for _, o := range []lookup.Offer{{}, simple(), wide()} {
			o.Sources = slices.Repeat(o.Sources, 100)
			raw, err := json.Marshal(view.RequestForm(d, o))
			if err != nil {
				t.Fatal(err)
			}
			checkLimits(t, fmt.Sprintf("a form with %.10q", nasty), raw)
			if len(raw) > 250<<10 {
				t.Errorf("a form of %d bytes", len(raw))
			}
		}
		g := exampleGrants()["waiting"].g
		g.Request.Reason = nasty
		raw, err := json.Marshal(
			view.Home(slices.Repeat([]lookup.ListedGrant{
				{Grant: g, Mine: true},
				{Grant: g, Approver: true},
				{Grant: exampleGrants()["opened"].g, Mine: true},
			}, 40)),
		)
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
	all := exampleGrants()
	for name, v := range map[string]slack.HomeTabViewRequest{
		"home-empty":    view.Home(nil),
		"home-sentence": view.HomeText("Guests cannot use jitbot; ask a full member."),
		"home-full": view.Home([]lookup.ListedGrant{
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
	golden(t, "mention", view.MentionAnswer())
}

// The card names what else is open on its VMs, and no more once it has ended.
func TestCardsNameWhatElseIsOpen(t *testing.T) {
	all := exampleGrants()
	other := all["opened"].g
	other.ID = "g-3x3x3"
	opening := all["approved"].g
	opening.ID = "g-4y4y4"
	golden(t, "card-waiting-others", view.Card(all["waiting"].g, other, opening))
	if s := view.Card(all["closed-done"].g, other); strings.Contains(s.Text, "g-3x3x3") {
		t.Errorf("an ended card says %q", s.Text)
	}
}

func from(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }

// simple is the offer of one port from one address: nothing is left to ask.
func simple() lookup.Offer {
	return lookup.Offer{
		Ports: []jit.PortPolicy{
			{
				Ports:    jit.Ports{From: 22, To: 22, Protocol: jit.TCP},
				Sources:  from("203.0.113.7/32"),
				Shortest: 5 * time.Minute,
				Longest:  3 * time.Hour,
			},
		},
		Sources:  from("203.0.113.7/32"),
		Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

// Where somebody is offered to approve, all stands that the card warns of, above the
// buttons; what waits for the reader comes first.
func TestHomeWarnsAsTheCardDoes(t *testing.T) {
	all := exampleGrants()
	g, other := all["waiting"].g, all["opened"].g
	other.ID = "g-3x3x3"
	g.Notes = []string{"while this is open, rule build-ssh lets 198.51.100.10 in as well"}
	listed := lookup.ListedGrant{Grant: g, Approver: true, Others: []jit.Grant{other}}
	raw, err := json.Marshal(view.Home([]lookup.ListedGrant{{Grant: all["opened"].g, Mine: true}, listed}))
	if err != nil {
		t.Fatal(err)
	}
	said := string(raw)
	at := func(part string) int {
		i := strings.Index(said, part)
		if i < 0 {
			t.Errorf("%q is not in %s", part, said)
		}
		return i
	}
	if w, o, b := at("`198.51.100.10` in as well"), at("g-3x3x3"), at(`"action_id":"approve"`); w > b || o > b {
		t.Error("a warning stands below the buttons")
	}
	if at("Waiting for me") > at("My access") {
		t.Error("what waits for the reader does not come first")
	}
	if text := view.WhatToApproveText(listed); !strings.Contains(text, "198.51.100.10") || !strings.Contains(text, "g-3x3x3") {
		t.Errorf("the text says %q", text)
	}
	listed.Approver = false
	if view.WhatToApprove(listed) != nil || view.WhatToApproveText(listed) != "" {
		t.Error("said to whom nothing is offered")
	}
}
