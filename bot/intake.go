package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"jitbot/bot/view"
)

// storeWithin is how long storing may take before somebody is told that it is not
// known whether it was: Slack waits for three seconds.
const storeWithin = 2 * time.Second

// intake is a delivery that is stored before it is acknowledged.
type intake struct {
	errand
	came  time.Time
	taken func()                           // acknowledges it
	say   func(text string)                // tells in its place why it was not taken, or that this is not known
	note  func() *note                     // what is told when the answer is late
	check func(ctx context.Context) string // why it is not taken after all, once it is stored; may be nil
	no    string                           // why it is not taken, which is known before it is stored that it never is; empty: it is

	job     *job
	outcome *outcome
}

// take gives a delivery its place among what its sender wants and begins to store
// it; it never waits, so that many that come at once are stored together.
func (b *Bot) take(ctx context.Context, t *intake) {
	if b.place(ctx, t) {
		b.storing.Go(func() { b.store(t) }) //nolint:contextcheck // it ends with the bot, not with what brought it
	}
}

// place gives a delivery its place, unless it came before or too much waits.
func (b *Bot) place(ctx context.Context, t *intake) bool {
	if b.repeated(ctx, t) {
		return false
	}
	j := b.jobOf(t.errand)
	j.held = true
	if !b.queue.add(j, b.Now()) {
		b.turnAway(ctx, t, b.full())
		return false
	}
	t.job, t.at = j, j.at
	return true
}

// repeated tells of a delivery that came before what was told of the first.
func (b *Bot) repeated(ctx context.Context, t *intake) bool {
	if t.outcome != nil {
		return false // it was asked before
	}
	first := false
	if t.outcome, first = b.told.outcome(t.key, b.Now()); first {
		return false
	}
	b.storing.Go(func() {
		defer b.recoveredFrom(ctx, "a repeated delivery")
		b.sayAgain(t)
	})
	return true
}

// turnAway says why a delivery is not taken, once it is stored that it never is: Slack
// may deliver it again after a restart. Until then it has a place, so that it is not done
// after what came next if it was stored all the same. It never waits.
func (b *Bot) turnAway(ctx context.Context, t *intake, text string) {
	if b.repeated(ctx, t) {
		return
	}
	if t.no = text; t.job == nil {
		t.job = b.jobOf(t.errand)
		t.job.held, t.job.refused = true, true
		b.queue.add(t.job, b.Now())
		t.at = t.job.at
	}
	b.storing.Go(func() { b.store(t) }) //nolint:contextcheck // it ends with the bot, not with what brought it
}

// refuse says that a delivery is not taken, which it is then never.
func (t *intake) refuse(text string) {
	t.outcome.is(text)
	t.say(text)
}

// sayAgain tells of a repeat what was told of the first.
func (b *Bot) sayAgain(t *intake) {
	timer := time.NewTimer(storeWithin)
	defer timer.Stop()
	select {
	case <-timer.C:
		t.say(view.UnsureText)
		return
	case <-t.outcome.known:
	}
	if t.outcome.text != "" {
		t.say(t.outcome.text)
		return
	}
	t.taken()
}

// accepted is what came of storing.
type accepted struct {
	fresh bool
	err   error
}

// store stores a delivery that has its place, acknowledges it when that is done, and
// lets it begin. It goes on for a while though the bot is ending.
func (b *Bot) store(t *intake) {
	ctx := b.saying
	defer t.job.acknowledged()
	defer func() {
		if p := recover(); p != nil {
			b.panicked(ctx, "storing "+t.delivery.Kind, p)
			t.say(view.UnsureText)
			b.queue.drop(t.job)
		}
	}()
	result := b.accept(ctx, t)
	late := time.NewTimer(storeWithin - time.Since(t.came))
	defer late.Stop()
	var r accepted
	select {
	case r = <-result:
	case <-late.C:
		b.unsure(ctx, t, func() accepted { return <-result })
		return
	}
	text := ""
	switch {
	case r.err != nil:
		b.Log.ErrorContext(ctx, "a delivery was not taken", "user", t.by, "error", r.err)
		text = cmp.Or(t.no, view.FaultText)
	case r.fresh && t.no != "":
		text = t.no
	case r.fresh && t.check != nil:
		text = t.check(ctx)
	}
	if text != "" && !b.finish(ctx, t.key, max(storeWithin-time.Since(t.came), firstPause)) {
		b.unsure(ctx, t, func() accepted { return r })
		return
	}
	b.inTurn(t.job)
	switch {
	case text != "":
		b.queue.drop(t.job)
		t.refuse(text)
	case !r.fresh: // an earlier run took it
		b.queue.drop(t.job)
		t.outcome.is("")
		t.taken()
	default:
		t.outcome.is("")
		t.taken()
		b.begin(t, t.note())
	}
}

// accept begins to store a delivery.
func (b *Bot) accept(ctx context.Context, t *intake) <-chan accepted {
	result := make(chan accepted, 1)
	b.storing.Go(func() {
		r := accepted{err: errors.New("storing did not end")}
		defer func() { result <- r }()
		defer b.recoveredFrom(ctx, "storing a delivery")
		ctx, cancel := context.WithTimeout(ctx, workWithin)
		defer cancel()
		raw, err := json.Marshal(t.delivery)
		if r.err = err; err == nil {
			r.fresh, r.err = b.Inbox.Accept(ctx, t.key, raw, t.at)
		}
	})
	return result
}

// unsure says that it is not known whether a delivery is taken, and finds out: it is
// carried out when it was stored, and else it is made sure that it never is. What comes
// after it waits until then, so that it is never carried out after that.
func (b *Bot) unsure(ctx context.Context, t *intake, result func() accepted) {
	b.inTurn(t.job)
	t.say(view.UnsureText)
	t.job.acknowledged()
	r := result()
	text := cmp.Or(t.no, view.NotStoredText)
	switch {
	case r.err == nil && !r.fresh:
		t.outcome.is("")
	case r.err == nil && t.no == "":
		t.outcome.is("")
		b.begin(t, nil)
		return
	case b.finishAtLast(ctx, t.key):
		t.outcome.is(text)
		b.say(t.to, view.Say(text))
	default:
		b.Log.ErrorContext(ctx, "it is not known whether a delivery is stored; if it is, it is dealt with after the next start", "key", t.key)
	}
	b.queue.drop(t.job)
}

// begin lets a delivery be carried out that is stored and has its place.
func (b *Bot) begin(t *intake, n *note) {
	e, j := t.errand, t.job
	j.run = func(ctx context.Context) { b.do(ctx, e, j, n) }
	b.queue.release(j)
}

// inTurn waits until what came before it and whose order with it matters is
// acknowledged, which takes no longer than the store may.
func (b *Bot) inTurn(j *job) {
	timer := time.NewTimer(storeWithin)
	defer timer.Stop()
	for _, before := range j.ackAfter {
		select {
		case <-before:
		case <-timer.C:
			return
		}
	}
}
