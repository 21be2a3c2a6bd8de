package jit

import (
	"strings"
)

const hostPrefix = "host:"

// Host reports whether the caller has a shell on the bot's machine.
func (id UserID) Host() bool { return strings.HasPrefix(string(id), hostPrefix) }

// Bar is what keeps the member from using jitbot, in words that follow "is";
// empty for a full, active one.
func (m Member) Bar() string {
	switch {
	case m.Gone:
		return "a deactivated account"
	case m.Bot:
		return "a bot"
	case m.Stranger:
		return "a member of another organization"
	case m.Guest:
		return "a guest of this workspace"
	case m.Invited:
		return "invited but has not joined yet"
	default:
		return ""
	}
}

// Same reports whether both are one person, by their Slack or their Entra id.
func (p Person) Same(o Person) bool {
	return p.ID == o.ID || p.Entra != "" && strings.EqualFold(p.Entra, o.Entra)
}
