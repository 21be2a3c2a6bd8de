package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
)

// Refresh shows the Home tab of whoever asked for the grant again, soon. It
// never waits, and may be called before Run.
func (b *Bot) Refresh(g jit.Grant) {
	if command.IsUser(string(g.Request.By.ID)) {
		b.showHome(g.Request.By.ID)
	}
}

// showHome shows somebody's Home tab, soon: one view at a time, so that an older one
// never comes after a newer one, and the newest that waits.
func (b *Bot) showHome(id jit.UserID) {
	run := func(ctx context.Context) {
		if wait := b.publish(ctx, id); wait > 0 {
			b.notes.Go(func() {
				if clock.Sleep(b.serving, wait) {
					b.showHome(id)
				}
			})
		}
	}
	b.queue.add(&job{by: id, lane: reads, doing: "a home tab", subjects: []string{"home"}, run: run, newest: true}, b.Now())
}

// publish shows one tab and says how long to wait before it is tried again. A
// tab that fails otherwise is shown when it is opened the next time.
func (b *Bot) publish(ctx context.Context, id jit.UserID) (again time.Duration) {
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	all, err := b.Service.Concerns(work, id)
	var tab slack.HomeTabViewRequest
	if err != nil {
		b.logFault(ctx, "a home tab", id, "", err)
		text, _ := view.Refusal(err)
		tab = view.HomeText(text)
	} else {
		tab = view.Home(all)
	}
	_, err = b.API.PublishViewContext(work, slack.PublishViewContextRequest{UserID: string(id), View: tab})
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return max(limited.RetryAfter, time.Second)
	}
	if err != nil && ctx.Err() == nil && ErrorCode(err) != "not_enabled" {
		b.Log.WarnContext(ctx, "a home tab could not be shown", "user", id, "error", slackError("publishing a home tab", withoutURL(err)))
	}
	return 0
}
