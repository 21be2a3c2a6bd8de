package bot

import (
	"context"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

// askUnprotect asks back what was typed: what would become reachable. Nothing is changed
// before the button of the answer is pressed. The line is what asks it again.
func (b *Bot) askUnprotect(ctx context.Context, by jit.UserID, words []string, line string) view.Message {
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	at := b.Now() // before anything is read: what is protected anew after it stays so
	err := b.Service.Known(work, by)
	if err != nil {
		return b.unread(ctx, string(command.VerbUnprotect), by, view.ReadAgain(line), err)
	}
	effects, err := b.Service.UnprotectEffects(work, by, words)
	if err != nil {
		return b.unread(ctx, string(command.VerbUnprotect), by, view.ReadAgain(line), err)
	}
	m, again := view.UnprotectQuestion(effects, at), view.ReadAgain(line)
	for _, e := range effects {
		if e.Err == nil {
			continue
		}
		b.logFault(ctx, "foreseeing an unprotection of "+e.VM.ID, by, "", e.Err)
		if passes(e.Err) {
			m, again = view.WithButton(m, again), nil
		}
	}
	return m
}

// unprotect ends the protections that a question was about. One that was asked for after
// the question is left as it is.
func (b *Bot) unprotect(ctx context.Context, e errand, value string) view.Message {
	u, err := view.UnpackUnprotecting(value)
	if err != nil {
		return b.refusalOf(ctx, string(command.VerbUnprotect), e.by, "", err)
	}
	if age := e.at.Sub(u.At()); age < -time.Minute || age > view.UnprotectWithin {
		return view.Say("This question is too old, and what it said may not be so any more, so nothing was unprotected. " +
			"Type `/jit unprotect` again.")
	}
	results, err := b.Service.UnprotectAsOf(ctx, e.by, u.IDs, u.At())
	if err != nil {
		m := b.doubtOf(ctx, string(command.VerbUnprotect), e.by, "", err)
		if passes(err) {
			m = view.WithButton(m, view.UnprotectAgain(value))
		}
		return m
	}
	b.logResults(ctx, command.VerbUnprotect, e.by, results)
	return view.ProtectResults(command.VerbUnprotect, results)
}

// unprotectedIDs are the VMs that a click would unprotect, none when it says nothing.
func unprotectedIDs(v command.Verb, value string) []string {
	if v != command.VerbUnprotect {
		return nil
	}
	u, _ := view.UnpackUnprotecting(value)
	return u.IDs
}

// means reports whether the value of a stored button says what it is about.
func means(v command.Verb, value string) bool {
	if v == command.VerbUnprotect {
		return len(unprotectedIDs(v, value)) > 0
	}
	id, _ := grantOf(value)
	return id.Valid()
}
