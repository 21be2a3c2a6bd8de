package outbox

import (
	"maps"
	"slices"
	"time"

	"jitbot/jit"
)

// desk is all that waits to be told, as it was last read. Only the loop uses it.
type desk struct {
	home    string // the channel of what concerns no grant
	files   map[jit.ID]*file
	channel []waiting                  // what concerns no grant, oldest first
	under   map[uint64]bool            // notices of these that are under way
	last    map[string]time.Time       // when what is told seldom was told last
	pause   map[jit.EventKind]*failing // of what concerns no grant
}

// file is what waits of one grant.
type file struct {
	grant   jit.Grant
	shown   Shown
	notices map[Kind][]waiting // of cards, threads and directs, oldest first
	busy    map[Kind]bool
	failing map[Kind]*failing
	named   bool // a message of what ended has it
}

// waiting is a notice and since when it waits: the event's own clock may be ahead
// of this one.
type waiting struct {
	jit.Notice
	at time.Time
}

func waits(n jit.Notice, now time.Time) waiting {
	if n.Event.At.Before(now) {
		return waiting{n, n.Event.At}
	}
	return waiting{n, now}
}

// failing is what failed and is tried again.
type failing struct {
	times int
	until time.Time
}

func newDesk(home string) *desk {
	return &desk{
		home: home, files: map[jit.ID]*file{}, under: map[uint64]bool{}, last: map[string]time.Time{},
		pause: map[jit.EventKind]*failing{},
	}
}

// kindOf is what a notice waits for. Each person has a kind of their own, so that one who
// cannot be told delays no other.
func kindOf(to jit.Audience) (Kind, bool) {
	if _, is := to.Person(); is {
		return Kind(to), true
	}
	kind, ok := map[jit.Audience]Kind{
		jit.ToCard: KindCard, jit.ToThread: KindThread, jit.ToRequester: KindDirect, jit.ToChannel: KindChannel,
	}[to]
	return kind, ok
}

// add takes a notice of a grant.
func (d *desk) add(n waiting, g jit.Grant, s Shown) {
	f := d.files[g.ID]
	if f == nil {
		f = &file{notices: map[Kind][]waiting{}, busy: map[Kind]bool{}, failing: map[Kind]*failing{}}
		d.files[g.ID] = f
	}
	f.grant, f.shown = g, s
	kind, _ := kindOf(n.To)
	f.notices[kind] = append(f.notices[kind], n)
}

// told removes notices of a grant, which is left when nothing waits of it.
func (d *desk) told(id jit.ID, seqs []uint64) {
	f := d.files[id]
	if f == nil {
		return
	}
	for kind, all := range f.notices {
		f.notices[kind] = without(all, seqs)
	}
	left := 0
	for _, all := range f.notices {
		left += len(all)
	}
	under := slices.Contains(slices.Collect(maps.Values(f.busy)), true)
	if left == 0 && !under {
		delete(d.files, id)
	}
}

func without(all []waiting, seqs []uint64) []waiting {
	gone := map[uint64]bool{}
	for _, s := range seqs {
		gone[s] = true
	}
	return slices.DeleteFunc(all, func(n waiting) bool { return gone[n.Seq] })
}

func seqsOf(all []waiting) []uint64 {
	var out []uint64
	for _, n := range all {
		out = append(out, n.Seq)
	}
	return out
}

func eventsOf(all []waiting) []jit.Event {
	var out []jit.Event
	for _, n := range all {
		out = append(out, n.Event)
	}
	return out
}

// posted reports whether the grant has a card.
func (f *file) posted() bool { return f.grant.Card.Message != "" }

// where is the channel of the grant's card.
func (d *desk) where(f *file) string {
	switch {
	case f.posted():
		return f.grant.Card.Channel
	case f.grant.Channel != "":
		return f.grant.Channel
	default:
		return d.home
	}
}

// shows is the state that the grant's card shows; empty: it has none.
func (f *file) shows() jit.State {
	if f.posted() && f.shown.State == "" {
		return f.grant.State // a card of an earlier version
	}
	if !f.posted() {
		return ""
	}
	return f.shown.State
}

// useless is the first message to somebody whose buttons no longer apply.
func (f *file) useless() (Direct, bool) {
	for _, m := range f.shown.Direct {
		if m.Useless(f.grant) {
			return m, true
		}
	}
	return Direct{}, false
}

// ended reports whether the card's channel may be told that the grant ended: by a
// reply that waits, or by its card, which says otherwise.
func (f *file) ended() bool {
	if f.named && !f.grant.State.Ended() {
		return false
	}
	waits := slices.ContainsFunc(f.notices[KindThread], func(n waiting) bool { return ends(n.Event.Kind) })
	return waits || f.misleads()
}

// misleads reports whether the card says that the grant is open, and nobody was
// told otherwise.
func (f *file) misleads() bool {
	return !f.named && f.shows() == jit.Open && f.grant.State != jit.Open && len(f.notices[KindCard]) > 0
}

// pending counts what waits, by kind, and says since when the oldest does.
func (d *desk) pending() (count map[Kind]int, oldest time.Time) {
	count = map[Kind]int{}
	add := func(kind Kind, all []waiting) {
		count[kind] += len(all)
		if len(all) > 0 && (oldest.IsZero() || all[0].at.Before(oldest)) {
			oldest = all[0].at
		}
	}
	for _, f := range d.files {
		for kind, all := range f.notices {
			if _, is := jit.Audience(kind).Person(); is {
				kind = KindPerson
			}
			add(kind, all)
		}
		for _, m := range f.shown.Direct {
			if m.Useless(f.grant) {
				count[KindButtons]++
			}
		}
	}
	add(KindChannel, d.channel)
	return count, oldest
}

// expired is what lanes that are shut have not taken for so long that nobody waits
// for it any more.
func (d *desk) expired(now time.Time, shut func(lane) bool) []task {
	var out []task
	drop := func(all []waiting, l lane, t task) {
		t.Channel = l.channel
		for _, n := range all {
			if now.Sub(n.at) > kept && !d.under[n.Seq] {
				t.told = append(t.told, n.Seq)
			}
		}
		if len(t.told) > 0 && shut(l) {
			out = append(out, t)
		}
	}
	for _, f := range d.files {
		for kind, all := range f.notices {
			if !f.busy[kind] {
				t := task{Message: Message{Grants: []jit.Grant{f.grant}}, holds: kind, again: f.again(kind)}
				drop(all, d.laneOf(f, kind), t)
			}
		}
	}
	drop(d.channel, lane{post, d.home}, task{holds: KindChannel, again: d.pausedUntil("")})
	return out
}

// laneOf is the lane that a kind of message about a grant waits in.
func (d *desk) laneOf(f *file, kind Kind) lane {
	to, is := jit.Audience(kind).Person()
	switch {
	case is:
		return lane{post, string(to)}
	case kind == KindDirect:
		return lane{post, string(f.grant.Request.By.ID)}
	case kind == KindCard && f.posted():
		return lane{edit, d.where(f)}
	default:
		return lane{post, d.where(f)}
	}
}
