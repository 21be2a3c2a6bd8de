package jit

import (
	"strings"
)

const hostPrefix = "host:"

// Host reports whether the caller has a shell on the bot's machine.
func (id UserID) Host() bool { return strings.HasPrefix(string(id), hostPrefix) }

// Same reports whether both are one person, by their Slack or their Entra id.
func (p Person) Same(o Person) bool {
	return p.ID == o.ID || p.Entra != "" && strings.EqualFold(p.Entra, o.Entra)
}
