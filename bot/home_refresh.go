package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
)

// homeQueue are the Home tabs that are to be shown again. One goroutine shows them,
// so that an older view never comes after a newer one.
type homeQueue struct {
	mu   sync.Mutex
	todo []jit.UserID
	wake chan struct{}
}

// want asks for somebody's tab; who looks at it now comes first.
func (h *homeQueue) want(id jit.UserID, now bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.todo = slices.DeleteFunc(h.todo, func(o jit.UserID) bool { return now && o == id })
	switch {
	case now:
		h.todo = slices.Insert(h.todo, 0, id)
	case !slices.Contains(h.todo, id):
		h.todo = append(h.todo, id)
	}
	select {
	case h.wake <- struct{}{}:
	default: // it is awake
	}
}

func (h *homeQueue) next() (jit.UserID, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.todo) == 0 {
		return "", false
	}
	id := h.todo[0]
	h.todo = h.todo[1:]
	return id, true
}

// Refresh shows the Home tab of whoever asked for the grant again, soon. It
// never waits, and may be called before Run.
func (b *Bot) Refresh(g jit.Grant) {
	if command.IsUser(string(g.Request.By.ID)) {
		b.homeTabs.want(g.Request.By.ID, false)
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
			if wait := b.publish(ctx, id); wait > 0 {
				b.homeTabs.want(id, false)
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
