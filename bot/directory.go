package bot

import (
	"context"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// People reads the users of the workspace. It is a admission.People.
type People struct {
	api       *slack.Client
	members   cache[admission.Member]
	groups    cache[[]jit.UserID]
	workspace cache[workspace]
}

const (
	freshFor     = 3 * time.Second // a click reads several times, and is one moment
	workspaceFor = time.Hour
	readWithin   = 2 * time.Second
)

// NewPeople makes the reader.
func NewPeople(api *slack.Client) *People {
	return &People{
		api:       api,
		members:   cache[admission.Member]{fresh: freshFor},
		groups:    cache[[]jit.UserID]{fresh: freshFor},
		workspace: cache[workspace]{fresh: workspaceFor},
	}
}

// Member reads a user, as they were at most a few seconds ago.
func (p *People) Member(ctx context.Context, id jit.UserID) (admission.Member, error) {
	return p.members.get(ctx, string(id), func(ctx context.Context) (admission.Member, error) {
		w, err := p.workspace.get(ctx, "", func(ctx context.Context) (workspace, error) { return whoami(ctx, p.api) })
		if err != nil {
			return admission.Member{}, err
		}
		u, err := p.api.GetUserInfoContext(ctx, string(id))
		if err != nil {
			return admission.Member{}, slackError("reading user "+string(id), withoutURL(err))
		}
		return member(id, *u, w), nil
	})
}

func member(id jit.UserID, u slack.User, w workspace) admission.Member {
	return admission.Member{
		ID:        id,
		Email:     u.Profile.Email,
		Confirmed: u.IsEmailConfirmed,
		Guest:     u.IsRestricted || u.IsUltraRestricted,
		Bot:       u.IsBot || u.IsAppUser || u.IsWorkflowBot || u.IsConnectorBot || id == "USLACKBOT",
		Gone:      u.Deleted,
		Stranger:  u.IsStranger || !w.member(u) || u.ID != string(id),
		Invited:   u.IsInvitedUser,
	}
}

// Group lists the users of a user group, as it was at most a few seconds ago.
func (p *People) Group(ctx context.Context, id string) ([]jit.UserID, error) {
	ids, err := p.groups.get(ctx, id, func(ctx context.Context) ([]jit.UserID, error) {
		users, err := p.api.GetUserGroupMembersContext(ctx, id)
		if err != nil {
			return nil, slackError("reading user group "+id, withoutURL(err))
		}
		out := make([]jit.UserID, 0, len(users))
		for _, u := range users {
			out = append(out, jit.UserID(u))
		}
		return out, nil
	})
	return slices.Clone(ids), err
}
