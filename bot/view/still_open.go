package view

import "jitbot/jit"

// stillOpen says that a closed grant's ports are not shut, and why; empty where
// nothing is known to let people in.
func stillOpen(g jit.Grant) string {
	if g.State != jit.Closed || g.StillOpen == "" {
		return ""
	}
	return "*Port " + portNames(g) + " is not shut all the same:* " + Sentence(g.StillOpen)
}
