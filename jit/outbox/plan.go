package outbox

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"jitbot/jit"
)

// task is one message that may be sent.
type task struct {
	Message
	rank  int
	since time.Time // when the oldest of it happened
	ready time.Time // not sent before, because more may come
	again time.Time // not sent before, because it failed
	lanes []lane
	told  []uint64 // that are told by it
	holds Kind     // whose notices they are
}

// idle reports whether there is nothing to send: what waited is of no use.
func (t task) idle() bool { return t.Kind == "" }

// about is the kind of what happened, empty when there is nothing to send.
func (t task) about() jit.EventKind {
	if t.idle() {
		return ""
	}
	return t.Events[0].Kind
}

// plan lists what may be told, first what is to be told first. hurry waits for
// nothing more to be told together.
func (d *desk) plan(now time.Time, hurry bool) []task {
	var out []task
	many := d.many()
	for _, id := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[id]
		out = append(out, d.planCard(f)...)
		out = append(out, d.planDirect(f)...)
		out = append(out, d.planThread(f, many)...)
		out = append(out, planPeople(f)...)
		out = append(out, planButtons(f)...)
	}
	out = append(d.together(out), d.planEnded(many)...)
	out = append(out, d.planChannel(now)...)
	if hurry {
		for i := range out {
			out[i].ready = time.Time{}
		}
	}
	slices.SortStableFunc(out, func(a, b task) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.since.Compare(b.since)) })
	return out
}

// crowdOf is what many grants of one channel have in common.
type crowdOf struct {
	replies int     // grants with replies that wait
	ended   []*file // that ended
}

// many gathers that by channel.
func (d *desk) many() map[string]*crowdOf {
	out := map[string]*crowdOf{}
	for _, id := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[id]
		c := out[d.where(f)]
		if c == nil {
			c = &crowdOf{}
			out[d.where(f)] = c
		}
		if len(f.notices[KindThread]) > 0 {
			c.replies++
		}
		if f.ended() && f.posted() && !f.busy[KindThread] {
			c.ended = append(c.ended, f)
		}
	}
	return out
}

// again is when what failed may be tried again.
func (f *file) again(kind Kind) time.Time {
	if x := f.failing[kind]; x != nil {
		return x.until
	}
	return time.Time{}
}

func (d *desk) planCard(f *file) []task {
	all := f.notices[KindCard]
	needed := len(all) > 0 || len(f.notices[KindThread]) > 0 && !f.posted()
	if !needed || f.busy[KindCard] {
		return nil
	}
	t := task{
		Message: Message{Kind: KindCard, Channel: d.where(f), Grants: []jit.Grant{f.grant}, Events: eventsOf(all)},
		told:    seqsOf(all), holds: KindCard, again: f.again(KindCard),
	}
	_, keeps := f.useless() // a notice: the next start finds the buttons that are to go by it
	if f.posted() && f.shown.Revision == f.grant.Revision {
		if keeps {
			return nil
		}
		t.Kind = ""
		return []task{t}
	}
	t.rank, t.since, t.ready = rankCard(f.shows(), f.grant.State), f.grant.Request.At, f.closingHeldUntil()
	if len(all) > 0 {
		t.since = all[0].at
	}
	if keeps && len(t.told) > 0 {
		t.told = t.told[:len(t.told)-1]
	}
	t.lanes = lanes(d.laneOf(f, KindCard).method, t.Channel)
	return []task{t}
}

// closingHeldUntil is until when a card that is there waits with "closing", which
// mostly is closed by then; zero: it does not wait.
func (f *file) closingHeldUntil() time.Time {
	var until time.Time
	if f.grant.State != jit.Closing || f.grant.Stuck || !f.posted() {
		return until
	}
	for _, n := range f.notices[KindCard] {
		if n.Event.Kind == jit.EventClosing {
			until = later(until, n.at.Add(closingHeld))
		}
	}
	return until
}

func (d *desk) planDirect(f *file) []task {
	all := f.notices[KindDirect]
	if len(all) == 0 || f.busy[KindDirect] {
		return nil
	}
	worth := useful(eventsOf(all), f.grant.State)
	t := task{
		Message: Message{Channel: string(f.grant.Request.By.ID), Grants: []jit.Grant{f.grant}},
		holds:   KindDirect, again: f.again(KindDirect),
	}
	for _, n := range all {
		kept := slices.ContainsFunc(worth, func(e jit.Event) bool { return e.Seq == n.Event.Seq })
		if !kept || n.Event.Seq == worth[0].Seq {
			t.told = append(t.told, n.Seq)
		}
	}
	if len(worth) > 0 {
		first := worth[0]
		t.Kind, t.Events = KindDirect, worth[:1]
		for _, n := range all {
			if n.Event.Seq == first.Seq {
				t.since = n.at
			}
		}
		t.rank, t.lanes = rankDirectOf(first.Kind), lanes(post, t.Channel)
	}
	return []task{t}
}

// planThread replies under the card. When many wait, replies of a grant wait for
// the next of it; what ended among many is told by one message.
func (d *desk) planThread(f *file, many map[string]*crowdOf) []task {
	all := f.notices[KindThread]
	if len(all) == 0 || f.busy[KindThread] || !f.posted() {
		return nil
	}
	c := many[d.where(f)]
	if len(c.ended) >= crowd && f.ended() {
		return nil
	}
	t := task{
		Message: Message{Kind: KindThread, Channel: d.where(f), Grants: []jit.Grant{f.grant}, Events: eventsOf(all)},
		rank:    rankRest, since: all[0].at, again: f.again(KindThread), told: seqsOf(all), holds: KindThread,
	}
	if c.replies > crowd {
		t.ready = later(t.ready, t.since.Add(replyHeld))
	}
	if !slices.ContainsFunc(all, func(n waiting) bool { return n.Event.Kind != jit.EventDrift }) {
		if told, ok := d.last[driftOf(f.grant)]; ok {
			t.ready = later(t.ready, told.Add(driftBetween))
		}
	}
	t.lanes = lanes(post, t.Channel)
	return []task{t}
}

func driftOf(g jit.Grant) string { return "drift " + string(g.ID) }

func planButtons(f *file) []task {
	m, ok := f.useless()
	if !ok || f.busy[KindButtons] {
		return nil
	}
	return []task{{
		Message: Message{Kind: KindButtons, Channel: m.At.Channel, Grants: []jit.Grant{f.grant}, Events: []jit.Event{m.Event}, Shown: f.shown},
		rank:    rankRest, since: m.Event.At, again: f.again(KindButtons), lanes: lanes(edit, m.At.Channel), holds: KindButtons,
	}}
}

// together makes one message of what ended for one person, when that is much.
func (d *desk) together(all []task) []task {
	of := map[string][]task{}
	over := func(t task) bool { return t.Kind == KindDirect && ends(t.Events[0].Kind) }
	for _, t := range all {
		if over(t) {
			of[t.Channel] = append(of[t.Channel], t)
		}
	}
	out := slices.DeleteFunc(all, func(t task) bool { return over(t) && len(of[t.Channel]) >= crowd })
	for _, person := range slices.Sorted(maps.Keys(of)) {
		if len(of[person]) < crowd {
			continue
		}
		one := task{Message: Message{Kind: KindHolder, Channel: person}, rank: rankDirect, lanes: lanes(post, person), holds: KindDirect}
		for _, t := range of[person] {
			one.Grants, one.Events = append(one.Grants, t.Grants...), append(one.Events, t.Events...)
			one.told = append(one.told, t.told...)
			one.since, one.again = earlier(one.since, t.since), later(one.again, t.again)
		}
		out = append(out, one)
	}
	return out
}

// planEnded tells a channel of what ended, when that is many.
func (d *desk) planEnded(many map[string]*crowdOf) []task {
	var out []task
	for _, channel := range slices.Sorted(maps.Keys(many)) {
		files := many[channel].ended
		if len(files) < crowd {
			continue
		}
		t := task{Message: Message{Kind: KindEnded, Channel: channel}, rank: rankEnded, lanes: lanes(post, channel), holds: KindThread}
		var misleading time.Time
		for _, f := range files {
			t.Grants = append(t.Grants, f.grant)
			if f.grant.State.Ended() {
				t.told = append(t.told, seqsOf(f.notices[KindThread])...)
			}
			since := f.endingSince()
			t.since, t.again = earlier(t.since, since), later(t.again, f.again(KindThread))
			if f.misleads() {
				misleading = earlier(misleading, since)
			}
		}
		t.ready = d.endedHeldUntil(channel, t.since, misleading)
		out = append(out, t)
	}
	return out
}

// endedHeldUntil is until when what ended since waits for more of it; what says open
// since another time, zero for nothing, waits less.
func (d *desk) endedHeldUntil(channel string, since, misleading time.Time) time.Time {
	until := since.Add(endedHeld)
	if last, ok := d.last["ended "+channel]; ok {
		until = later(until, last.Add(between))
	}
	if urgent := misleading.Add(endedUrgent); !misleading.IsZero() && urgent.Before(until) {
		return urgent
	}
	return until
}

// endingSince is when the first of what waits said that the grant ends, or is over.
func (f *file) endingSince() time.Time {
	var since time.Time
	for _, n := range slices.Concat(f.notices[KindThread], f.notices[KindCard]) {
		if n.Event.Kind == jit.EventClosing || ends(n.Event.Kind) {
			since = earlier(since, n.at)
		}
	}
	return since
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier is the earlier of two instants, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
