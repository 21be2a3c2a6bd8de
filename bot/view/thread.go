package view

import (
	"jitbot/jit"
)

// Thread is what is said about an event under the grant's card.
func Thread(e jit.Event, g jit.Grant) Message {
	return Say(Code(string(g.ID)) + ": " + replyText(e, g))
}

func replyText(e jit.Event, g jit.Grant) string {
	by := actor(e.Actor)
	why := "."
	if e.Text != "" {
		why = ": " + Sentence(e.Text)
	}
	switch e.Kind {
	case jit.EventApproved:
		if e.Actor.ID == "" {
			return "approved without anybody's yes, because none is needed. It is being opened."
		}
		if g.State == jit.Pending {
			return "approved by " + by + "; " + missing(g) + " needed."
		}
		return "approved by " + by + "."
	case jit.EventCancelled:
		return "withdrawn by " + by + "."
	case jit.EventDenied:
		return "denied by " + by + why
	case jit.EventLapsed:
		return "lapsed, because nobody decided in time."
	case jit.EventHeld:
		return "opening waits" + why
	case jit.EventOpened:
		if g.State != jit.Open {
			return "was opened at " + When(g.Clock.Opened) + "; by now it is " + title(g) + "."
		}
		return "open until " + When(e.Until) + ". The rule was read back in force." + afterSpace(publicEndsText(g))
	case jit.EventFailed:
		return failedReply(g, why)
	case jit.EventStuck:
		return "closing is stuck, the port may still be open" + why + " It is tried again until it succeeds; an admin should look at it in Azure."
	case jit.EventClosed:
		if neverWritten(g) {
			return "closed. " + endingText(g) + " " + nothingWritten
		}
		return "closed. " + endingText(g) + " The rule was read back gone."
	case jit.EventDrift:
		return "somebody changed its rule in Azure" + why
	case jit.EventHindered:
		return "somebody's rule may keep its holder out" + why
	case jit.EventMoved:
		return "its rules follow its VM" + why
	case jit.EventOrphan:
		return "something of it was left in Azure" + why
	case jit.EventUnchecked:
		return "whether its holder still has the rights cannot be told just now" + why + " An approver or admin can revoke it."
	default:
		return string(e.Kind) + why
	}
}

func failedReply(g jit.Grant, why string) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "is being closed, because something of it failed in Azure" + why
	case neverWritten(g):
		return "could not be opened" + why + " " + nothingWritten
	default:
		return "could not be opened and is being closed" + why
	}
}
