package outbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// table is a desk that a test fills.
type table struct {
	*desk
	seq uint64
}

func newTable() *table { return &table{desk: newDesk("C0")} }

// put has an event of a grant wait, so many seconds before noon.
func (t *table) put(id jit.ID, to jit.Audience, kind jit.EventKind, ago int, state, shows jit.State) {
	t.seq++
	at := noon.Add(-time.Duration(ago) * time.Second)
	g := jit.Grant{ID: id, Revision: t.seq, State: state, Request: jit.Request{By: jit.Person{ID: jit.UserID("U" + id)}, At: at}}
	s := Shown{}
	if shows != "" {
		g.Card = jit.Card{Channel: "C0", Message: "1." + string(id)}
		s = Shown{State: shows}
	}
	e := jit.Event{Seq: t.seq, At: at, Kind: kind, Grant: id, VMs: []string{"/vm/" + string(id)}}
	n := jit.Notice{Seq: t.seq, Event: e, To: to}
	if to == jit.ToChannel {
		t.channel = append(t.channel, waits(n, noon))
		return
	}
	t.add(waits(n, noon), g, s)
}

// told lists what may be told at the time, as "kind grants events".
func (t *table) told(at time.Time) []string {
	var out []string
	for _, x := range t.plan(at, false) {
		if x.ready.After(at) || x.again.After(at) {
			continue
		}
		var ids, kinds []string
		for _, g := range x.Grants {
			ids = append(ids, string(g.ID))
		}
		for _, e := range x.Events {
			kinds = append(kinds, string(e.Kind))
		}
		what := string(x.Kind)
		if x.idle() {
			what, kinds = "nothing", []string{fmt.Sprint(len(x.told))}
		}
		out = append(out, strings.Join(strings.Fields(what+" "+strings.Join(ids, ",")+" "+strings.Join(kinds, ",")), " "))
	}
	return out
}

// What somebody waits for comes first, then what is untrue, then the rest; of the
// same rank what is older.
func TestOrder(t *testing.T) {
	b := newTable()
	b.put("drift", jit.ToThread, jit.EventDrift, 90, jit.Open, jit.Open)
	b.put("remind", jit.ToRequester, jit.EventReminded, 80, jit.Open, jit.Open)
	b.put("opened", jit.ToCard, jit.EventOpened, 70, jit.Open, jit.Opening)
	b.put("denied", jit.ToCard, jit.EventDenied, 60, jit.Denied, jit.Pending)
	b.put("closed", jit.ToCard, jit.EventClosed, 50, jit.Closed, jit.Open)
	b.put("direct", jit.ToRequester, jit.EventClosed, 40, jit.Closed, jit.Closed)
	b.put("early", jit.ToRequester, jit.EventOpened, 45, jit.Open, jit.Open)
	b.put("new", jit.ToCard, jit.EventWaiting, 10, jit.Pending, "")
	b.put("vm", jit.ToChannel, jit.EventProtected, 100, "", "")
	want := []string{
		"card new waiting", "direct early opened", "direct direct closed", "card closed closed", "card denied denied",
		"direct remind reminded", "channel protected", "thread drift drift", "card opened opened",
	}
	if got := b.told(noon); !slices.Equal(got, want) {
		t.Errorf("told %q,\nwant %q", got, want)
	}
}

// Only the newest state of a grant is told to its holder, and nothing that was
// overtaken.
func TestHolderIsToldHowItStands(t *testing.T) {
	for _, c := range []struct {
		name  string
		kinds []jit.EventKind
		state jit.State
		want  []string // in order
	}{
		{"a day away", []jit.EventKind{jit.EventWaiting, jit.EventOpening, jit.EventOpened, jit.EventReminded, jit.EventStuck, jit.EventClosed}, jit.Closed, []string{"direct g closed"}},
		{"a reminder of what ended", []jit.EventKind{jit.EventReminded}, jit.Closed, []string{"nothing g 1"}},
		{"a reminder of what is closing", []jit.EventKind{jit.EventReminded}, jit.Closing, []string{"nothing g 1"}},
		{"open", []jit.EventKind{jit.EventWaiting, jit.EventHeld, jit.EventOpening, jit.EventOpened, jit.EventReminded}, jit.Open, []string{"direct g opened"}},
		{"withdrawn", []jit.EventKind{jit.EventWaiting}, jit.Cancelled, []string{"nothing g 1"}},
		{"failed, then stuck", []jit.EventKind{jit.EventFailed, jit.EventStuck}, jit.Closing, []string{"direct g stuck"}},
		{"failed and closed", []jit.EventKind{jit.EventFailed, jit.EventClosed}, jit.Closed, []string{"direct g closed"}},
		{"held again", []jit.EventKind{jit.EventHeld, jit.EventHeld}, jit.Opening, []string{"direct g held"}},
	} {
		b := newTable()
		for i, kind := range c.kinds {
			b.put("g", jit.ToRequester, kind, 100-i, c.state, "")
		}
		if got := b.told(noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: told %q, want %q", c.name, got, c.want)
		}
	}
}

// What many have in common is one message; what goes on is told seldom.
func TestManyAreToldTogether(t *testing.T) {
	b := newTable()
	for i := range 30 {
		b.put(jit.ID(fmt.Sprintf("g-%02d", i)), jit.ToThread, jit.EventClosed, 5, jit.Closed, jit.Closed)
	}
	all := b.plan(noon, false)
	if len(all) != 1 || all[0].Kind != KindEnded || len(all[0].Grants) != 30 || len(all[0].told) != 30 || all[0].ready.After(noon) {
		t.Fatalf("thirty that ended: %d messages, %+v", len(all), all[0])
	}
	b.note(all[0], noon)
	b.put("late", jit.ToThread, jit.EventClosed, 0, jit.Closed, jit.Closed)
	if at := b.plan(noon, false)[0].ready; !at.Equal(noon.Add(between)) {
		t.Errorf("the next such message may be sent at %s", at)
	}
	if hurried := b.plan(noon, true)[0].ready; hurried.After(noon) {
		t.Errorf("in a hurry it waits until %s", hurried)
	}

	b = newTable()
	for i := range 4 {
		b.put(jit.ID(fmt.Sprintf("g-%02d", i)), jit.ToThread, jit.EventClosed, 5, jit.Closed, jit.Closed)
	}
	if got := b.told(noon); len(got) != 4 || got[0] != "thread g-00 closed" {
		t.Errorf("four that ended: %q", got)
	}

	b = newTable()
	for i := range 3 {
		b.put(jit.ID(fmt.Sprint("vm", i)), jit.ToChannel, jit.EventProtected, 1, "", "")
	}
	b.put("vm0", jit.ToChannel, jit.EventUnprotected, 0, "", "")
	if got := b.told(noon); !slices.Equal(got, []string{"nothing 1"}) {
		t.Errorf("a second after: %q", got)
	}
	if got := b.told(noon.Add(gathered)); !slices.Equal(got, []string{"nothing 1", "channel protected,protected", "channel unprotected"}) {
		t.Errorf("when more could have come: %q", got)
	}
}

func TestDriftIsToldOnceInTenMinutes(t *testing.T) {
	b := newTable()
	b.put("g", jit.ToThread, jit.EventDrift, 1, jit.Open, jit.Open)
	b.put("vm", jit.ToChannel, jit.EventDrift, 60, "", "")
	for _, x := range b.plan(noon, false) {
		b.note(x, noon)
		b.desk.told("g", x.told)
		b.channel = without(b.channel, x.told)
	}
	for range 3 {
		b.put("g", jit.ToThread, jit.EventDrift, 0, jit.Open, jit.Open)
		b.put("vm", jit.ToChannel, jit.EventDrift, 0, "", "")
	}
	if got := b.told(noon.Add(9 * time.Minute)); len(got) != 0 {
		t.Errorf("told after nine minutes: %q", got)
	}
	want := []string{"thread g drift,drift,drift", "channel drift,drift,drift"}
	if got := b.told(noon.Add(10 * time.Minute)); !slices.Equal(got, want) {
		t.Errorf("told after ten minutes: %q", got)
	}
}

// A card that says open misleads for ten seconds at most: where many wait, its
// channel is told first, also within the minute.
func TestAnUntrueCardIsToldOf(t *testing.T) {
	b := newTable()
	b.last["ended C0"] = noon.Add(-10 * time.Second)
	for i := range 10 {
		b.put(jit.ID(fmt.Sprint("g", i)), jit.ToCard, jit.EventClosing, 1, jit.Closing, jit.Open)
	}
	for _, x := range b.plan(noon, false) {
		if age := x.ready.Sub(noon) + time.Second; age > 6*time.Second {
			t.Errorf("%s is sent %s after it became untrue", x.Kind, age)
		}
	}
}

// Buttons that no longer apply go, and a notice is kept until they have.
func TestButtonsGo(t *testing.T) {
	b := newTable()
	b.put("g", jit.ToCard, jit.EventClosed, 10, jit.Closed, jit.Open)
	f := b.files["g"]
	f.shown.Direct = []Direct{{At: jit.Card{Channel: "D1", Message: "1"}, Event: jit.Event{Seq: 7, Kind: jit.EventOpened}}}
	all := b.plan(noon, false)
	if len(all) != 2 || all[0].Kind != KindCard || len(all[0].told) != 0 || all[1].Kind != KindButtons || all[1].Channel != "D1" {
		t.Fatalf("planned %+v", all)
	}
	f.shown.Revision, f.shown.State = f.grant.Revision, jit.Closed
	if got := b.told(noon); !slices.Equal(got, []string{"buttons g opened"}) {
		t.Errorf("with the card made true: %q", got)
	}
	f.shown.Direct = nil
	if got := b.told(noon); !slices.Equal(got, []string{"nothing g 1"}) {
		t.Errorf("with the buttons gone: %q", got)
	}
}

// A limit or a pause holds up what it is about, and nothing else.
func TestTraffic(t *testing.T) {
	limits := Limits{Post: Rate{time.Second, 3}, Posts: Rate{200 * time.Millisecond, 8}, Edit: Rate{1200 * time.Millisecond, 4}}
	free := func(x *traffic, m method, channel string) time.Duration {
		at, ok := x.free(lanes(m, channel), 0, noon)
		if !ok {
			return -1
		}
		return at.Sub(noon)
	}
	send := func(x *traffic, m method, channel string, n int) {
		for range n {
			x.take(lanes(m, channel), noon)
			x.back(lanes(m, channel), false)
		}
	}
	x := newTraffic(limits)
	send(x, post, "C1", 3)
	send(x, edit, "C1", 4)
	for _, c := range []struct {
		m       method
		channel string
		want    time.Duration
	}{{post, "C1", time.Second}, {post, "C2", 0}, {edit, "C2", 1200 * time.Millisecond}} {
		if got := free(x, c.m, c.channel); got != c.want {
			t.Errorf("%s in %s waits %s, want %s", c.m, c.channel, got, c.want)
		}
	}
	send(x, post, "C2", 5)
	if got := free(x, post, "C3"); got != 200*time.Millisecond {
		t.Errorf("the workspace's posts wait %s", got)
	}
	x = newTraffic(limits)
	x.pause(lane{post, "C1"}, 30*time.Second, noon)
	if free(x, post, "C1") != 30*time.Second || free(x, post, "C2") != 0 || free(x, edit, "C1") != 0 {
		t.Error("a pause of one channel is not its alone")
	}
	for range 10 {
		x.trouble(lane{post, "C2"}, true, maxPause, noon)
	}
	if got := free(x, post, "C2"); got != time.Second {
		t.Errorf("ten failures at once pause for %s", got)
	}
	if !x.shut(lane{post, "C2"}) || x.shut(lane{post, "C1"}) {
		t.Error("which channel is shut is not known")
	}
	x = newTraffic(limits)
	for range perChannel {
		x.take(lanes(post, "C1"), noon.Add(-time.Hour))
	}
	if got := free(x, post, "C1"); got != -1 {
		t.Errorf("a channel that hangs takes one more call in %s", got)
	}
	x = newTraffic(limits)
	x.take(lanes(edit, "C1"), noon)
	x.back(lanes(edit, "C1"), true)
	send(x, edit, "C1", 3)
	if at, _ := x.free(lanes(edit, "C1"), 4, noon); !at.After(noon) {
		t.Error("nothing is kept back of a burst")
	}
	if free(x, edit, "C1") != 0 {
		t.Error("a call that was not made counts")
	}
}

// What could not be stored is tried again after a pause, and what a channel has not
// taken for a day is dropped.
func TestWhatWaitsForLong(t *testing.T) {
	b := newTable()
	b.put("g", jit.ToRequester, jit.EventReminded, 0, jit.Closed, jit.Closed)
	b.files["g"].failing[KindDirect] = &failing{until: noon.Add(time.Second)}
	if got := b.told(noon); len(got) != 0 {
		t.Errorf("told %q", got)
	}
	b = newTable()
	day := int(kept / time.Second)
	b.put("old", jit.ToCard, jit.EventWaiting, day+1, jit.Pending, "")
	b.put("new", jit.ToCard, jit.EventWaiting, day-1, jit.Pending, "")
	b.put("other", jit.ToRequester, jit.EventWaiting, day+1, jit.Pending, "")
	b.put("vm", jit.ToChannel, jit.EventProtected, day+1, "", "")
	all := b.expired(noon, func(l lane) bool { return l == lane{post, "C0"} })
	if len(all) != 2 || all[0].holds != KindCard || len(all[0].told) != 1 || all[1].holds != KindChannel {
		t.Errorf("dropped %+v", all)
	}
}
