package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/bot"
	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/text"
)

// silentFor is how long an outside service may say nothing before it is given up.
const silentFor = 30 * time.Second

// patient is a context that ends when a service has not answered for a while:
// however much there is to look at, what answers is waited for.
func patient(ctx context.Context, service string) (_ context.Context, answered, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(silentFor, func() {
		cancel(fmt.Errorf("%s has said nothing for %s: %w", service, text.Duration(silentFor), jit.ErrBusy))
	})
	return ctx, func() { timer.Reset(silentFor) }, func() {
		timer.Stop()
		cancel(nil)
	}
}

const tryAgain = "that may pass by itself, so try again in a minute, and if it lasts check the network"

// mend adds what may help to an error of Azure.
func mend(doing string, err error) error {
	return fmt.Errorf("%s: %s; %s", doing, config.Clause(err), hint(err))
}

func hint(err error) string {
	switch {
	case errors.Is(err, admission.ErrVersion):
		return "check azure.cloud and azure.api_versions"
	case errors.Is(err, jit.ErrForbidden):
		return "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret, and give that identity the role that jitbot role prints"
	case errors.Is(err, jit.ErrNotFound):
		return "check azure.subscriptions"
	case bot.Passing(err):
		return tryAgain + " and the endpoints under azure"
	default:
		return "check the network, and the endpoints under azure"
	}
}

// mendSlack adds what may help to an error of Slack, which for most is what the
// caller says.
func mendSlack(err error, help string) error {
	if bot.Passing(err) {
		help = tryAgain + " and slack.api_url"
	}
	return fmt.Errorf("%w; %s", err, help)
}
