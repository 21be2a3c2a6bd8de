package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
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
	freshFor   = 3 * time.Second // a click reads several times, and is one moment
	homeFor    = time.Hour
	readWithin = 2 * time.Second
)

// NewPeople makes the reader.
func NewPeople(api *slack.Client) *People {
	return &People{
		api:       api,
		members:   cache[admission.Member]{fresh: freshFor},
		groups:    cache[[]jit.UserID]{fresh: freshFor},
		workspace: cache[workspace]{fresh: homeFor},
	}
}

// Member reads a user, as they were at most a few seconds ago.
func (p *People) Member(ctx context.Context, id jit.UserID) (admission.Member, error) {
	return p.members.get(ctx, string(id), func(ctx context.Context) (admission.Member, error) {
		home, err := p.workspace.get(ctx, "", func(ctx context.Context) (workspace, error) { return whoami(ctx, p.api) })
		if err != nil {
			return admission.Member{}, err
		}
		u, err := p.api.GetUserInfoContext(ctx, string(id))
		if err != nil {
			return admission.Member{}, slackError("reading user "+string(id), withoutURL(err))
		}
		return member(id, *u, home), nil
	})
}

func member(id jit.UserID, u slack.User, home workspace) admission.Member {
	foreign := u.TeamID != "" && u.TeamID != home.Team && !slices.Contains(u.Enterprise.Teams, home.Team)
	return admission.Member{
		ID:        id,
		Email:     u.Profile.Email,
		Confirmed: u.IsEmailConfirmed,
		Guest:     u.IsRestricted || u.IsUltraRestricted,
		Bot:       u.IsBot || u.IsAppUser || u.IsWorkflowBot || u.IsConnectorBot || id == "USLACKBOT",
		Gone:      u.Deleted,
		Stranger:  u.IsStranger || foreign || u.ID != string(id),
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

// cache keeps answers for a moment, and asks once for all who ask at the same
// time. Its zero value keeps nothing; set fresh.
type cache[T any] struct {
	fresh time.Duration
	mu    sync.Mutex
	items map[string]*answered[T]
}

type answered[T any] struct {
	done  chan struct{}
	value T
	err   error
	at    time.Time // when the question was asked: the answer is no older
}

const maxCached = 1000

// get answers from the cache, from whoever is asking now, or by asking.
func (c *cache[T]) get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	if a, ok := c.items[key]; ok && time.Since(a.at) < c.fresh {
		c.mu.Unlock()
		select {
		case <-a.done:
			return a.value, a.err
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
	if c.items == nil || len(c.items) >= maxCached {
		c.items = map[string]*answered[T]{}
	}
	a := &answered[T]{done: make(chan struct{}), at: time.Now(), err: errors.New("the question was not answered")}
	c.items[key] = a
	c.mu.Unlock()

	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if a.err != nil && c.items[key] == a {
			delete(c.items, key) // a failure is asked again
		}
		close(a.done)
	}()
	// Others wait for the answer too, so it outlives whoever asked first.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	a.value, a.err = ask(asking)
	return a.value, a.err
}
