package bot

import (
	"context"
	"encoding/json"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/jit"
)

// verbOf is what a button does; deny opens a form first.
func verbOf(action string) (Verb, bool) {
	v, ok := map[string]Verb{
		actionApprove: verbApprove, actionRevoke: VerbRevoke, actionDone: VerbDone, actionCancel: VerbCancel,
	}[action]
	return v, ok
}

// interact takes a click or a submitted form.
func (b *Bot) interact(ctx context.Context, e envelope, raw json.RawMessage) {
	i, err := decode[interaction](raw)
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
func (b *Bot) click(ctx context.Context, e envelope, i interaction, raw json.RawMessage) {
	if !b.home.has(i.Team.ID, i.User.Team, i.Enterprise.ID) {
		b.Log.WarnContext(ctx, "a click of another workspace was refused", "team", i.Team.ID, "user", i.User.ID)
		b.ack(ctx, e, nil)
		b.tell(i, elsewhere)
		return
	}
	if len(i.Actions) == 0 {
		b.ack(ctx, e, nil)
		return
	}
	action, id := i.Actions[0].ID, jit.ID(i.Actions[0].Value)
	if action == inputVM && i.View.Callback == formRequest {
		b.choose(ctx, e, i)
		return
	}
	_, stored := verbOf(action)
	if action != actionForm && !browses(action) && (!stored && action != actionDeny || !id.Valid()) {
		b.Log.WarnContext(ctx, "a click that means nothing", "action", clip(jit.CleanText(action), 50), "user", i.User.ID)
		b.ack(ctx, e, nil)
		return
	}
	if err := b.people.allow(i.User.ID, b.Now()); err != nil {
		b.ack(ctx, e, nil)
		text, _ := sentence(err)
		b.tell(i, text)
		return
	}
	switch action {
	case actionForm:
		b.ack(ctx, e, nil)
		b.offerForm(i)
	case actionProtect, actionScanNext:
		b.ack(ctx, e, nil)
		b.browse(i)
	case actionDeny:
		b.ack(ctx, e, nil)
		if !b.prompt.offer(func(ctx context.Context) { b.askWhy(ctx, i, id) }) {
			b.tell(i, crowded)
		}
	default:
		b.acceptClick(ctx, e, i, raw)
	}
}

// shortcut opens the form from anywhere in Slack.
func (b *Bot) shortcut(ctx context.Context, e envelope, i interaction) {
	b.ack(ctx, e, nil)
	if i.Callback != shortcutRequest {
		b.Log.WarnContext(ctx, "a shortcut that is not known", "user", i.User.ID)
		return
	}
	if !b.home.has(i.Team.ID, i.User.Team, i.Enterprise.ID) {
		b.Log.WarnContext(ctx, "a shortcut of another workspace was refused", "team", i.Team.ID, "user", i.User.ID)
		return // there is no place of theirs to answer in
	}
	if err := b.people.allow(i.User.ID, b.Now()); err != nil {
		text, _ := sentence(err)
		b.tell(i, text)
		return
	}
	b.offerForm(i)
}

// offerForm opens the form for whoever pressed a button or used a shortcut.
func (b *Bot) offerForm(i interaction) {
	f := opening{to: replyTo(i), trigger: i.Trigger}
	if !b.prompt.offer(func(ctx context.Context) { b.openForm(ctx, f) }) {
		b.tell(i, crowded)
	}
}

// choose takes the choice of a VM in the form, which is no command of its own.
func (b *Bot) choose(ctx context.Context, e envelope, i interaction) {
	b.ack(ctx, e, nil)
	if b.keys.allow(i.User.ID, b.Now()) != nil {
		return // what is chosen is judged again when the form comes back
	}
	n := b.forms.begin(i.View.ID)
	b.screen.offer(func(ctx context.Context) { b.redraw(ctx, i, n) })
}

func (b *Bot) acceptClick(ctx context.Context, e envelope, i interaction, raw json.RawMessage) {
	if !b.work.reserve() {
		b.ack(ctx, e, nil)
		b.tell(i, crowded)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	b.ack(ctx, e, nil)
	switch {
	case err != nil:
		b.work.release()
		b.Log.ErrorContext(ctx, "a click was not taken", "user", i.User.ID, "error", err)
		b.tell(i, fault)
	case !fresh:
		b.work.release()
	default:
		b.work.put(func(ctx context.Context) { b.handle(ctx, key, d) })
	}
}

// tell answers a click by something that needs no work.
func (b *Bot) tell(i interaction, text string) {
	b.screen.offer(func(ctx context.Context) { b.answer(ctx, replyTo(i), say(text)) })
}

// clicked carries out a stored click or form.
func (b *Bot) clicked(ctx context.Context, i interaction, key string) Screen {
	switch {
	case i.Type == "view_submission" && i.View.Callback == formRequest:
		return b.requested(ctx, i, key)
	case i.Type == "view_submission" && i.View.Callback == formProtect:
		return b.protected(ctx, i)
	case i.Type == "view_submission":
		return b.denied(ctx, i)
	case i.View.Type == string(slack.VTHomeTab):
		defer b.homes.want(i.User.ID, true) // what was pressed there has changed
	}
	if len(i.Actions) == 0 {
		return Screen{}
	}
	v, ok := verbOf(i.Actions[0].ID)
	id := jit.ID(i.Actions[0].Value)
	if !ok || !id.Valid() {
		return Screen{}
	}
	if err := b.Service.Known(ctx, i.User.ID); err != nil {
		return b.trouble(ctx, string(v), i.User.ID, id, err)
	}
	return b.act(ctx, i.User.ID, v, id, "")
}
