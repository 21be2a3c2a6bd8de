package bot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
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
	for _, id := range g.Approvers {
		concerned = append(concerned, jit.UserID(id))
		group = group || strings.HasPrefix(id, "S")
	}
	for _, a := range g.Approvals {
		concerned = append(concerned, a.By.ID)
	}
	// Who is in a group is found when the tab is made.
	concerned = append(concerned, b.homeTabs.showing(g.ID, group && g.State == jit.Pending)...)
	for _, id := range concerned {
		if command.IsUser(string(id)) {
			b.homeTabs.want(id, false)
		}
	}
}

// publishHomes shows the tabs that are wanted until ctx ends.
func (b *Bot) publishHomes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.homeTabs.wake:
		}
		for id, ok := b.homeTabs.next(); ok && ctx.Err() == nil; id, ok = b.homeTabs.next() {
			wait := b.publish(ctx, id)
			b.homeTabs.done(id, wait > 0)
			if wait > 0 {
				clock.Sleep(ctx, wait)
			}
		}
	}
}

// publish shows one tab and says how long to wait before it is tried again. A
// tab that fails otherwise is shown when it is opened the next time.
func (b *Bot) publish(ctx context.Context, id jit.UserID) (again time.Duration) {
	defer b.recoveredFrom(ctx, "a home tab")
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

// openHome shows the tab of whoever opens it. Somebody who gets none was told so
// and costs nothing for a while.
func (b *Bot) openHome(ctx context.Context, id jit.UserID) {
	if b.homeTabs.refusedLately(id, b.Now()) {
		b.Log.DebugContext(ctx, "a home tab is not shown again to somebody who gets none", "user", id)
		return
	}
	b.homeTabs.want(id, true)
}
