package bot

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// maxRefusals is how often in a row Slack must say that a token is of no use
// before that is believed: in an outage it has said so of good ones.
const maxRefusals = 5

// refusals count how often in a row Slack refused a token for good.
type refusals struct {
	mu   sync.Mutex
	many int
}

// forget begins to count anew: Slack took the token.
func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.many = 0
}

// add counts one, and reports whether it is to be believed.
func (r *refusals) add() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.many++
	return r.many >= maxRefusals
}

// refused notes that Slack could not be reached, or refused us. The error that it
// returns ends the bot: only Slack's own word about the token does, said again and
// again, and only while nothing is live that somebody may have to end.
func (b *Bot) refused(ctx context.Context, token string, err error) error {
	b.status.fail(err)
	if !fatal(err) {
		return nil
	}
	b.Log.ErrorContext(ctx, "slack refuses the token, so nobody can ask, approve or revoke here; mend it and restart",
		"token", token, "error", err)
	if !b.refusals.add() || b.Live(ctx) {
		return nil
	}
	return fmt.Errorf("%s is of no use: %w", token, err)
}

const (
	botToken = "the bot token (SLACK_BOT_TOKEN)" //nolint:gosec // its name
	appToken = "the app token (SLACK_APP_TOKEN)" //nolint:gosec // its name

	firstPause = 500 * time.Millisecond
)

// nextPause doubles a pause between attempts, to the longest that is allowed.
func nextPause(last time.Duration) time.Duration { return min(2*last, maxBackoff) }
