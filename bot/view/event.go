package view

import "jitbot/jit"

// eventTexts is what is said of one kind of event. Who is told of it is the
// domain's to say; where a text is missing, the kind itself is said.
type eventTexts struct {
	// thread is said under the grant's card, and before why.
	thread func(e jit.Event, g jit.Grant) string
	// why is what somebody or Azure wrote of it, shown apart in the thread.
	why func(e jit.Event, g jit.Grant) string
	// direct is said to the requester.
	direct func(d *draft, e jit.Event, g jit.Grant)
	// channel is said of what concerns no grant.
	channel func(d *draft, e jit.Event)
}

const stuckText = "🚨 Closing is stuck, and the port may still be open. It is tried until it is gone; an admin should look at it in Azure."

// events has a row for each kind of event that there is.
func events() map[jit.EventKind]eventTexts {
	return map[jit.EventKind]eventTexts{
		// Of the request.
		jit.EventAsked:      {}, // the card says it
		jit.EventRefused:    {direct: directRefused},
		jit.EventRejected:   {}, // who tried is answered at once
		jit.EventWaiting:    {direct: directWaiting},
		jit.EventApproved:   {thread: threadApproved, direct: directApproved},
		jit.EventClaimed:    {thread: threadClaimed},
		jit.EventUnclaimed:  {thread: threadUnclaimed},
		jit.EventUnanswered: {thread: threadUnanswered},
		jit.EventEscalated:  {thread: threadEscalated},
		jit.EventDenied:     {thread: didBy("Denied"), why: textOfEvent, direct: directDenied},
		jit.EventLapsed:     {thread: saying("It lapsed, because nobody decided in time."), direct: directLapsed},
		jit.EventCancelled:  {thread: didBy("Withdrawn"), direct: directCancelled},

		// Of the access.
		jit.EventHeld:       {thread: saying("It is not open yet, opening waits."), why: textOfEvent, direct: directOpening},
		jit.EventOpening:    {direct: directOpening},
		jit.EventProgress:   {}, // the card says it
		jit.EventOpened:     {thread: threadOpened, direct: directOpened},
		jit.EventFailed:     {thread: threadFailed, why: textOfEvent, direct: directFailed},
		jit.EventReminded:   {direct: directReminded},
		jit.EventExtending:  {thread: threadExtending},
		jit.EventExtended:   {thread: threadExtended, direct: directExtended},
		jit.EventUnextended: {thread: threadUnextended, why: textOfEvent, direct: directUnextended},
		jit.EventMoving:     {thread: threadMoving},
		jit.EventUnmoved:    {thread: threadUnmoved, why: textOfEvent, direct: directUnmoved},
		jit.EventUnchecked: {
			thread: saying("Whether its holder still has the rights cannot be told just now. An approver or admin can revoke it."),
			why:    textOfEvent,
		},
		jit.EventHindered: {thread: saying("Something may keep its holder out."), why: textOfEvent, direct: directHindered},
		jit.EventClosing:  {}, // the card says it
		jit.EventStuck:    {thread: saying(stuckText), why: textOfEvent, direct: directStuck, channel: channelStuck},
		jit.EventClosed:   {thread: threadClosed, why: reasonOfGrant, direct: directClosed},

		// Of rules, with a grant or without.
		jit.EventDrift:  {thread: saying("Somebody changed its rule in Azure."), why: textOfEvent, channel: channelDrift},
		jit.EventMoved:  {thread: threadMoved, why: whyMoved, direct: directMoved, channel: channelMoved},
		jit.EventOrphan: {thread: saying("Something of it was left in Azure."), why: textOfEvent, channel: channelOrphan},

		// Of protection.
		jit.EventProtecting:   {}, // whoever asked for it is answered at once
		jit.EventProtected:    {channel: channelProtected},
		jit.EventUnprotecting: {}, // whoever asked for it is answered at once
		jit.EventUnprotected:  {channel: channelUnprotected},
		jit.EventExposed:      {channel: channelExposed},
		jit.EventDigest:       {channel: channelDigest},

		// Of the record itself.
		jit.EventCopied: {}, // the host is told in its terminal
		jit.EventWrote:  {}, // for whoever compares with Azure's activity log
		jit.EventAnchor: {channel: channelAnchor},

		// Of the configuration.
		jit.EventMissing: {channel: channelMissing},
	}
}

func textOfEvent(e jit.Event, _ jit.Grant) string { return e.Text }

func reasonOfGrant(_ jit.Event, g jit.Grant) string { return g.Decision.Reason }
