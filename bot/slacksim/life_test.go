package slacksim_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// TestLife plays a whole request: slash, ack, card, click, update, response URL.
func TestLife(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	life(t, r)
}

// TestLifeOverTLS is the same over https and wss.
func TestLifeOverTLS(t *testing.T) {
	r := rigOn(t, slacksim.Options{}, httptest.NewTLSServer)
	life(t, r)
}

func life(t *testing.T, r *rig) {
	t.Helper()
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		switch d := e.Data.(type) {
		case slack.SlashCommand:
			ack(t, c, e, map[string]any{"text": "Checking " + d.Text})
			if _, _, err := r.api.PostMessage(slacksim.DemoChannelID, slack.MsgOptionText("card for "+d.UserID, false),
				slack.MsgOptionBlocks(section("*card*"), slack.NewActionBlock("acts", button("approve", "Approve 1h", "g-1")))); err != nil {
				t.Error(err)
			}
			if err := slack.PostWebhookCustomHTTP(d.ResponseURL, r.srv.Client(),
				&slack.WebhookMessage{Text: "asked", ReplaceOriginal: true}); err != nil {
				t.Error(err)
			}
		case slack.InteractionCallback:
			ack(t, c, e)
			a := d.ActionCallback.BlockActions[0]
			if _, _, _, err := r.api.UpdateMessage(d.Channel.ID, d.Message.Timestamp,
				slack.MsgOptionText("approved "+a.Value+" by "+d.User.ID, false), slack.MsgOptionBlocks(section("approved"))); err != nil {
				t.Error(err)
			}
		}
	})
	reply, err := r.sim.Slash(r.ctx, slacksim.DemoEngineerID, slacksim.DemoGeneralID, "/jit", "request vm1 for @grace & co")
	must(t, err)
	if want := "Checking request vm1 for <@" + slacksim.DemoApproverID + "> &amp; co"; reply.Text != want {
		t.Fatalf("reply %q, want %q", reply.Text, want)
	}
	if reply.Message == nil || reply.Message.To != slacksim.DemoEngineerID {
		t.Fatalf("the answer is not ephemeral: %+v", reply.Message)
	}
	r.await(t, "the card", func(n *slacksim.Snapshot) bool { return len(n.Messages(slacksim.DemoChannelID)) == 1 })
	card := r.sim.Messages(slacksim.DemoChannelID)[0]
	if b := card.Buttons(); len(b) != 1 || b[0].Text != "Approve 1h" || b[0].Value != "g-1" {
		t.Fatalf("buttons %+v", b)
	}
	_, err = r.sim.Click(r.ctx, slacksim.DemoApproverID, card.Channel, card.TS, "approve")
	must(t, err)
	r.await(t, "the update", func(n *slacksim.Snapshot) bool {
		m, _ := n.Message(card.Channel, card.TS)
		return m.Edited && m.Text == "approved g-1 by "+slacksim.DemoApproverID && len(m.Buttons()) == 0
	})
	r.await(t, "the answer beside the acknowledgement's", func(n *slacksim.Snapshot) bool {
		e := n.Ephemerals(slacksim.DemoEngineerID)
		return len(e) == 2 && strings.HasPrefix(e[0].Text, "Checking") && e[1].Text == "asked"
	})
	// A click on the old card is still possible for a screen that lags.
	_, err = r.sim.ClickRaw(r.ctx, slacksim.DemoApprover2ID, card.Channel, card.TS, "approve", slacksim.Raw{Stale: true})
	must(t, err)
	url := r.sim.Envelopes()[0]
	if !strings.Contains(string(url.Payload), `"is_enterprise_install":"false"`) {
		t.Fatalf("slash payload %s", url.Payload)
	}
}
