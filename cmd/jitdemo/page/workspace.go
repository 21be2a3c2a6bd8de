package page

import (
	"cmp"
	"encoding/json"
	"net/http"
	"path"
	"slices"

	"jitbot/bot/slacksim"
)

// maxShown is how many messages of a channel the page gets, the newest.
const maxShown = 150

// setup is what never changes while the page is open.
type setup struct {
	Team      string     `json:"team"`
	Bot       string     `json:"bot"`
	People    []Person   `json:"people"`
	Commands  []string   `json:"commands"`
	Hints     []Hint     `json:"hints"`
	Shortcuts []Shortcut `json:"shortcuts"`
	Walks     []Walk     `json:"walks"`
	VMs       []string   `json:"vms"` // short names, for completion
	CanSkip   bool       `json:"can_skip"`
	CanKill   bool       `json:"can_kill"`
	// FirewallSeconds is how long a change of a firewall takes here.
	FirewallSeconds int `json:"firewall_seconds"`
}

func (h *handler) setup(w http.ResponseWriter, r *http.Request) {
	o := h.opt.Slack.Options()
	s := setup{
		Team: o.TeamName, Bot: o.BotUserID, People: h.opt.People, Hints: h.opt.Hints, Shortcuts: h.opt.Shortcuts,
		Walks: h.opt.Walks, CanSkip: h.opt.Skip != nil, CanKill: h.opt.Kill != nil && h.opt.Start != nil,
		FirewallSeconds: int(h.opt.Azure.Settings().FirewallTime.Seconds()),
	}
	for _, c := range o.Commands {
		s.Commands = append(s.Commands, c.Name)
	}
	for _, id := range h.machines() {
		s.VMs = append(s.VMs, path.Base(id))
	}
	h.answer(w, r, s)
}

// workspace is what one person sees of Slack.
type workspace struct {
	Me       string               `json:"me"`
	DM       string               `json:"dm"`
	Users    map[string]user      `json:"users"`
	Groups   map[string]string    `json:"groups"`   // handles by id
	Names    map[string]string    `json:"names"`    // channel names by id
	Channels []string             `json:"channels"` // those the person is in, by name
	Messages map[string][]message `json:"messages"` // by channel, oldest first
	Home     *view                `json:"home"`
	Views    []view               `json:"views"` // the stack of modals, the visible one last
	// Newest are the newest messages of others, by person and place, "dm" or a channel.
	Newest map[string]map[string]string `json:"newest"`
}

type user struct {
	Name string `json:"name"`
	Real string `json:"real"`
	Bot  bool   `json:"bot,omitempty"`
}

type message struct {
	TS        string          `json:"ts"`
	Thread    string          `json:"thread,omitempty"` // of a reply: the message it answers
	User      string          `json:"user"`
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	At        int64           `json:"at"`
	Edited    bool            `json:"edited,omitempty"`
	Ephemeral bool            `json:"ephemeral,omitempty"`
	Broadcast bool            `json:"broadcast,omitempty"`
}

type view struct {
	ID      string            `json:"id"`
	Hash    string            `json:"hash"`
	Title   string            `json:"title"`
	Submit  string            `json:"submit"`
	Close   string            `json:"close"`
	Blocks  json.RawMessage   `json:"blocks"`
	State   json.RawMessage   `json:"state"`
	Errors  map[string]string `json:"errors"`
	Trouble string            `json:"trouble"`
}

func (h *handler) workspace(me string) workspace {
	// The channel exists in Slack from the first time somebody opens it.
	dm := h.opt.Slack.DM(me)
	snap := h.opt.Slack.Snapshot()
	w := workspace{
		Me: me, DM: dm, Users: map[string]user{}, Groups: map[string]string{}, Names: map[string]string{},
		Messages: map[string][]message{},
	}
	for id, u := range snap.Users {
		w.Users[id] = user{Name: u.Name, Real: u.RealName, Bot: u.Bot || id == h.opt.Slack.Options().BotUserID || id == "USLACKBOT"}
	}
	for id, g := range snap.Groups {
		w.Groups[id] = g.Handle
	}
	for id, c := range snap.Channels {
		if id != dm && c.Name == "" {
			continue // other people's direct messages
		}
		w.Names[id] = c.Name
		if id != dm && slices.Contains(c.Members, me) && !c.Archived {
			w.Channels = append(w.Channels, id)
		}
	}
	slices.SortFunc(w.Channels, func(a, b string) int { return cmp.Compare(w.Names[a], w.Names[b]) })
	for _, id := range append([]string{dm}, w.Channels...) {
		w.Messages[id] = h.messages(snap, me, id)
	}
	if home, ok := snap.Home(me); ok {
		v := shownView(home)
		w.Home = &v
	}
	for _, v := range snap.Views(me) {
		w.Views = append(w.Views, shownView(v))
	}
	w.Newest = h.newest(snap)
	return w
}

// newest tells the page for whom of its people something is new.
func (h *handler) newest(snap *slacksim.Snapshot) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, p := range h.opt.People {
		places := map[string]string{}
		note := func(m slacksim.Message) {
			if m.User == p.ID || m.ThreadTS != "" && m.ThreadTS != m.TS && !m.Broadcast {
				return
			}
			c := snap.Channels[m.Channel]
			place := m.Channel
			switch {
			case !slices.Contains(c.Members, p.ID):
				return
			case c.Name == "":
				place = "dm"
			}
			places[place] = max(places[place], m.TS)
		}
		for _, m := range snap.AllMessages {
			note(m)
		}
		for _, m := range snap.Ephemerals(p.ID) {
			note(m)
		}
		out[p.ID] = places
	}
	return out
}

// messages are a channel's, with those that only this person sees in their places.
func (h *handler) messages(snap *slacksim.Snapshot, me, channel string) []message {
	out := []message{}
	add := func(m slacksim.Message) {
		thread := m.ThreadTS
		if thread == m.TS {
			thread = ""
		}
		out = append(out, message{
			TS: m.TS, Thread: thread, User: m.User, Text: m.Text, Blocks: m.Blocks, At: h.clock.shown(m.TS),
			Edited: m.Edited, Ephemeral: m.To != "", Broadcast: m.Broadcast,
		})
	}
	for _, m := range snap.AllMessages {
		if m.Channel == channel {
			add(m)
		}
	}
	for _, m := range snap.Ephemerals(me) {
		if m.Channel == channel {
			add(m)
		}
	}
	slices.SortStableFunc(out, func(a, b message) int { return cmp.Compare(a.TS, b.TS) })
	return out[max(0, len(out)-maxShown):]
}

func shownView(v slacksim.View) view {
	return view{
		ID: v.ID, Hash: v.Hash, Title: v.Title, Submit: v.Submit, Close: v.Close,
		Blocks: v.Blocks, State: v.State, Errors: v.Errors, Trouble: v.Trouble,
	}
}
