package bot_test

import (
	"testing"

	"jitbot/bot"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/outbox"
	"jitbot/store/bolt"
)

func TestABotNeedsItsParts(t *testing.T) {
	if _, err := bot.New(bot.Config{}); err == nil {
		t.Error("a bot of nothing was made")
	}
	// What the parts are made of elsewhere fits.
	var (
		_ outbox.Notifier  = (*bot.Notifier)(nil)
		_ admission.People = (*bot.People)(nil)
		_ bot.Service      = (*access.Service)(nil)
		_ bot.Inbox        = (*bolt.Store)(nil)
	)
}
