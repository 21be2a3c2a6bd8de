package outbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/reach"
)

// planChannel tells what concerns no grant: of a kind one message a minute.
func (d *desk) planChannel(now time.Time) []task {
	var out []task
	of, busy := map[jit.EventKind][]waiting{}, map[jit.EventKind]bool{}
	var useless []uint64
	newest := d.newestOfMachines()
	for _, n := range d.channel {
		kind := n.Event.Kind
		stale := kind == jit.EventDigest && now.Sub(n.Event.At) > reach.DigestKept
		switch {
		case d.under[n.Seq]:
			busy[kind] = true
		case stale || stands(kind) && newest[machines(n.Event)] != n.Seq:
			useless = append(useless, n.Seq)
		default:
			of[kind] = append(of[kind], n)
		}
	}
	if len(useless) > 0 {
		out = append(out, task{told: useless, holds: KindChannel, again: d.pausedUntil("")})
	}
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		if t, ok := d.announce(kind, of[kind], now); ok && !busy[kind] {
			out = append(out, t)
		}
	}
	return out
}

// newestOfMachines are the last of those that say how machines stand.
func (d *desk) newestOfMachines() map[string]uint64 {
	newest := map[string]uint64{}
	for _, n := range d.channel {
		if stands(n.Event.Kind) {
			newest[machines(n.Event)] = n.Seq
		}
	}
	return newest
}

// announce is the message of what has one kind.
func (d *desk) announce(kind jit.EventKind, all []waiting, now time.Time) (task, bool) {
	t := task{Message: Message{Kind: KindChannel, Channel: d.home}, rank: rankRest, lanes: lanes(post, d.home), holds: KindChannel}
	for _, n := range all {
		if told, ok := d.last[driftAt(n.Event)]; ok && kind == jit.EventDrift && now.Before(told.Add(driftBetween)) {
			continue
		}
		t.Events, t.told, t.since = append(t.Events, n.Event), append(t.told, n.Seq), earlier(t.since, n.at)
	}
	if len(t.Events) == 0 {
		return t, false
	}
	t.ready = t.since.Add(gathered)
	if kind == jit.EventDigest {
		t.Events, t.told, t.ready = t.Events[:1], t.told[:1], t.since
	} else if told, ok := d.last[string(kind)]; ok {
		t.ready = later(t.ready, told.Add(between))
	}
	t.again = d.pausedUntil(kind)
	return t, true
}

// pausedUntil is when what failed of a kind may be tried again; the empty kind is
// what only has to be stored.
func (d *desk) pausedUntil(kind jit.EventKind) time.Time {
	if x := d.pause[kind]; x != nil {
		return x.until
	}
	return time.Time{}
}

func driftAt(e jit.Event) string { return "drift at " + machines(e) }

func machines(e jit.Event) string { return strings.ToLower(strings.Join(e.VMs, " ")) }

// stands reports whether an event says how machines stand, so that the next of
// them takes its place.
func stands(kind jit.EventKind) bool {
	return kind == jit.EventProtected || kind == jit.EventUnprotected
}
