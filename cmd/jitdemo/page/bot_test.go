package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

// script answers as a bot would that uses all of Block Kit.
type script struct {
	*rig
	t    *testing.T
	sock *socketmode.Client
}

// runScript connects the scripted bot; it stops with the test.
func (r *rig) runScript(t *testing.T) {
	t.Helper()
	s := &script{rig: r, t: t, sock: socketmode.New(r.api)}
	ctx, cancel := context.WithCancel(r.ctx)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case e := <-s.sock.Events:
				s.handle(e)
			case <-done:
				return
			}
		}
	})
	wg.Go(func() {
		defer close(done)
		_ = s.sock.RunContext(ctx)
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	if err := r.slack.Wait(r.ctx, func(n *slacksim.Snapshot) bool { return n.Sockets > 0 }); err != nil {
		t.Fatalf("waiting for a socket: %v", err)
	}
}

func (s *script) handle(e socketmode.Event) {
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		s.command(e, data)
	case slack.InteractionCallback:
		s.interaction(e, data)
	case slackevents.EventsAPIEvent:
		s.ack(e)
		if opened, ok := data.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); ok && opened.Tab == "home" {
			s.publish(opened.User)
		}
	}
}

func (s *script) ack(e socketmode.Event, payload ...any) {
	if err := s.sock.Ack(*e.Request, payload...); err != nil {
		s.t.Errorf("ack: %v", err)
	}
}

func (s *script) command(e socketmode.Event, c slack.SlashCommand) {
	word, _, _ := strings.Cut(c.Text, " ")
	switch word {
	case "silent":
	case "request":
		s.ack(e, raw(`{"response_type":"ephemeral","text":"Asked","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Asked: *SSH* to `+"`web-1`"+` for 30m. Waiting for <!subteam^S0APPROVERS>."}}]}`))
		s.card()
	case "", "form":
		s.ack(e)
		s.form(c.TriggerID)
	default:
		s.ack(e, raw(`{"text":"*Commands* <https://example.com/help|read more>\n• `+"`/jit request`"+` asks\n> _quoted_ and ~gone~ &lt;b&gt;not markup&lt;/b&gt; <javascript:alert(1)|bad>\n`+"```code *as is*```"+`"}`))
	}
}

func (s *script) interaction(e socketmode.Event, i slack.InteractionCallback) {
	switch i.Type {
	case slack.InteractionTypeBlockSuggestion:
		s.ack(e, suggestions(i.Value))
	case slack.InteractionTypeViewSubmission:
		if len(i.View.State.Values["why"]["why"].Value) < 10 {
			s.ack(e, raw(`{"response_action":"errors","errors":{"why":"Say a little more: at least 10 characters."}}`))
			return
		}
		s.ack(e)
		s.card()
	case slack.InteractionTypeShortcut:
		s.ack(e)
		s.form(i.TriggerID)
	case slack.InteractionTypeBlockActions:
		s.ack(e)
		s.pressed(i)
	default:
		s.ack(e)
	}
}

func (s *script) pressed(i slack.InteractionCallback) {
	switch action := i.ActionCallback.BlockActions[0]; action.ActionID {
	case "approve":
		s.open(s.t)
		s.update(i, "open", fmt.Sprintf("Approved by <@%s>. Open until <!date^%d^{date_short_pretty} at {time}|later>.", i.User.ID, s.now().Add(30*time.Minute).Unix()), "revoke")
		s.reply(i, "Approved by <@"+i.User.ID+">")
	case "more":
		s.reply(i, "<@"+i.User.ID+"> is on it: "+action.SelectedOption.Value)
	case "deny":
		s.update(i, "denied", "Denied by <@"+i.User.ID+">.", "")
	case "vm":
		form := s.view(formView(action.SelectedOption.Value))
		if _, err := s.api.UpdateViewContext(s.ctx, form, "", "", i.View.ID); err != nil {
			s.t.Errorf("updating the form: %v", err)
		}
	}
}

func (s *script) card() {
	_, _, err := s.api.PostMessageContext(s.ctx, slacksim.DemoChannelID, slack.MsgOptionText("Ada asks for SSH to web-1", false), blocksOf(s.t, cardBlocks("waiting for approval", "One approval is needed.", "approve")))
	if err != nil {
		s.t.Errorf("posting the card: %v", err)
	}
}

func (s *script) update(i slack.InteractionCallback, state, text, button string) {
	_, _, _, err := s.api.UpdateMessageContext(s.ctx, i.Channel.ID, i.Container.MessageTs, slack.MsgOptionText(state, false), blocksOf(s.t, cardBlocks(state, text, button)))
	if err != nil {
		s.t.Errorf("updating the card: %v", err)
	}
}

func (s *script) reply(i slack.InteractionCallback, text string) {
	_, _, err := s.api.PostMessageContext(s.ctx, i.Channel.ID, slack.MsgOptionTS(i.Container.MessageTs), slack.MsgOptionText(text, false))
	if err != nil {
		s.t.Errorf("replying: %v", err)
	}
}

// form opens a loading view and fills it a moment later, as slow bots do.
func (s *script) form(trigger string) {
	opened, err := s.api.OpenViewContext(s.ctx, trigger, s.view(`{"type":"modal","callback_id":"ask","title":{"type":"plain_text","text":"Request access"},"close":{"type":"plain_text","text":"Cancel"},"blocks":[{"type":"section","text":{"type":"plain_text","text":"Loading…"}}]}`))
	if err != nil {
		s.t.Errorf("opening the form: %v", err)
		return
	}
	if _, err := s.api.UpdateViewContext(s.ctx, s.view(formView("")), "", "", opened.ID); err != nil {
		s.t.Errorf("filling the form: %v", err)
	}
}

func (s *script) publish(user string) {
	view := s.view(`{"type":"home","blocks":[{"type":"header","text":{"type":"plain_text","text":"My access"}},{"type":"section","text":{"type":"mrkdwn","text":"Nothing is open."}},{"type":"divider"},{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"ask with ","style":{"italic":true}},{"type":"text","text":"/jit","style":{"code":true}}]}]}]},{"type":"actions","elements":[{"type":"button","action_id":"new","style":"primary","text":{"type":"plain_text","text":"Request access"}}]}]}`)
	if _, err := s.api.PublishViewContext(s.ctx, slack.PublishViewContextRequest{UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: view.Blocks}}); err != nil {
		s.t.Errorf("publishing the Home tab: %v", err)
	}
}

func (s *script) view(text string) slack.ModalViewRequest {
	v, err := view(text)
	if err != nil {
		s.t.Errorf("a view: %v", err)
	}
	return v
}

func view(text string) (slack.ModalViewRequest, error) {
	var v slack.ModalViewRequest
	err := json.Unmarshal([]byte(text), &v)
	return v, err
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func blocksOf(t *testing.T, text string) slack.MsgOption {
	var b slack.Blocks
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Errorf("blocks: %v", err)
	}
	return slack.MsgOptionBlocks(b.BlockSet...)
}

func suggestions(query string) json.RawMessage {
	var all []string
	for _, vm := range []string{"web-1", "web-2", "db-1", "jump-1"} {
		if strings.Contains(vm, query) {
			all = append(all, fmt.Sprintf(`{"text":{"type":"plain_text","text":%q},"description":{"type":"plain_text","text":"in prod"},"value":%q}`, vm, vm))
		}
	}
	return raw(`{"options":[` + strings.Join(all, ",") + `]}`)
}

func cardBlocks(state, text, button string) string {
	buttons := map[string]string{
		"approve": `,{"type":"actions","elements":[{"type":"button","action_id":"approve","style":"primary","value":"g-7k2qd","text":{"type":"plain_text","text":"Approve 30m"}},
			{"type":"button","action_id":"deny","style":"danger","value":"g-7k2qd","text":{"type":"plain_text","text":"Deny"},"confirm":{"title":{"type":"plain_text","text":"Deny g-7k2qd?"},"text":{"type":"plain_text","text":"Ada is told at once."},"confirm":{"type":"plain_text","text":"Deny"},"deny":{"type":"plain_text","text":"Keep waiting"},"style":"danger"}},
			{"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"I am on it"},"value":"claim"}]}]}`,
		"revoke": `,{"type":"actions","elements":[{"type":"button","action_id":"revoke","style":"danger","value":"g-7k2qd","text":{"type":"plain_text","text":"Revoke"}}]}`,
		"":       "",
	}[button]
	return fmt.Sprintf(`[{"type":"header","text":{"type":"plain_text","text":"Access g-7k2qd: %s"}},
		{"type":"section","fields":[{"type":"mrkdwn","text":"*Who*\n<@U0ADA>"},{"type":"mrkdwn","text":"*VM*\n`+"`web-1`"+` in `+"`prod-web`"+` (production)"},{"type":"mrkdwn","text":"*Ports*\n22 (SSH)"},{"type":"mrkdwn","text":"*Source*\n`+"`203.0.113.7`"+` (one address)"}]},
		{"type":"section","text":{"type":"plain_text","text":"Reason: looking at the <b>logs</b> & *more*"}},
		{"type":"context","elements":[{"type":"mrkdwn","text":%q}]}%s]`, state, text, buttons)
}

// formView is a form with one of each kind of input; the ports depend on the VM.
func formView(vm string) string {
	ports := `{"text":{"type":"plain_text","text":"22 (SSH)"},"value":"22"}`
	if vm != "" {
		ports += `,{"text":{"type":"plain_text","text":"443 on ` + vm + `"},"value":"443"}`
	}
	return `{"type":"modal","callback_id":"ask","title":{"type":"plain_text","text":"Request access"},"submit":{"type":"plain_text","text":"Request"},"close":{"type":"plain_text","text":"Cancel"},"blocks":[
		{"type":"input","block_id":"vm","dispatch_action":true,"label":{"type":"plain_text","text":"VM"},"element":{"type":"external_select","action_id":"vm","min_query_length":0,"placeholder":{"type":"plain_text","text":"Search"}}},
		{"type":"input","block_id":"ports","label":{"type":"plain_text","text":"Ports"},"element":{"type":"checkboxes","action_id":"ports","options":[` + ports + `]}},
		{"type":"input","block_id":"long","label":{"type":"plain_text","text":"How long"},"element":{"type":"static_select","action_id":"long","initial_option":{"text":{"type":"plain_text","text":"30 minutes"},"value":"30m"},"options":[{"text":{"type":"plain_text","text":"30 minutes"},"value":"30m"},{"text":{"type":"plain_text","text":"1 hour"},"value":"1h"},{"text":{"type":"plain_text","text":"2 hours"},"value":"2h"}]}},
		{"type":"input","block_id":"who","optional":true,"label":{"type":"plain_text","text":"Tell also"},"element":{"type":"multi_users_select","action_id":"who"}},
		{"type":"input","block_id":"how","optional":true,"label":{"type":"plain_text","text":"Urgency"},"element":{"type":"radio_buttons","action_id":"how","options":[{"text":{"type":"mrkdwn","text":"*Normal*"},"value":"n"},{"text":{"type":"plain_text","text":"Outage"},"value":"o"}]}},
		{"type":"input","block_id":"day","optional":true,"label":{"type":"plain_text","text":"Not before"},"element":{"type":"datepicker","action_id":"day"}},
		{"type":"input","block_id":"why","label":{"type":"plain_text","text":"Reason"},"hint":{"type":"plain_text","text":"The approvers read it."},"element":{"type":"plain_text_input","action_id":"why","multiline":true,"max_length":1000}}]}`
}
