package outbox

import (
	"slices"
	"time"

	"jitbot/jit"
)

// The order in which things are told: what somebody must act on or waits for, then
// what has become untrue, then the rest.
const (
	rankNew     = iota // a new card
	rankDirect         // the holder's access opened, closed, was refused, is stuck
	rankEnded          // what ended, for many at once
	rankClaims         // a card says open and it is not
	rankButtons        // a card offers what no longer applies
	rankRemind
	rankRest
)

// offer is what the buttons of a card in a state are for; empty: it has none.
func offer(s jit.State) string {
	switch s {
	case jit.Pending:
		return "decide"
	case jit.Opening, jit.Open:
		return "revoke"
	default:
		return ""
	}
}

// rankCard ranks a card that shows one state, empty for one that is not posted, of
// a grant in another.
func rankCard(shows, is jit.State) int {
	switch {
	case shows == "" && is.Ended():
		return rankRest
	case shows == "":
		return rankNew
	case shows == jit.Open && is != jit.Open:
		return rankClaims
	case offer(shows) != "" && offer(shows) != offer(is):
		return rankButtons
	default:
		return rankRest
	}
}

// rankDirectOf ranks what the holder is told.
func rankDirectOf(kind jit.EventKind) int {
	switch kind {
	case jit.EventReminded:
		return rankRemind
	case jit.EventWaiting, jit.EventHeld, jit.EventOpening, jit.EventHindered:
		return rankRest
	default:
		return rankDirect
	}
}

// useful are those of the events that the holder of a grant in a state is still
// told of: how it stands now, and nothing that was overtaken.
func useful(events []jit.Event, state jit.State) []jit.Event {
	var kinds []jit.EventKind
	switch state {
	case jit.Pending:
		kinds = []jit.EventKind{jit.EventWaiting, jit.EventApproved}
	case jit.Opening:
		kinds = []jit.EventKind{jit.EventApproved, jit.EventHeld, jit.EventOpening}
	case jit.Open:
		kinds = []jit.EventKind{
			jit.EventApproved, jit.EventOpened, jit.EventMoved, jit.EventHindered, jit.EventReminded, jit.EventExtended, jit.EventUnextended,
			jit.EventUnmoved,
		}
	case jit.Closing:
		kinds = []jit.EventKind{jit.EventFailed, jit.EventStuck}
	default:
		kinds = []jit.EventKind{jit.EventRefused, jit.EventDenied, jit.EventLapsed, jit.EventCancelled, jit.EventClosed}
	}
	var out []jit.Event
	for i, e := range events {
		later := slices.ContainsFunc(events[i+1:], func(o jit.Event) bool { return overtakes(o.Kind, e.Kind) })
		if slices.Contains(kinds, e.Kind) && !later {
			out = append(out, e)
		}
	}
	return out
}

// overtakes reports whether an event makes an earlier one not worth telling.
func overtakes(later, earlier jit.EventKind) bool {
	const opening = "opening"
	of := func(k jit.EventKind) jit.EventKind {
		if k == jit.EventHeld || k == jit.EventOpening {
			return opening
		}
		if k == jit.EventUnmoved {
			return jit.EventMoved
		}
		if k == jit.EventFailed {
			return jit.EventStuck
		}
		return k
	}
	return of(later) == of(earlier)
}

// ends reports whether a grant is over by an event.
func ends(kind jit.EventKind) bool {
	return kind == jit.EventClosed || kind == jit.EventLapsed || kind == jit.EventDenied || kind == jit.EventCancelled
}

const (
	closingHeld  = 4 * time.Second  // a card waits so long for "closed" before it says "closing"
	gathered     = 2 * time.Second  // what is told of many waits so long for more
	endedHeld    = 3 * time.Second  // what ended waits so long for more that ended
	endedUrgent  = 6 * time.Second  // an untrue card waits so long for its channel to be told
	between      = time.Minute      // one message for many a minute
	driftBetween = 10 * time.Minute // drift that goes on
	crowd        = 5                // so many waiting are many
	replyHeld    = time.Minute      // under load a reply waits so long for the next
	kept         = 24 * time.Hour   // a channel that is shut is tried for so long
)
