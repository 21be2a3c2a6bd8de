package bot

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/slack-go/slack/socketmode"

	"jitbot/bot/command"
	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
)

// errand is what a delivery asks for, as far as its place in the queue depends on it.
type errand struct {
	key      string
	delivery delivery
	by       jit.UserID
	to       reply
	lane     lane
	subjects []string
	at       time.Time // when it was accepted
	restored bool      // an earlier run accepted it, and may have carried it out
}

// errandOf reads a delivery.
func errandOf(d delivery) (errand, error) {
	out := errand{key: d.key(), delivery: d, lane: asks}
	if d.Kind == socketmode.RequestTypeSlashCommands {
		cmd, err := decode[slashCommand](d.Payload)
		out.by, out.to = cmd.User, cmd.reply()
		if c, fault := command.Parse(cmd.Text); fault == nil {
			out.of(c.Verb, c.Grant, c.Ask.VMs)
		}
		return out, err
	}
	i, err := decode[form.Interaction](d.Payload)
	out.by, out.to = i.User.ID, replyTo(i)
	switch {
	case i.Type == "view_submission" && i.View.Callback == view.FormRequest:
		out.subjects = []string{"form " + i.View.ID}
	case i.Type == "view_submission" && i.View.Callback == view.FormProtect:
		shown, _, _ := form.ReadProtection(i)
		out.of(command.VerbProtect, "", shown.Words)
	case i.Type == "view_submission" && i.View.Callback == view.FormLess:
		typed, _, _ := form.ReadLess(i)
		out.of(command.VerbApprove, typed.ID, nil)
	case i.Type == "view_submission":
		id, _, _ := form.ReadDenial(i)
		out.of(command.VerbDeny, id, nil)
	case len(i.Actions) > 0:
		v, _ := verbOf(i.Actions[0].ID)
		out.of(v, jit.ID(i.Actions[0].Value), unprotectedIDs(v, i.Actions[0].Value))
	}
	return out, err
}

// of says what a verb changes. What asks for access changes nothing that is there.
func (e *errand) of(v command.Verb, id jit.ID, words []string) {
	switch v {
	case command.VerbProtect, command.VerbUnprotect:
		e.subjects = vmSubjects(words)
	case command.VerbRequest:
	default:
		e.subjects = []string{grantSubject + cmp.Or(string(id), "*")}
	}
	if ends(v) {
		e.lane = endings
	}
}

// ends reports whether a verb ends access or denies it, which nobody is ever kept
// from.
func ends(v command.Verb) bool {
	switch v {
	case command.VerbRevoke, command.VerbDone, command.VerbDeny, command.VerbCancel:
		return true
	default:
		return false
	}
}

const (
	vmSubject    = "vm "
	anyVM        = vmSubject + "*"
	grantSubject = "grant "
	anyGrant     = grantSubject + "*" // of a line that names none
)

// vmSubjects are the VMs that words name, whichever of its names is used: the last
// part of each is the VM's own, and a tag may mean any.
func vmSubjects(words []string) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		w = strings.ToLower(strings.TrimSpace(w))
		if w == "" || strings.HasPrefix(w, "tag:") {
			return []string{anyVM}
		}
		out = append(out, vmSubject+path.Base(w))
	}
	if len(out) == 0 {
		return []string{anyVM}
	}
	return out
}

// sameSubject reports whether two subjects may be the same.
func sameSubject(s, t string) bool {
	among := func(any, prefix string) bool {
		return s == any && strings.HasPrefix(t, prefix) || t == any && strings.HasPrefix(s, prefix)
	}
	return s == t || among(anyVM, vmSubject) || among(anyGrant, grantSubject)
}

// workWithin is how long one command or click may take.
const workWithin = 2 * time.Minute

// do carries an errand out, finishes it, and has its sender told. When the bot is
// told to stop meanwhile it stays for the next start. With the answer the note, if
// any, is over. What comes after it waits until it is finished, so that it is never
// repeated after that.
func (b *Bot) do(ctx context.Context, e errand, j *job, n *note) {
	var to reply
	var m view.Message
	if age := b.Now().Sub(e.at); age > staleAfter {
		b.Log.WarnContext(ctx, "a delivery waited too long and is not carried out", "key", e.key, "age", age)
		to, m = reply{user: e.by}, tooLate(e)
	} else {
		to, m = b.carryOut(ctx, e)
	}
	n.end()
	if ctx.Err() != nil {
		return
	}
	b.queue.yield(j)
	// What is told first to be refused could be done again after a crash, and not be.
	finished := b.finish(ctx, e.key, tellAfter)
	if !finished && ctx.Err() != nil {
		return
	}
	if m.Text != "" {
		b.say(to, m)
	}
	if !finished {
		b.say(to, unfinished(e))
	}
	if !finished {
		b.finishAtLast(ctx, e.key)
	}
}

const (
	finishWithin = time.Minute     // for how long finishing a delivery is tried at a time
	finishPause  = 4 * time.Second // the longest pause meanwhile: what comes next waits, and may end access
	tellAfter    = 3 * time.Second // for how long an answer waits for it
)

// finishAtLast ends a delivery in the inbox, however long that takes; false when the bot
// ended before.
func (b *Bot) finishAtLast(ctx context.Context, key string) (done bool) {
	for !done && ctx.Err() == nil {
		done = b.finish(ctx, key, finishWithin)
	}
	return done
}

// unfinished tells whoever sent a delivery that it may be dealt with again.
func unfinished(e errand) view.Message {
	did, _, err := e.delivery.sent()
	if err != nil {
		return view.Message{}
	}
	return view.Say(fmt.Sprintf("My store is failing, so I cannot note that I dealt with it when you %s. "+
		"After a restart I may deal with it again; see `/jit list` then.", did))
}

// finish ends a delivery in the inbox, and reports whether that is stored. What was
// carried out and could not be finished is dealt with again after the next start.
func (b *Bot) finish(ctx context.Context, key string, within time.Duration) (done bool) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for pause := firstPause; ; pause = min(nextPause(pause), finishPause) {
		err := b.Inbox.Finish(ctx, key, b.Now())
		if err == nil {
			return true
		}
		b.Log.ErrorContext(ctx, "finishing a delivery failed", "key", key, "error", err)
		if !clock.Sleep(ctx, pause) {
			return false
		}
	}
}

// staleAfter is how old a delivery may be when it is carried out: by then whoever
// sent it may have helped themselves otherwise, and what they saw when they clicked
// may no longer be so.
const staleAfter = 30 * time.Minute

// tooLate tells whoever sent a delivery that it is not carried out.
func tooLate(e errand) view.Message {
	did, again, err := e.delivery.sent()
	if err != nil {
		return view.Message{}
	}
	why := "it had to wait for what came before it"
	if e.restored {
		why = "I was away before it was dealt with"
	}
	return view.Say(fmt.Sprintf("You %s at %s, and %s. It is too old to be carried out now, "+
		"so I leave it; see `/jit list` for what there is, and %s if you still want it.", did, view.When(e.at), why, again))
}

func (b *Bot) carryOut(ctx context.Context, e errand) (to reply, m view.Message) {
	to = e.to
	defer func() {
		if p := recover(); p != nil {
			b.panicked(ctx, "carrying out "+e.delivery.Kind, p)
			m = view.Say(view.DoubtText)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	if e.delivery.Kind == socketmode.RequestTypeSlashCommands {
		cmd, err := decode[slashCommand](e.delivery.Payload)
		if err != nil {
			return to, view.Message{}
		}
		return to, b.carryOutCommand(ctx, e, cmd)
	}
	i, err := decode[form.Interaction](e.delivery.Payload)
	if err != nil {
		return to, view.Message{}
	}
	return to, b.carryOutClick(ctx, i, e)
}
