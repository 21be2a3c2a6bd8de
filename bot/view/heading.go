package view

import (
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/text"
)

// mark is the sign of a grant's state. The words beside it say the same.
func mark(g jit.Grant) string {
	switch g.State {
	case jit.Open:
		return "🔓"
	case jit.Closing:
		if g.Stuck {
			return "🚨"
		}
		return "⌛"
	case jit.Closed:
		return "🔒"
	case jit.Refused, jit.Denied, jit.Lapsed, jit.Cancelled:
		return "⛔"
	default:
		return "⏳"
	}
}

// heading is a sentence on who has, asks for or had what, after the state's mark.
func heading(g jit.Grant) string {
	who := mentionUser(g.Request.By.ID)
	return headed(g, sentenceOn(g, who, who+" asks"))
}

// ownHeading is heading for whoever asked.
func ownHeading(g jit.Grant) string {
	asks := "Your request waits for approval"
	if g.State == jit.Asked {
		asks = "Your request is being checked"
	}
	return headed(g, sentenceOn(g, "you", asks))
}

// headed is a heading after the state's mark.
func headed(g jit.Grant, sentence string) string { return mark(g) + " *" + sentence + "*" }

func sentenceOn(g jit.Grant, who, asks string) string {
	what, words := subject(g), ""
	switch g.State {
	case jit.Asked, jit.Pending:
		words = asks + ": " + what + " for " + span(g.Request.Duration)
	case jit.Opening:
		words = "Opening for " + who + ": " + what + " for " + span(g.Request.Duration)
		if g.Waiting != "" {
			words = "Approved for " + who + ", not open yet: " + what + " for " + span(g.Request.Duration)
		}
	case jit.Open:
		words = "Open for " + who + ": " + what + " until " + When(g.Clock.Deadline)
	default:
		words = text.Capital(stateText(g)) + ": " + what + " for " + who
	}
	return words
}

// stateText names the state in words.
func stateText(g jit.Grant) string {
	switch g.State {
	case jit.Asked:
		return "being checked"
	case jit.Pending:
		return "waiting for approval"
	case jit.Opening:
		if g.Waiting != "" {
			return "approved, opening waits"
		}
		return "approved, opening"
	case jit.Closing:
		if g.Stuck {
			return "closing is stuck"
		}
		return "closing"
	case jit.Closed:
		if _, only := goneGuards(g); only {
			return "over"
		}
		return "closed"
	case jit.Cancelled:
		return "withdrawn"
	default:
		return string(g.State) // refused, denied, lapsed, open
	}
}

// subject is what a grant is about: SSH to `web-1` in `prod-web` (production).
func subject(g jit.Grant) string { return portWords(g.Request.Ports) + " to " + targetNames(g) }

const maxPortWords = 3 // ports that are named one by one in a sentence

// portWords are ports in a sentence: SSH, 53/udp and 8000-8010, or port 5432.
func portWords(ports []jit.Ports) string {
	var names []string
	for i, p := range ports {
		if i == maxPortWords && len(ports) > maxPortWords+1 {
			names = append(names, text.Count(len(ports)-i, "more port", "more ports"))
			break
		}
		names = append(names, portWord(p))
	}
	switch {
	case len(names) == 0:
		return "no port"
	case len(names) == 1 && portUse(ports[0]) == "":
		return "port " + names[0]
	default:
		return text.Join(names)
	}
}

// portWord is a port in a few letters: SSH, WinRM (5986), 53/udp, 8000-8010/any.
func portWord(p jit.Ports) string {
	switch use := portUse(p); {
	case use == "WinRM":
		return use + " (" + p.Span() + ")"
	case use != "":
		return use
	case p.Protocol == jit.AnyProtocol:
		return p.Span() + "/any"
	default:
		return p.String()
	}
}

// span is a duration in words: 30 min, 1 h 30 min.
func span(d time.Duration) string {
	var out []string
	for part := range strings.SplitSeq(text.Duration(d), "") {
		switch part {
		case "h", "s":
			out = append(out, " "+part+" ")
		case "m":
			out = append(out, " min ")
		default:
			out = append(out, part)
		}
	}
	return strings.TrimSpace(strings.Join(out, ""))
}
