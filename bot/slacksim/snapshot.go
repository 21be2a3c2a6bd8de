package slacksim

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Snapshot is the whole workspace at one instant. It is a copy: it never
// changes, and nothing done to it reaches the simulator.
type Snapshot struct {
	// Rev grows with every change.
	Rev uint64
	// Users by id, the bot user and Slackbot included.
	Users map[string]User
	// Channels by id, direct messages (D…, no name) included.
	Channels map[string]Channel
	// Groups by id.
	Groups map[string]Group
	// AllMessages in the order of their timestamps, threads included.
	AllMessages []Message
	// AllEphemerals that are still on somebody's screen.
	AllEphemerals []Message
	// Troubles are failures that a person saw, oldest first.
	Troubles []Trouble
	// Sockets is the number of open Socket Mode connections.
	Sockets int

	modals map[string][]View
	homes  map[string]View
	dms    map[string]string
}

// Snapshot copies the workspace.
func (s *Sim) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot()
}

func (s *Sim) snapshot() *Snapshot {
	n := &Snapshot{
		Rev: s.rev, Users: maps.Clone(s.users), Groups: map[string]Group{}, Channels: map[string]Channel{},
		Troubles: slices.Clone(s.troubles), Sockets: len(s.sockets),
		modals: map[string][]View{}, homes: map[string]View{}, dms: map[string]string{},
	}
	for id, g := range s.groups {
		g.Users = slices.Clone(g.Users)
		n.Groups[id] = g
	}
	for id, c := range s.channels {
		if c.dmWith != "" {
			n.dms[c.dmWith] = id
		}
		cc := c.Channel
		cc.Members = slices.Clone(cc.Members)
		n.Channels[id] = cc
	}
	for _, m := range s.messages {
		n.AllMessages = append(n.AllMessages, m.Message)
	}
	for _, m := range s.ephemerals {
		n.AllEphemerals = append(n.AllEphemerals, m.Message)
	}
	for user, ids := range s.stacks {
		for _, id := range ids {
			n.modals[user] = append(n.modals[user], s.views[id].public())
		}
	}
	for user, v := range s.homes {
		n.homes[user] = v.public()
	}
	return n
}

// Messages are the top-level messages of a channel, oldest first.
func (n *Snapshot) Messages(channelID string) []Message {
	return n.filter(func(m Message) bool {
		return m.Channel == channelID && (m.ThreadTS == "" || m.ThreadTS == m.TS || m.Broadcast)
	})
}

// Thread is a message and the replies to it, oldest first.
func (n *Snapshot) Thread(channelID, ts string) []Message {
	return n.filter(func(m Message) bool {
		return m.Channel == channelID && (m.TS == ts || m.ThreadTS == ts)
	})
}

// DMs are all messages between the bot and a person, threads included.
func (n *Snapshot) DMs(userID string) []Message {
	id, ok := n.dms[userID]
	if !ok {
		return nil
	}
	return n.filter(func(m Message) bool { return m.Channel == id })
}

// DM is the id of the direct message channel of a person, empty while there is none.
func (n *Snapshot) DM(userID string) string { return n.dms[userID] }

// Message finds one message by channel and timestamp.
func (n *Snapshot) Message(channelID, ts string) (Message, bool) {
	for _, m := range n.AllMessages {
		if m.Channel == channelID && m.TS == ts {
			return m, true
		}
	}
	return Message{}, false
}

// Ephemerals are the messages that only this person sees, oldest first.
func (n *Snapshot) Ephemerals(userID string) []Message {
	var out []Message
	for _, m := range n.AllEphemerals {
		if m.To == userID {
			out = append(out, m)
		}
	}
	return out
}

// Views is a person's stack of modals, the visible one last.
func (n *Snapshot) Views(userID string) []View { return slices.Clone(n.modals[userID]) }

// Home is what the app published to a person's Home tab.
func (n *Snapshot) Home(userID string) (View, bool) {
	v, ok := n.homes[userID]
	return v, ok
}

// Text is everything that a person reads in a channel, messages and blocks, for
// a test that looks for a word.
func (n *Snapshot) Text(channelID string) string {
	var b strings.Builder
	for _, m := range n.AllMessages {
		if m.Channel == channelID {
			b.WriteString(m.AllText() + "\n")
		}
	}
	return b.String()
}

func (n *Snapshot) filter(keep func(Message) bool) []Message {
	var out []Message
	for _, m := range n.AllMessages {
		if keep(m) {
			out = append(out, m)
		}
	}
	return out
}

// Messages is Snapshot().Messages.
func (s *Sim) Messages(channelID string) []Message { return s.Snapshot().Messages(channelID) }

// Thread is Snapshot().Thread.
func (s *Sim) Thread(channelID, ts string) []Message { return s.Snapshot().Thread(channelID, ts) }

// DMs is Snapshot().DMs.
func (s *Sim) DMs(userID string) []Message { return s.Snapshot().DMs(userID) }

// Ephemerals is Snapshot().Ephemerals.
func (s *Sim) Ephemerals(userID string) []Message { return s.Snapshot().Ephemerals(userID) }

// Views is Snapshot().Views.
func (s *Sim) Views(userID string) []View { return s.Snapshot().Views(userID) }

// Home is Snapshot().Home.
func (s *Sim) Home(userID string) (View, bool) { return s.Snapshot().Home(userID) }

// Wait returns nil as soon as cond holds, ctx's error when that ends first, and
// ErrClosed when the simulator is closed. cond is asked once now and once after
// every change; it must not call the simulator's writing methods.
func (s *Sim) Wait(ctx context.Context, cond func(*Snapshot) bool) error {
	for {
		s.mu.Lock()
		snap, changed := s.snapshot(), s.changed
		s.mu.Unlock()
		if cond(snap) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return ErrClosed
		}
	}
}

// Changes gives the newest revision after each change, for a page that redraws
// itself: a slow reader misses revisions in between and never the last one. The
// second result ends the subscription; the channel is not closed.
func (s *Sim) Changes() (<-chan uint64, func()) {
	ch := make(chan uint64, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, ch)
	}
}

// touch tells every waiter that something changed. Called with the lock held.
func (s *Sim) touch() {
	s.rev++
	close(s.changed)
	s.changed = make(chan struct{})
	for ch := range s.subs {
		select {
		case <-ch:
		default:
		}
		// Only this function sends, under the lock, so there is room now.
		ch <- s.rev
	}
}
