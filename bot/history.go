package bot

import (
	"context"
	"encoding/json"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/record"
)

// historyWithin bounds how long lines of the record are looked for.
const historyWithin = 10 * time.Second

// history answers /jit history; line is empty for a page that a button asks for.
func (b *Bot) history(ctx context.Context, by jit.UserID, f command.HistoryFilter, line string) view.Message {
	work, cancel := context.WithTimeout(ctx, historyWithin)
	defer cancel()
	q := record.Query{Grant: f.Grant, User: f.User, Before: f.Before, Limit: view.HistoryLines}
	if f.Days > 0 {
		q.Since = b.Now().AddDate(0, 0, -f.Days)
	}
	page, err := b.Service.HistoryOf(work, by, f.VM, q)
	if err != nil {
		again := view.HistoryAgain(f)
		if line != "" {
			again = view.ReadAgain(line)
		}
		return b.unread(ctx, "the history", by, again, err)
	}
	return view.History(page, f)
}

// historyNext shows the next page of a history.
func (b *Bot) historyNext(i form.Interaction, value string) func(context.Context) {
	var f command.HistoryFilter
	if json.Unmarshal([]byte(value), &f) != nil || !f.Valid() {
		b.answerClick(i, "This button is of no use any more; type /jit history again.")
		return nil
	}
	return func(ctx context.Context) { b.say(replyTo(i), b.history(ctx, i.User.ID, f, "")) }
}
