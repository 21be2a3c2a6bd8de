package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"jitbot/bot"
	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/store/bolt"
)

// Channels are where cards go, each once.
func Channels(c policies.Config) []string {
	all := []string{c.Channel}
	for _, rule := range c.Approvals {
		if id := cmp.Or(rule.Channel, c.Channel); !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// mend says on a copy of a card, which a crash left and somebody clicked, where the
// card is.
func mend(ctx context.Context, s *bolt.Store, cards *bot.Notifier, id jit.ID, at jit.Card) error {
	g, err := s.Grant(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the grant of a card that was clicked: %w", err)
	}
	return cards.Mend(ctx, g, at)
}
