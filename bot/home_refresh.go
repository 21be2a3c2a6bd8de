package bot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
)

// Refresh shows the Home tab of everybody whom the grant concerns again, soon: of
// whoever asked, of those who may decide, and of those on whose tab it stands. It
// never waits, and may be called before Run.
func (b *Bot) Refresh(g jit.Grant) {
	concerned := []jit.UserID{g.Request.By.ID}
	group := false
	for _, id := range slices.Concat(g.Approvers, g.Extension.Approvers) {
		concerned = append(concerned, jit.UserID(id))
		group = group || strings.HasPrefix(id, "S")
	}
	for _, a := range g.Approvals {
		concerned = append(concerned, a.By.ID)
	}
	// Who is in a group is found when the tab is made.
	concerned = append(concerned, b.homeTabs.showing(g.ID, group && (g.State == jit.Pending || g.Extension.Waiting()))...)
	for _, id := range concerned {
		if command.IsUser(string(id)) {
			b.showHome(id)
		}
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
	defer b.homeTabs.begin(id)()
	work, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	all, err := b.Service.Concerns(work, id)
	var shown homeTab
	var tab slack.HomeTabViewRequest
	if err != nil {
		b.logFault(ctx, "a home tab", id, "", err)
		text, _ := view.Refusal(err)
		tab = view.HomeText(text)
		if _, refused := errors.AsType[*jit.Refusal](err); refused {
			shown.refused = b.Now()
		}
	} else {
		tab = view.Home(all)
	}
	for _, l := range all {
		shown.grants = append(shown.grants, l.Grant.ID)
	}
	if raw, err := json.Marshal(tab); err == nil {
		shown.digest = sha256.Sum256(raw)
	}
	if b.homeTabs.shows(id, shown.digest) {
		b.homeTabs.shown(id, shown)
		return 0
	}
	_, err = b.API.PublishViewContext(work, slack.PublishViewContextRequest{UserID: string(id), View: tab})
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return max(limited.RetryAfter, time.Second)
	}
	if err == nil {
		b.homeTabs.shown(id, shown)
	} else if ctx.Err() == nil && ErrorCode(err) != "not_enabled" {
		b.Log.WarnContext(ctx, "a home tab could not be shown", "user", id, "error", slackError("publishing a home tab", withoutURL(err)))
	}
	return 0
}
