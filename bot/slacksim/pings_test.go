package slacksim_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// What is typed letter by letter arrives so; a name that is picked or resolved is a mention.
func TestTypedWordsAreEscaped(t *testing.T) {
	r := newRig(t, slacksim.Options{NoRateLimits: true})
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			ack(t, c, e)
		}
	})
	for typed, want := range map[string]string{
		"a <!channel> b":             "a &lt;!channel&gt; b",
		"<!here>":                    "&lt;!here&gt;",
		"<!subteam^S0NONE|@x>":       "&lt;!subteam^S0NONE|@x&gt;",
		"<@U0NOBODY1>":               "&lt;@U0NOBODY1&gt;",
		"<http://evil.example|x>":    "&lt;http://evil.example|x&gt;",
		"<@U0ADA> and <@U0ADA>,":     "<@U0ADA> and <@U0ADA>,",
		"@channel @here":             "<!channel> <!here>",
		"https://a.example/?b=1&c=2": "<https://a.example/?b=1&amp;c=2>",
	} {
		_, err := r.sim.Slash(r.ctx, slacksim.DemoEngineerID, slacksim.DemoGeneralID, "/jit", typed)
		must(t, err)
		var p struct {
			Text string `json:"text"`
		}
		all := r.sim.Envelopes()
		if err := json.Unmarshal(all[len(all)-1].Payload, &p); err != nil || p.Text != want {
			t.Errorf("%q arrives as %q, not %q: %v", typed, p.Text, want, err)
		}
	}
}

// A mention notifies whom it names, unless it is code or plain text.
func TestPings(t *testing.T) {
	raw, err := json.Marshal([]any{
		map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "<@U1> `<@U2>` <!subteam^S1|@x> &lt;!here&gt;"}},
		map[string]any{"type": "section", "text": map[string]any{"type": "plain_text", "text": "<!everyone>"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := slacksim.Message{Text: "<!channel> <@U1>", Blocks: raw}
	got := m.Pings()
	slices.Sort(got)
	if strings.Join(got, " ") != "S1 U1 channel" {
		t.Errorf("notifies %q", got)
	}
}
