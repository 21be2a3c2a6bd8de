package view

import (
	"jitbot/jit"
	"jitbot/jit/text"
)

const maxStillOpen = 130 // characters of who is let in

// stillOpen says that the ports of a grant were not shut when it was closed, and by what;
// empty where nothing was known to let people in then.
func stillOpen(g jit.Grant) string {
	if g.State != jit.Closed || g.StillOpen == "" {
		return ""
	}
	return notShut + " " + Sentence(Clip(text.Clean(g.StillOpen), maxStillOpen))
}

const notShut = "⚠️ *Not shut when this closed:*"
