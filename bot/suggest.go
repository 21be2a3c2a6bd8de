package bot

import (
	"context"
	"time"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit/text"
)

const suggestWithin = 2 * time.Second

// suggest answers a menu of VMs with those that fit what was typed.
func (b *Bot) suggest(ctx context.Context, e envelope, i form.Interaction) {
	nothing := view.VMOptions(nil)
	known := i.Menu == view.InputVM && i.View.Callback == view.FormRequest
	if !known {
		b.logRefused(ctx, i.Type, i.User.ID, "there is no such menu")
	}
	if !known || !b.ours(ctx, i.Type, i.User.ID, originOf(i)) || b.keyLimits.allow(i.User.ID, b.Now()) != nil {
		b.ack(ctx, e, nothing)
		return
	}
	came := time.Now()
	none := func() { b.ack(ctx, e, nothing) }
	run := func(ctx context.Context) {
		found := nothing
		defer func() { b.ack(ctx, e, found) }() // also when it panics
		found = b.suggestions(ctx, i, came)
	}
	if !b.queue.add(&job{by: i.User.ID, lane: letters, doing: "searching VMs", run: run, never: none, newest: true}, b.Now()) {
		none()
	}
}

func (b *Bot) suggestions(ctx context.Context, i form.Interaction, came time.Time) any {
	work, cancel := context.WithDeadline(ctx, came.Add(suggestWithin))
	defer cancel()
	vms, err := b.Service.Choices(work, i.User.ID, view.Clip(text.Clean(i.Query), view.MaxInput), view.MaxOptions+1)
	if err != nil {
		b.logFault(ctx, "searching VMs", i.User.ID, "", err)
		return view.VMOptions(nil)
	}
	return view.VMOptions(vms)
}
