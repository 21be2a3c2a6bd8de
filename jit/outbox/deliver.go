package outbox

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/workqueue"
)

// result is what came of a task.
type result struct {
	task
	same bool // nothing was sent
	err  error
}

// begin sends a message beside the loop; what it is about is not sent again
// meanwhile.
func (d *Dispatcher) begin(ctx context.Context, t task) {
	d.desk.hold(t, true)
	d.flying++
	go func() {
		same, err := d.deliver(ctx, t)
		d.done <- result{t, same, err}
	}()
}

// hold marks what a task is about as under way, or not.
func (d *desk) hold(t task, busy bool) {
	for _, g := range t.Grants {
		if f := d.files[g.ID]; f != nil {
			f.busy[t.holds] = busy
		}
	}
	if t.holds == KindChannel {
		for _, seq := range t.told {
			d.under[seq] = busy
			if !busy {
				delete(d.under, seq)
			}
		}
	}
}

// deliver sends a message, of grants as they are at this moment, and keeps that it
// was sent. same: there was nothing to send.
func (d *Dispatcher) deliver(ctx context.Context, t task) (same bool, err error) {
	if t.idle() {
		return true, d.keep(ctx, Outcome{Told: t.told})
	}
	m := t.Message
	m.Grants = slices.Clone(m.Grants)
	for i, g := range m.Grants {
		if m.Grants[i], m.Shown, err = d.read(ctx, g.ID); err != nil {
			return true, err
		}
	}
	o := Outcome{Told: t.told}
	switch t.Kind {
	case KindDirect:
		if len(useful(m.Events, m.Grants[0].State)) == 0 {
			return true, d.keep(ctx, o)
		}
	case KindPerson:
		if m.Grants[0].State != jit.Pending {
			return true, d.keep(ctx, o)
		}
	case KindCard:
		if m.Shown, err = d.intend(ctx, m); err != nil {
			return true, err
		}
	default:
	}
	sent, err := d.notifier.Notify(ctx, m)
	if errors.Is(err, jit.ErrInvalid) || errors.Is(err, jit.ErrNotFound) {
		d.Log.ErrorContext(ctx, "a message can never be delivered and is dropped", slog.String("kind", string(m.Kind)),
			slog.String("channel", m.Channel), slog.Any("error", err))
		return false, d.keep(ctx, o.with(m, Sent{}, err))
	}
	if err != nil {
		return false, err
	}
	return sent.Same, d.keep(ctx, o.with(m, sent, nil))
}

// intend stores that a card is about to be posted, so that after a crash it is
// known that it may be there.
func (d *Dispatcher) intend(ctx context.Context, m Message) (Shown, error) {
	g, s := m.Grants[0], m.Shown
	if g.Card.Message != "" || !s.Posting.IsZero() {
		return s, nil
	}
	begun := s
	begun.Posting = time.Now().UTC()
	return s, d.keep(ctx, Outcome{Grant: g.ID, Show: func(s Shown) Shown {
		s.Posting = begun.Posting
		return s
	}})
}

// with adds what Slack has of the message's grant.
func (o Outcome) with(m Message, sent Sent, lost error) Outcome {
	if len(m.Grants) != 1 {
		return o
	}
	g := m.Grants[0]
	o.Grant = g.ID
	switch m.Kind {
	case KindCard:
		if lost == nil {
			o.Card = sent.At
		}
		o.Show = func(s Shown) Shown {
			s.Revision, s.State, s.Posting = g.Revision, g.State, time.Time{}
			if sent.Digest != "" {
				s.Digest = sent.Digest
			}
			return s
		}
	case KindDirect, KindPerson:
		if sent.Button {
			o.Show = func(s Shown) Shown {
				s.Direct = append(slices.Clone(s.Direct), Direct{At: sent.At, Event: m.Events[0]})
				return s
			}
		}
	case KindButtons:
		o.Show = func(s Shown) Shown {
			s.Direct = slices.DeleteFunc(slices.Clone(s.Direct), m.TakesOut)
			return s
		}
	default:
	}
	return o
}

// finish takes what came of a task back to the desk.
func (d *Dispatcher) finish(ctx context.Context, r result) {
	d.flying--
	now := time.Now()
	d.traffic.back(r.lanes, r.same)
	d.desk.hold(r.task, false)
	if r.err != nil {
		d.failed(ctx, r, now)
	} else {
		d.sent(r, now)
	}
	for _, g := range r.Grants {
		d.refresh(ctx, g.ID)
	}
}

// sent notes that a message was taken.
func (d *Dispatcher) sent(r result, now time.Time) {
	if !r.idle() && !r.same {
		d.traffic.good(r.lanes)
	}
	d.desk.note(r.task, now)
	d.desk.channel = without(d.desk.channel, r.told)
	for _, g := range r.Grants {
		d.desk.told(g.ID, r.told)
	}
}

const maxLast = 1000

// note remembers what is told seldom, and forgets what failed before.
func (d *desk) note(t task, now time.Time) {
	if len(d.last) > maxLast {
		maps.DeleteFunc(d.last, func(_ string, at time.Time) bool { return now.Sub(at) > driftBetween })
	}
	for _, key := range seldom(t) {
		d.last[key] = now
	}
	for _, g := range t.Grants {
		if f := d.files[g.ID]; f != nil {
			f.named = f.named || t.Kind == KindEnded
			delete(f.failing, t.holds)
		}
	}
	if t.holds == KindChannel {
		delete(d.pause, t.about())
	}
}

// seldom are the keys of what a message tells that is not told again soon.
func seldom(t task) []string {
	isDrift := func(e jit.Event) bool { return e.Kind == jit.EventDrift }
	switch t.Kind {
	case KindEnded:
		return []string{"ended " + t.Channel}
	case KindThread:
		if slices.ContainsFunc(t.Events, isDrift) {
			return []string{driftOf(t.Grants[0])}
		}
	case KindChannel:
		keys := []string{string(t.Events[0].Kind)}
		for _, e := range t.Events {
			if isDrift(e) {
				keys = append(keys, driftAt(e))
			}
		}
		return keys
	default:
	}
	return nil
}

// failed pauses what the failure is about, and nothing else.
func (d *Dispatcher) failed(ctx context.Context, r result, now time.Time) {
	if ctx.Err() != nil {
		return
	}
	d.Log.WarnContext(ctx, "a message could not be delivered and is kept", slog.String("kind", string(r.Kind)),
		slog.String("channel", r.Channel), slog.Int("notices", len(r.told)), slog.Any("error", r.err))
	var busy *jit.BusyError
	switch {
	case r.idle():
		d.again(r, now)
	case errors.As(r.err, &busy) && busy.Wait > 0 && r.lanes[0].method == post:
		d.traffic.pause(r.lanes[0], busy.Wait, now)
	case errors.As(r.err, &busy) && busy.Wait > 0:
		d.traffic.pause(r.lanes[1], busy.Wait, now)
	case errors.Is(r.err, jit.ErrBusy):
		d.traffic.trouble(r.lanes[1], false, maxTrouble, now)
	case errors.Is(r.err, jit.ErrForbidden):
		d.traffic.trouble(r.lanes[0], true, maxPause, now)
	default:
		d.again(r, now)
	}
}

// again has one message wait before it is tried again.
func (d *Dispatcher) again(r result, now time.Time) {
	wait := func(x *failing) *failing {
		if x == nil {
			x = &failing{}
		}
		x.times++
		x.until = now.Add(workqueue.Backoff(x.times, r.err))
		return x
	}
	for _, g := range r.Grants {
		if f := d.desk.files[g.ID]; f != nil {
			f.failing[r.holds] = wait(f.failing[r.holds])
		}
	}
	if r.holds == KindChannel {
		d.desk.pause[r.about()] = wait(d.desk.pause[r.about()])
	}
}

// refresh reads a grant again of which something waits.
func (d *Dispatcher) refresh(ctx context.Context, id jit.ID) {
	f := d.desk.files[id]
	if f == nil {
		return
	}
	g, s, err := d.read(ctx, id)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.WarnContext(ctx, "a grant of which something waits cannot be read", slog.String("grant", string(id)), slog.Any("error", err))
		}
		return
	}
	f.grant, f.shown = g, s
}
