package slacksim

import (
	"fmt"
	"slices"
	"time"
)

// User is an account. The zero flags are a full, active member of the workspace
// with a confirmed e-mail address (object "user", docs.slack.dev/reference/objects/user-object).
type User struct {
	ID     string // "U…"; made up when empty
	TeamID string // the workspace's when empty; another one for a stranger
	// Teams are other workspaces of the Enterprise organization that the person is in.
	Teams    []string
	NoTeam   bool   // users.info does not say where the person is at home
	Name     string // the handle that is typed after @
	RealName string
	Email    string // shown only with users:read.email
	TZ       string // "Europe/Amsterdam"

	Deleted          bool // deactivated
	Admin            bool
	Restricted       bool // guest of several channels
	UltraRestricted  bool // guest of one channel
	Stranger         bool // member of another organization (Slack Connect)
	Bot              bool
	AppUser          bool
	WorkflowBot      bool
	ConnectorBot     bool
	Invited          bool // invited and never signed in
	EmailUnconfirmed bool
}

// Channel is a public or private channel. Direct messages are made by the
// simulator when they are first needed.
type Channel struct {
	ID       string // "C…"; made up when empty
	Name     string // without #
	Private  bool
	Archived bool
	// ExtShared: connected with another organization (Slack Connect).
	ExtShared bool
	Members   []string // user ids; the bot is a member when its user id is here
}

// Group is a user group (subteam).
type Group struct {
	ID       string // "S…"; made up when empty
	Handle   string
	Name     string
	Users    []string
	Disabled bool
}

type channel struct {
	Channel
	dmWith  string // the person of a direct message with the bot
	created time.Time
}

func (c *channel) has(user string) bool { return slices.Contains(c.Members, user) }

// AddUser adds an account, or replaces the one with the same id, and returns it
// with its id filled in.
func (s *Sim) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.newID("U")
	}
	if u.TeamID == "" {
		u.TeamID = s.opt.TeamID
	}
	if u.Name == "" {
		u.Name = u.ID
	}
	s.users[u.ID] = u
	s.touch()
	return u
}

// UpdateUser changes an account: a deactivation, a new address. It reports
// whether the account exists.
func (s *Sim) UpdateUser(id string, change func(*User)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[id]
	if !ok {
		return false
	}
	change(&u)
	u.ID = id
	s.users[id] = u
	s.touch()
	return true
}

// RemoveUser makes an account unknown: users.info answers user_not_found.
func (s *Sim) RemoveUser(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, id)
	s.touch()
}

// AddChannel adds a channel, or replaces the one with the same id, and returns
// it with its id filled in.
func (s *Sim) AddChannel(c Channel) Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" {
		c.ID = s.newID("C")
	}
	c.Members = slices.Clone(c.Members)
	s.channels[c.ID] = &channel{Channel: c, created: time.Now()}
	s.touch()
	c.Members = slices.Clone(c.Members)
	return c
}

// UpdateChannel changes a channel: members, archived, private. It reports
// whether the channel exists.
func (s *Sim) UpdateChannel(id string, change func(*Channel)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[id]
	if !ok {
		return false
	}
	change(&c.Channel)
	c.ID = id
	s.touch()
	return true
}

// AddGroup adds a user group, or replaces the one with the same id, and returns
// it with its id filled in.
func (s *Sim) AddGroup(g Group) Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.ID == "" {
		g.ID = s.newID("S")
	}
	g.Users = slices.Clone(g.Users)
	s.groups[g.ID] = g
	s.touch()
	g.Users = slices.Clone(g.Users)
	return g
}

// UpdateGroup changes a user group. It reports whether the group exists.
func (s *Sim) UpdateGroup(id string, change func(*Group)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[id]
	if !ok {
		return false
	}
	g.Users = slices.Clone(g.Users)
	change(&g)
	g.ID = id
	s.groups[id] = g
	s.touch()
	return true
}

// RemoveGroup makes a user group unknown: its list answers no_such_subteam.
func (s *Sim) RemoveGroup(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, id)
	s.touch()
}

// DM is the id of the direct message channel between the bot and a person,
// opening it if need be. Empty for an unknown person.
func (s *Sim) DM(userID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[userID]; !ok {
		return ""
	}
	c, _ := s.dm(userID)
	return c.ID
}

// dm finds or opens the direct message with a person. Called with the lock held.
func (s *Sim) dm(userID string) (c *channel, existed bool) {
	for _, c := range s.channels {
		if c.dmWith == userID {
			return c, true
		}
	}
	c = &channel{
		Channel: Channel{ID: s.newID("D"), Members: []string{userID, s.opt.BotUserID}},
		dmWith:  userID, created: time.Now(),
	}
	s.channels[c.ID] = c
	s.touch()
	return c, false
}

// channelName is the name that payloads carry: Slack hides those of direct
// messages and private channels.
func channelName(c *channel) string {
	switch {
	case c.dmWith != "":
		return "directmessage"
	case c.Private:
		return "privategroup"
	}
	return c.Name
}

// mayAct says why a person cannot use the app in a channel through Slack's own
// clients. An empty channel id means a place without a channel.
func (s *Sim) mayAct(userID, channelID string) error {
	u, ok := s.users[userID]
	if !ok {
		return fmt.Errorf("%w: user %s", ErrUnknown, userID)
	}
	if u.Deleted || u.Invited {
		return fmt.Errorf("%w: %s cannot sign in", ErrCannotAct, userID)
	}
	if channelID == "" {
		return nil
	}
	c, ok := s.channels[channelID]
	if !ok {
		return fmt.Errorf("%w: channel %s", ErrUnknown, channelID)
	}
	outsider := u.Restricted || u.UltraRestricted || u.Stranger
	if (c.Private || c.dmWith != "" || outsider) && !c.has(userID) {
		return fmt.Errorf("%w: %s does not see %s", ErrCannotAct, userID, channelID)
	}
	return nil
}
