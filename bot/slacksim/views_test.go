package slacksim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/slacksim"
)

func words(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// form has a reason, a searched menu and a menu that redraws.
func form(title string) slack.ModalViewRequest {
	vm := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, words("VM"), "vm")
	ports := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, words("Port"), "port",
		slack.NewOptionBlockObject("22", words("ssh"), nil), slack.NewOptionBlockObject("3389", words("rdp"), nil))
	port := slack.NewInputBlock("port", words("Port"), nil, ports)
	port.DispatchAction = true
	port.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: words(title), Submit: words("Ask"), Close: words("Cancel"), CallbackID: "ask",
		NotifyOnClose: true, PrivateMetadata: "C1",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("reason", words("Reason"), nil, slack.NewPlainTextInputBlockElement(nil, "why")),
			slack.NewInputBlock("vm", words("VM"), nil, vm).WithOptional(true), port,
		}},
	}
}

// TestModal opens, searches, redraws, refuses, updates and closes a modal.
func TestModal(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	answers := make(chan any, 4)
	closed := make(chan bool, 4)
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		switch d := e.Data.(type) {
		case slack.SlashCommand:
			ack(t, c, e)
			if _, err := r.api.OpenViewContext(r.ctx, d.TriggerID, form("Ask")); err != nil {
				t.Error(err)
			}
			if _, err := r.api.OpenViewContext(r.ctx, d.TriggerID, form("Ask")); err == nil || err.Error() != "exchanged_trigger_id" {
				t.Errorf("second use of a trigger: %v", err)
			}
		case slack.InteractionCallback:
			switch d.Type {
			case slack.InteractionTypeBlockSuggestion:
				ack(t, c, e, slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("id1", words(d.Value+"01"), nil)}})
			case slack.InteractionTypeBlockActions:
				ack(t, c, e)
				if _, err := r.api.UpdateViewContext(r.ctx, form("Redrawn"), "", d.View.Hash, d.View.ID); err != nil {
					t.Error(err)
				}
				if _, err := r.api.UpdateViewContext(r.ctx, form("Stale"), "", d.View.Hash, d.View.ID); err == nil || err.Error() != "hash_conflict" {
					t.Errorf("stale hash: %v", err)
				}
			case slack.InteractionTypeViewSubmission:
				if got := d.View.State.Values["reason"]["why"].Value; got != "disk full" {
					t.Errorf("reason is %q", got)
				}
				ack(t, c, e, <-answers)
			case slack.InteractionTypeViewClosed:
				ack(t, c, e)
				closed <- d.IsCleared
			default:
			}
		}
	})
	ada := slacksim.DemoEngineerID
	open := func() slacksim.View {
		_, err := r.sim.Slash(r.ctx, ada, slacksim.DemoGeneralID, "/jit", "")
		must(t, err)
		r.await(t, "the form", func(n *slacksim.Snapshot) bool { return len(n.Views(ada)) == 1 })
		return r.sim.Views(ada)[0]
	}
	v := open()
	reply, err := r.sim.Submit(r.ctx, ada, v.ID, nil)
	must(t, err)
	if reply.Sent || !strings.Contains(reply.Errors["reason"], "required") {
		t.Fatalf("an empty required input was submitted: %+v", reply)
	}
	opts, err := r.sim.Suggest(r.ctx, ada, v.ID, "vm", "web")
	must(t, err)
	if len(opts) != 1 || opts[0].Text != "web01" {
		t.Fatalf("options %+v", opts)
	}
	_, err = r.sim.Fill(r.ctx, ada, v.ID, slacksim.Values{"why": "disk full", "vm": "id1", "port": "rdp"})
	must(t, err)
	r.await(t, "the redrawing", func(n *slacksim.Snapshot) bool { return n.Views(ada)[0].Title == "Redrawn" })
	v = r.sim.Views(ada)[0]
	for _, kept := range []string{"disk full", "id1", "3389"} {
		if !strings.Contains(string(v.State), kept) {
			t.Fatalf("%q was lost by the redrawing: %s", kept, v.State)
		}
	}
	answers <- slack.NewErrorsViewSubmissionResponse(map[string]string{"reason": "say more"})
	reply, err = r.sim.Submit(r.ctx, ada, v.ID, nil)
	must(t, err)
	if reply.Errors["reason"] != "say more" {
		t.Fatalf("errors %+v", reply)
	}
	answers <- slack.NewErrorsViewSubmissionResponse(map[string]string{"nowhere": "x"})
	if _, err = r.sim.Submit(r.ctx, ada, v.ID, nil); !errors.Is(err, slacksim.ErrTrouble) || r.sim.Views(ada)[0].Trouble == "" {
		t.Fatalf("errors of no input: %v", err)
	}
	bad := form(strings.Repeat("t", 25))
	answers <- slack.NewUpdateViewSubmissionResponse(&bad)
	if _, err = r.sim.Submit(r.ctx, ada, v.ID, nil); !errors.Is(err, slacksim.ErrTrouble) {
		t.Fatalf("invalid view in an ack: %v", err)
	}
	good := form("Pushed")
	answers <- slack.NewPushViewSubmissionResponse(&good)
	reply, err = r.sim.Submit(r.ctx, ada, v.ID, nil)
	must(t, err)
	if reply.View.Title != "Pushed" || reply.View.PreviousID != v.ID {
		t.Fatalf("pushed %+v", reply.View)
	}
	_, err = r.sim.CloseView(r.ctx, ada, reply.View.ID)
	must(t, err)
	if <-closed {
		t.Fatal("one closed view was reported as cleared")
	}
	answers <- nil
	reply, err = r.sim.Submit(r.ctx, ada, v.ID, nil)
	must(t, err)
	if reply.View != nil {
		t.Fatalf("still open: %+v", reply.View)
	}
	if _, err = r.api.UpdateViewContext(r.ctx, good, "", "", v.ID); err == nil || err.Error() != "not_found" {
		t.Fatalf("update of a closed view: %v", err)
	}
	open()
	_, err = r.sim.ClearViews(r.ctx, ada)
	must(t, err)
	if !<-closed {
		t.Fatal("the X was not reported as cleared")
	}
}

// trigger returns a fresh trigger_id of a click in the modal, or of a slash command.
func lastTrigger(r *rig) string {
	all := r.sim.Envelopes()
	p := string(all[len(all)-1].Payload)
	_, p, _ = strings.Cut(p, `"trigger_id":"`)
	id, _, _ := strings.Cut(p, `"`)
	return id
}

func TestTriggersAndStack(t *testing.T) {
	r := newRig(t, slacksim.Options{TriggerLife: 50 * time.Millisecond})
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			ack(t, c, e)
		}
	})
	ada := slacksim.DemoEngineerID
	slash := func() {
		_, err := r.sim.Slash(r.ctx, ada, slacksim.DemoGeneralID, "/jit", "x")
		must(t, err)
	}
	view := func(external string) slack.ModalViewRequest {
		return slack.ModalViewRequest{
			Type: slack.VTModal, Title: words("T"), ExternalID: external,
			Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewActionBlock("a", button("go", "Go", ""))}},
		}
	}
	slash()
	time.Sleep(60 * time.Millisecond)
	_, err := r.api.OpenViewContext(r.ctx, lastTrigger(r), view("e1"))
	wantErr(t, err, "expired_trigger_id")
	slash()
	v, err := r.api.OpenViewContext(r.ctx, lastTrigger(r), view("e1"))
	must(t, err)
	push := func(external string) error {
		_, err := r.sim.ClickView(r.ctx, ada, v.ID, "go")
		must(t, err)
		next, err := r.api.PushViewContext(r.ctx, lastTrigger(r), view(external))
		if err == nil {
			v = next
		}
		return err
	}
	wantErr(t, push("e1"), "duplicate_external_id")
	must(t, push("e2"))
	must(t, push("e3"))
	wantErr(t, push("e4"), "push_limit_reached")
	if n := len(r.sim.Views(ada)); n != 3 || v.RootViewID != r.sim.Views(ada)[0].ID {
		t.Fatalf("%d views, root %s", n, v.RootViewID)
	}
}

func TestHome(t *testing.T) {
	r := newRig(t, slacksim.Options{})
	ada := slacksim.DemoEngineerID
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		section("mine"), slack.NewActionBlock("a", button("done", "Done", "g-1"), button("more", "More", "")),
	}}}
	r.bot(t, func(c *socketmode.Client, e socketmode.Event) {
		if e.Request == nil || e.Request.EnvelopeID == "" {
			return
		}
		ack(t, c, e)
		if e.Type == socketmode.EventTypeEventsAPI {
			if _, err := r.api.PublishViewContext(r.ctx, slack.PublishViewContextRequest{UserID: ada, View: home}); err != nil {
				t.Error(err)
			}
		}
	})
	_, err := r.sim.OpenHome(r.ctx, ada)
	must(t, err)
	r.await(t, "the Home tab", func(n *slacksim.Snapshot) bool { _, ok := n.Home(ada); return ok })
	v, _ := r.sim.Home(ada)
	if b, ok := v.Button("Done"); !ok || b.Value != "g-1" {
		t.Fatalf("home %s", v.Blocks)
	}
	_, err = r.sim.ClickView(r.ctx, ada, v.ID, "done")
	must(t, err)
	_, err = r.sim.Mention(r.ctx, ada, slacksim.DemoChannelID, "hello")
	must(t, err)
	_, err = r.sim.Shortcut(r.ctx, ada, "request")
	must(t, err)
	var kinds []string
	for _, e := range r.sim.Envelopes() {
		for _, k := range []string{"app_home_opened", "block_actions", "app_mention", "shortcut"} {
			if strings.Contains(string(e.Payload), `"type":"`+k+`"`) {
				kinds = append(kinds, k)
			}
		}
	}
	if got := strings.Join(kinds, " "); got != "app_home_opened block_actions app_mention shortcut" {
		t.Fatalf("delivered %s", got)
	}
	stale := "0"
	_, err = r.api.PublishViewContext(r.ctx, slack.PublishViewContextRequest{UserID: ada, View: home, Hash: &stale})
	wantErr(t, err, "hash_conflict")
}
