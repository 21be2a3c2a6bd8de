package admission

import (
	"context"

	"jitbot/jit"
)

// People is the Slack workspace.
type People interface {
	// Member reads a user afresh. ErrNotFound.
	Member(ctx context.Context, id jit.UserID) (Member, error)
	// Group lists the users of a user group. ErrNotFound when it is gone or
	// switched off.
	Group(ctx context.Context, id string) ([]jit.UserID, error)
}

// Member is a user of the workspace, as Slack describes them.
type Member struct {
	ID        jit.UserID
	Email     string
	Confirmed bool // the e-mail address is confirmed
	Guest     bool
	Bot       bool
	Gone      bool // deactivated
	Stranger  bool // of another organization or workspace
	Invited   bool // has not joined yet
}

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
