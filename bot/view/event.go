package view

import "jitbot/jit"

// eventTexts is what is said of one kind of event. Who is told of it is the
// domain's to say; where a text is missing, the kind itself is said.
type eventTexts struct {
	// thread is said under the grant's card, after its id. why is what the event
	// says by itself, with a colon before and a full stop after it.
	thread func(e jit.Event, g jit.Grant, why string) string
	// direct is said to the requester, of the grant by its id and what it is about.
	direct func(id, what string, e jit.Event, g jit.Grant) string
	// quoted is what somebody or Azure wrote, shown apart in a direct message.
	quoted func(e jit.Event, g jit.Grant) string
	// channel is said of what concerns no grant; why is as for thread.
	channel func(e jit.Event, why string) string
}

// events has a row for each kind of event that there is.
func events() map[jit.EventKind]eventTexts {
	return map[jit.EventKind]eventTexts{
		// Of the request.
		jit.EventAsked:     {}, // the card says it
		jit.EventRefused:   {direct: directRefused, quoted: textOfEvent},
		jit.EventRejected:  {}, // who tried is answered at once
		jit.EventWaiting:   {direct: directWaiting},
		jit.EventApproved:  {thread: threadApproved},
		jit.EventDenied:    {thread: didBy("denied"), direct: directDenied, quoted: textOfEvent},
		jit.EventLapsed:    {thread: threadLapsed, direct: directLapsed},
		jit.EventCancelled: {thread: threadCancelled, direct: directCancelled},

		// Of the access.
		jit.EventHeld:      {thread: withWhy("opening waits"), direct: directOpening},
		jit.EventOpening:   {direct: directOpening},
		jit.EventProgress:  {}, // the card says it
		jit.EventOpened:    {thread: threadOpened, direct: directOpened},
		jit.EventFailed:    {thread: threadFailed, direct: directFailed, quoted: textOfEvent},
		jit.EventReminded:  {direct: directReminded},
		jit.EventUnchecked: {thread: threadUnchecked},
		jit.EventHindered:  {thread: withWhy("something may keep its holder out"), direct: directHindered, quoted: textOfEvent},
		jit.EventClosing:   {}, // the card says it
		jit.EventStuck:     {thread: threadStuck, direct: directStuck, quoted: textOfEvent, channel: channelStuck},
		jit.EventClosed:    {thread: threadClosed, direct: directClosed, quoted: reasonOfGrant},

		// Of rules, with a grant or without.
		jit.EventDrift:  {thread: withWhy("somebody changed its rule in Azure"), channel: channelDrift},
		jit.EventMoved:  {thread: withWhy("its rules follow its VM"), direct: directMoved, channel: channelMoved},
		jit.EventOrphan: {thread: withWhy("something of it was left in Azure"), channel: channelOrphan},

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

		// Of the configuration.
		jit.EventMissing: {channel: channelMissing},
	}
}

// whyOf is what the event says by itself, to end a sentence with.
func whyOf(e jit.Event) string {
	if e.Text == "" {
		return "."
	}
	return ": " + Sentence(e.Text)
}

func textOfEvent(e jit.Event, _ jit.Grant) string { return e.Text }

func reasonOfGrant(_ jit.Event, g jit.Grant) string { return g.Decision.Reason }
