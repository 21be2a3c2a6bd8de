package bot

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/text"
)

// shortcutRequest is the global shortcut that opens the form.
const shortcutRequest = "request_access"

// verbOf is what a button does; deny opens a form first.
func verbOf(action string) (command.Verb, bool) {
	v, ok := map[string]command.Verb{
		view.ActionApprove: command.VerbApprove, view.ActionRevoke: command.VerbRevoke,
		view.ActionDone: command.VerbDone, view.ActionCancel: command.VerbCancel,
		view.ActionUnprotect: command.VerbUnprotect, view.ActionClaim: command.VerbApprove,
		view.ActionRevokeAgain: command.VerbRevoke,
	}[action]
	if !ok {
		return extensionVerb(action)
	}
	return v, ok
}

// interact takes a click or a submitted form.
func (b *Bot) interact(ctx context.Context, e envelope, raw json.RawMessage) {
	i, err := decode[form.Interaction](raw)
	if err != nil {
		b.Log.ErrorContext(ctx, "a click cannot be read", "error", err)
		b.ack(ctx, e, nil)
		return
	}
	switch i.Type {
	case "block_actions":
		b.click(ctx, e, i, raw)
	case "view_submission":
		b.submit(ctx, e, i, raw)
	case "block_suggestion":
		b.suggest(ctx, e, i)
	case "shortcut":
		b.shortcut(ctx, e, i)
	default:
		b.ack(ctx, e, nil)
	}
}

// click takes a press of a button. Its ack is empty; the answer comes after.
func (b *Bot) click(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage) {
	if !b.ours(ctx, i.Type, i.User.ID, originOf(i)) {
		b.ack(ctx, e, nil)
		b.answerClick(i, otherWorkspace)
		return
	}
	if len(i.Actions) == 0 {
		b.ack(ctx, e, nil)
		return
	}
	action := i.Actions[0].ID
	switch {
	case i.View.Callback == view.FormRequest && view.Redraws(action):
		b.choose(ctx, e, i)
	case i.View.Callback == view.FormProtect && (action == view.ActionAddPort || action == view.ActionRemovePort):
		b.pressRow(ctx, e, i)
	default:
		b.clickButton(ctx, e, i, raw)
	}
}

// clickButton takes a press of a button of a message or of Home.
func (b *Bot) clickButton(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage) {
	action := i.Actions[0].ID
	v, stored := verbOf(action)
	if action != view.ActionForm && !isScanButton(action) && (!stored && action != view.ActionDeny || !means(v, i.Actions[0].Value)) {
		b.Log.WarnContext(ctx, "a click that means nothing", "action", view.Clip(text.Clean(action), 50), "user", i.User.ID)
		b.ack(ctx, e, nil)
		return
	}
	var t *intake
	if stored {
		if t = b.clickIntake(ctx, e, i, raw); t == nil || b.repeated(ctx, t) {
			return
		}
	}
	if action != view.ActionDeny && action != view.ActionDenyAgain && !ends(v) && !b.allowClick(ctx, e, i, t) {
		return
	}
	if stored {
		b.take(ctx, t)
		return
	}
	b.press(ctx, e, i)
}

// allowClick counts a click that is counted, and answers one too many. What is stored
// has an intake.
func (b *Bot) allowClick(ctx context.Context, e envelope, i form.Interaction, t *intake) bool {
	err := b.commandLimits.allow(i.User.ID, b.Now())
	if err == nil {
		return true
	}
	text, _ := view.Refusal(err)
	if t != nil {
		b.turnAway(ctx, t, text)
		return false
	}
	b.ack(ctx, e, nil)
	b.answerClick(i, text)
	return false
}

// press does what a button is for that changes nothing yet.
func (b *Bot) press(ctx context.Context, e envelope, i form.Interaction) {
	b.ack(ctx, e, nil)
	id := jit.ID(i.Actions[0].Value)
	switch i.Actions[0].ID {
	case view.ActionForm:
		b.offerForm(i)
	case view.ActionMissing:
		b.say(replyTo(i), view.Missing(i.Actions[0].Value))
	case view.ActionDeny:
		if !b.later(prompts, replyTo(i), "opening a form", func(ctx context.Context) { b.openDenyForm(ctx, i, id, "") }) {
			b.answerClick(i, b.full())
		}
		b.tellClicked(i, id)
	default:
		b.pressScanButton(i)
	}
}

// shortcut opens the form from anywhere in Slack.
func (b *Bot) shortcut(ctx context.Context, e envelope, i form.Interaction) {
	b.ack(ctx, e, nil)
	if i.Callback != shortcutRequest {
		b.Log.WarnContext(ctx, "a shortcut that is not known", "user", i.User.ID)
		return
	}
	if !b.ours(ctx, i.Type, i.User.ID, originOf(i)) {
		return // there is no place of theirs to answer in
	}
	if err := b.commandLimits.allow(i.User.ID, b.Now()); err != nil {
		text, _ := view.Refusal(err)
		b.answerClick(i, text)
		return
	}
	b.offerForm(i)
}

// offerForm opens the form for whoever pressed a button or used a shortcut.
func (b *Bot) offerForm(i form.Interaction) {
	f := formOpening{to: replyTo(i), trigger: i.Trigger}
	var typed command.Command
	if len(i.Actions) > 0 {
		c, err := command.Parse(i.Actions[0].Value)
		if c.Unknown == "" && (err == nil || c.Verb == command.VerbRequest) { // it need not be what we put there
			typed, f.typed, f.protect, f.wrong = c, c.Ask, c.Verb == command.VerbProtect, c.Wrong
			if err != nil {
				f.note = view.PlainRefusal(err)
			}
		}
	}
	run := func(ctx context.Context) {
		if sources, err := b.mine(ctx, f.to.user, typed); err == nil { // else the form asks
			f.typed.Sources = sources
		}
		b.openForm(ctx, f)
	}
	if !b.later(prompts, f.to, "opening a form", run) {
		b.answerClick(i, b.full())
	}
}

// clickIntake is a click that is to be stored; nil when it cannot be.
func (b *Bot) clickIntake(ctx context.Context, e envelope, i form.Interaction, raw json.RawMessage) *intake {
	t, err := b.interactionIntake(i, raw)
	if err != nil {
		b.ack(ctx, e, nil)
		b.answerClick(i, view.FaultText)
		return nil
	}
	t.taken = func() { b.ack(ctx, e, nil) }
	t.say = func(text string) {
		b.ack(ctx, e, nil)
		b.answerClick(i, text)
	}
	return t
}

// interactionIntake is a click or a form that is to be stored.
func (b *Bot) interactionIntake(i form.Interaction, raw json.RawMessage) (*intake, error) {
	came := time.Now()
	e, err := errandOf(delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw})
	note := func() *note {
		did, _, err := e.delivery.sent()
		if err != nil {
			did = "did something"
		}
		return b.noteLater(b.serving, replyTo(i), view.NotedText(did), noteAfter-time.Since(came))
	}
	return &intake{errand: e, came: came, note: note}, err
}

// answerClick answers a click by something that needs no work.
func (b *Bot) answerClick(i form.Interaction, text string) {
	b.say(replyTo(i), view.Say(text))
}

// carryOutClick carries out a stored click or form.
func (b *Bot) carryOutClick(ctx context.Context, i form.Interaction, e errand) view.Message {
	switch {
	case i.Type == "view_submission" && i.View.Callback == view.FormRequest:
		return b.carryOutRequest(ctx, i, e.key)
	case i.Type == "view_submission" && i.View.Callback == view.FormProtect:
		return b.carryOutProtect(ctx, i, e)
	case i.Type == "view_submission" && i.View.Callback == view.FormLess:
		return b.carryOutLess(ctx, i)
	case i.Type == "view_submission":
		return b.carryOutDenial(ctx, i)
	case i.View.Type == string(slack.VTHomeTab):
		defer b.showHome(i.User.ID) // what was pressed there has changed
	}
	if len(i.Actions) == 0 {
		return view.Message{}
	}
	v, ok := verbOf(i.Actions[0].ID)
	id, reason := grantOf(i.Actions[0].Value)
	if !ok || !means(v, i.Actions[0].Value) {
		return view.Message{}
	}
	if v == command.VerbUnprotect {
		return b.unprotect(ctx, e, i.Actions[0].Value) // who may is decided there
	}
	if err := b.Service.Known(ctx, i.User.ID); err != nil {
		m := b.refusalOf(ctx, string(v), i.User.ID, id, err)
		if passes(err) {
			m = view.WithButton(m, view.PressAgain(i.Actions[0].ID, i.Actions[0].Value))
		}
		return m
	}
	b.tellClicked(i, id)
	if d, extends := view.ExtendBy(i.Actions[0].ID); extends {
		return b.extend(ctx, i.User.ID, id, d)
	}
	if number, yes, decides := view.ExtensionOf(i.Actions[0].ID); decides {
		return b.decideExtension(ctx, i.User.ID, id, number, yes, "")
	}
	if i.Actions[0].ID == view.ActionClaim {
		return b.claim(ctx, i.User.ID, id)
	}
	return b.act(ctx, i.User.ID, v, id, reason)
}

// grantOf is the grant that the value of a button names, and the reason that it carries.
func grantOf(value string) (id jit.ID, reason string) {
	if d, ok := view.UnpackDenial(value); ok {
		return d.ID, d.Reason
	}
	return jit.ID(value), ""
}

// tellClicked has clicked called soon.
func (b *Bot) tellClicked(i form.Interaction, id jit.ID) {
	run := func(ctx context.Context) { b.clicked(ctx, i, id) }
	b.queue.add(&job{by: i.User.ID, lane: reads, doing: "a click in a message", run: run}, b.Now())
}

// clicked tells of a click in a message of a channel.
func (b *Bot) clicked(ctx context.Context, i form.Interaction, id jit.ID) {
	at := jit.Card{Channel: i.Container.Channel, Message: i.Container.Message}
	if b.Clicked == nil || at.Message == "" || i.Container.Ephemeral {
		return
	}
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	if err := b.Clicked(work, id, at); err != nil && ctx.Err() == nil {
		b.Log.WarnContext(ctx, "a copy of a card could not be mended", "grant", id, "error", err)
	}
}
