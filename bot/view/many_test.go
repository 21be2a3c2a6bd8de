package view

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// fits checks a message against Slack's limits.
func fits(t *testing.T, m Message) {
	t.Helper()
	all := 0
	for _, b := range m.Blocks {
		section, ok := b.(*slack.SectionBlock)
		if !ok || section.Text == nil {
			continue
		}
		n := utf8.RuneCountInString(section.Text.Text)
		if all += n; n > maxSection {
			t.Errorf("a paragraph of %d characters", n)
		}
	}
	if len(m.Blocks) > maxBlocks || all > 13000 {
		t.Errorf("%d blocks with %d characters", len(m.Blocks), all)
	}
}

func TestManyMachinesFit(t *testing.T) {
	for _, c := range []struct {
		n      int
		length int
		want   string // in the last message
	}{{2, 1, ""}, {21, 1, "vm-20"}, {1100, 1, "vm-1099"}, {5000, 60, "more; see `/jit vms`."}} {
		var events []jit.Event
		for i := range c.n {
			id := fmt.Sprintf("/subscriptions/s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachines/vm-%d", strings.Repeat("g", c.length), i)
			events = append(events, jit.Event{Kind: jit.EventProtected, VMs: []string{id}})
		}
		m := ChannelMany(events)
		fits(t, m.Head)
		if !strings.Contains(m.Head.Text, fmt.Sprintf("%d VMs are protected: ", c.n)) || strings.Count(m.Head.Text, "vm-") > maxNamed {
			t.Errorf("%d machines: %s", c.n, m.Head.Text)
		}
		if len(m.Rest) > maxParts || (len(m.Rest) == 0) != (c.n <= maxNamed) {
			t.Fatalf("%d machines: %d parts", c.n, len(m.Rest))
		}
		for _, part := range m.Rest {
			fits(t, part)
		}
		if c.want != "" && !strings.Contains(m.Rest[len(m.Rest)-1].Text, c.want) {
			t.Errorf("%d machines: the last part ends %q", c.n, m.Rest[len(m.Rest)-1].Text[max(0, len(m.Rest[len(m.Rest)-1].Text)-80):])
		}
	}
}

// What ended is told by how it ended; closed is said only of what is.
func TestEndedIsToldAsItIs(t *testing.T) {
	var all []jit.Grant
	for i, state := range []jit.State{jit.Closing, jit.Closed, jit.Denied, jit.Lapsed, jit.Cancelled} {
		for n := range 10 {
			g := jit.Grant{ID: jit.ID(fmt.Sprintf("g-%d%d", i, n)), State: state, Stuck: state == jit.Closing && n == 0}
			if state == jit.Closed && n > 0 {
				g.Clock.Begun = g.Clock.Begun.Add(1)
			}
			g.Request.By.ID = "U0ADA"
			g.Request.Targets = []jit.Target{{Name: "web-1", Group: "rg"}}
			all = append(all, g)
		}
	}
	m := Ended(all)
	fits(t, m.Head)
	for _, want := range []string{
		"1 grant has ended, and its rule could not be removed yet: <@U0ADA> at `web-1` in `rg` (`g-00`)", "9 grants have ended, and their rules are being removed: <@U0ADA> at `web-1` in `rg` (`g-01`)",
		"9 grants ended, and their rules were read back gone: <@U0ADA> at `web-1` in `rg` (`g-11`)", "1 grant ended before anything was written in Azure",
		"10 requests were denied", "10 requests lapsed", "10 requests were withdrawn",
	} {
		if !strings.Contains(m.Head.Text, want) {
			t.Errorf("%q is not in %s", want, m.Head.Text)
		}
	}
	if len(m.Rest) != 1 || strings.Count(m.Rest[0].Text, "web-1") != 50 {
		t.Errorf("the list is %+v", m.Rest)
	}
	if own := HolderEnded(all[10:12]); !strings.Contains(own.Head.Text, "2 of your grants and requests are over.") || len(own.Rest) != 0 {
		t.Errorf("its holder reads %s", own.Head.Text)
	}
}
