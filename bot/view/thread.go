package view

import "jitbot/jit"

// Thread is what is said about an event under the grant's card.
func Thread(e jit.Event, g jit.Grant) Message {
	return Say(Code(string(g.ID)) + ": " + threadText(e, g))
}

func threadText(e jit.Event, g jit.Grant) string {
	why := whyOf(e)
	if text := events()[e.Kind].thread; text != nil {
		return text(e, g, why)
	}
	return string(e.Kind) + why
}

// withWhy says what happened, and why.
func withWhy(what string) func(jit.Event, jit.Grant, string) string {
	return func(_ jit.Event, _ jit.Grant, why string) string { return what + why }
}

// didBy says what somebody did, and why.
func didBy(did string) func(jit.Event, jit.Grant, string) string {
	return func(e jit.Event, _ jit.Grant, why string) string { return did + " by " + actor(e.Actor) + why }
}

func threadApproved(e jit.Event, g jit.Grant, _ string) string {
	switch {
	case e.Actor.ID == "":
		return "approved without anybody's yes, because none is needed. It is being opened."
	case g.State == jit.Pending:
		return "approved by " + actor(e.Actor) + "; " + missingApprovals(g) + " needed."
	default:
		return "approved by " + actor(e.Actor) + "."
	}
}

func threadCancelled(e jit.Event, _ jit.Grant, _ string) string {
	return "withdrawn by " + actor(e.Actor) + "."
}

func threadLapsed(jit.Event, jit.Grant, string) string {
	return "lapsed, because nobody decided in time."
}

// threadOpened says open of a grant only while it is.
func threadOpened(e jit.Event, g jit.Grant, _ string) string {
	if g.State != jit.Open {
		return "was opened at " + When(g.Clock.Opened) + "; by now it is " + stateText(g) + "."
	}
	return "open until " + When(e.Until) + ". The rule was read back in force." + afterSpace(publicEndsText(g))
}

func threadFailed(_ jit.Event, g jit.Grant, why string) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "is being closed, because something of it failed in Azure" + why
	case neverWritten(g):
		return "could not be opened" + why + " " + nothingWritten
	default:
		return "could not be opened and is being closed" + why
	}
}

func threadUnchecked(_ jit.Event, _ jit.Grant, why string) string {
	return "whether its holder still has the rights cannot be told just now" + why + " An approver or admin can revoke it."
}

func threadStuck(_ jit.Event, _ jit.Grant, why string) string {
	return "closing is stuck, the port may still be open" + why + " It is tried again until it succeeds; an admin should look at it in Azure."
}

func threadClosed(_ jit.Event, g jit.Grant, _ string) string {
	if neverWritten(g) {
		return "closed. " + whyEnded(g) + " " + nothingWritten
	}
	if _, only := goneGuards(g); only {
		return "over. " + whyEnded(g) + " " + howClosed(g)
	}
	return "closed. " + whyEnded(g) + " " + howClosed(g)
}
