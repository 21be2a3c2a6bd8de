package decide_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reconcile"
	"jitbot/store/bolt"
)

// slackBot is the real service over a real store and the real Azure clients, and
// the real bot in a simulated workspace. Nothing sweeps, so that a grant stays
// as it is put.
type slackBot struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // the test's own, which ends every wait of it
	sim     *slacksim.Sim
	azure   *azuresim.Sim
	store   *bolt.Store
	service *access.Service
	buttons slacksim.Message // with every button
	grants  int
}

func newSlackBot(t *testing.T) *slackBot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &slackBot{t: t, ctx: ctx, sim: slacksim.New(slacksim.Options{
		NoRateLimits: true, // hundreds of clicks of one person would take minutes
	})}
	srv := httptest.NewServer(s.sim)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.sim.SetURL(srv.URL)
	t.Cleanup(func() {
		s.sim.Close()
		srv.Close()
	})
	s.people()
	w := newWorld(t)
	db, err := bolt.Open(ctx, w.File, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.store, s.azure = db, w.Azure
	api := bot.NewClient(bot.Account{BotToken: s.sim.Options().BotToken, AppToken: s.sim.Options().AppToken, URL: srv.URL + "/api"})
	checks := admission.NewChecker(w.Config, admission.Adapters{
		Grants: db, Protections: db, Record: db, Names: db,
		Network: w.Client, Inventory: w.Client, Directory: w.Client, Readiness: w.Client,
		People: bot.NewPeople(api), Meter: w.Meter, Log: slog.New(slog.DiscardHandler),
	})
	s.service = access.New(checks, db, reconcile.New(checks, db))
	s.run(bot.Config{
		API: api, Service: s.service, Inbox: db,
		PerPerson: 1e6, Stagger: time.Millisecond, Grace: time.Second,
	})
	s.postButtons(api)
	return s
}

func (s *slackBot) people() {
	var all []string
	for _, u := range []slacksim.User{
		{ID: string(ada)},
		{ID: string(grace)},
		{ID: string(alan)},
		{ID: string(carol)},
		{ID: string(bob)},
		{ID: string(guest), Restricted: true},
		{ID: string(robot), Bot: true},
		{ID: string(gone), Deleted: true},
		{ID: string(stranger), Stranger: true},
		{ID: string(elsewhere), TeamID: "T0ELSEWHERE"},
	} {
		all = append(all, s.sim.AddUser(u).ID)
	}
	s.sim.AddChannel(slacksim.Channel{ID: channel, Name: "team", Members: append(all, s.sim.Options().BotUserID)})
	s.sim.AddGroup(slacksim.Group{ID: group, Handle: "approvers", Users: []string{string(grace), string(alan)}})
}

func (s *slackBot) run(c bot.Config) {
	s.t.Helper()
	b, err := bot.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Run(ctx); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	s.until("the bot is there", func(n *slacksim.Snapshot) bool { return n.Sockets == 2 })
}

func (s *slackBot) until(what string, cond func(*slacksim.Snapshot) bool) {
	s.t.Helper()
	if err := s.sim.Wait(s.ctx, cond); err != nil {
		s.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// postButtons posts a message with every button; each click names its grant.
func (s *slackBot) postButtons(api *slack.Client) {
	s.t.Helper()
	var all []slack.BlockElement
	for _, action := range append(buttonsOfMatrix(), "approve_less") {
		all = append(all, slack.NewButtonBlockElement(action, "g-22222", slack.NewTextBlockObject(slack.PlainTextType, action, false, false)))
	}
	if _, _, err := api.PostMessageContext(s.ctx, channel, slack.MsgOptionText("every button", false), slack.MsgOptionBlocks(slack.NewActionBlock("", all...))); err != nil {
		s.t.Fatal(err)
	}
	s.buttons = s.sim.Messages(channel)[0]
}

// press presses a button, gives a reason where a form asks for it, and returns
// what is read.
func (s *slackBot) press(by jit.UserID, action string, id jit.ID) string {
	s.t.Helper()
	user, value := string(by), string(id)
	s.sim.Reload(user)
	if action == "less" {
		return s.pressLess(by, value)
	}
	if _, err := s.sim.ClickRaw(s.ctx, user, channel, s.buttons.TS, action, slacksim.Raw{Value: &value, Force: true}); err != nil {
		s.t.Fatalf("%s presses %s: %v", by, action, err)
	}
	if action != "deny" || by == elsewhere {
		return s.whisper(user)
	}
	s.until("the form is there", func(n *slacksim.Snapshot) bool { return len(n.Views(user)) == 1 })
	before := len(s.sim.DMs(user))
	if _, err := s.sim.SubmitRaw(s.ctx, user, s.sim.Views(user)[0].ID, slacksim.Values{"reason": "no"}, slacksim.Raw{Force: true}); err != nil {
		s.t.Fatalf("%s denies: %v", by, err)
	}
	if unreachable(by) {
		s.settled()
		return ""
	}
	return s.direct(user, before)
}

// settled waits until every delivery was dealt with.
func (s *slackBot) settled() {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for left := 1; left > 0; <-tick.C {
		left = 0
		err := s.store.Accepted(s.ctx, func(string, []byte, time.Time) error { left++; return nil })
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *slackBot) whisper(user string) string {
	s.t.Helper()
	text := ""
	s.until(user+" is answered", func(n *slacksim.Snapshot) bool {
		for _, m := range n.Ephemerals(user) {
			if simulated.Answers(m.Text) {
				text = m.Text
			}
		}
		return text != ""
	})
	return text
}

func (s *slackBot) direct(user string, before int) string {
	s.t.Helper()
	text := ""
	s.until(user+" is told", func(n *slacksim.Snapshot) bool {
		if all := n.DMs(user); len(all) > before {
			text = all[len(all)-1].Text
		}
		return text != ""
	})
	return text
}

func (s *slackBot) typed(by jit.UserID, text string) string {
	s.t.Helper()
	user := string(by)
	s.sim.Reload(user)
	r, err := s.sim.SlashRaw(s.ctx, user, channel, "/jit", text, slacksim.Raw{Force: true})
	if err != nil {
		s.t.Fatalf("%s types %s: %v", by, text, err)
	}
	if r.Text != "" {
		return r.Text
	}
	return s.seen(user)
}

// seen is the first answer or filled form on somebody's screen.
func (s *slackBot) seen(user string) string {
	s.t.Helper()
	text := ""
	s.until(user+" sees something", func(n *slacksim.Snapshot) bool {
		for _, m := range n.Ephemerals(user) {
			if simulated.Answers(m.Text) {
				text = m.Text
			}
		}
		for _, v := range n.Views(user) {
			if v.Submit != "" {
				text = v.AllText()
			}
		}
		return text != ""
	})
	return text
}

// enter comes in one way and returns what is read.
func (s *slackBot) enter(by jit.UserID, way string) string {
	s.t.Helper()
	user := string(by)
	switch way {
	case "help", "list":
		return s.typed(by, way)
	case "listall":
		return s.typed(by, "list all")
	case "request":
		return s.typed(by, "request web-1 22 1h from 203.0.113.7 for the fix")
	case "form":
		return s.typed(by, "")
	case "typed":
		return s.typed(by, "request web-1 22 1h from 203.0.113.7")
	}
	s.sim.Reload(user)
	before := len(s.sim.DMs(user))
	if err := s.approach(user, way); err != nil {
		s.t.Fatalf("%s by %s: %v", way, by, err)
	}
	switch {
	case by == elsewhere, by == gone, by == robot && way == "shortcut":
		return ""
	case way == "home":
		text := ""
		s.until(user+" sees the Home tab", func(n *slacksim.Snapshot) bool {
			v, ok := n.Home(user)
			text = v.AllText()
			return ok
		})
		return text
	case way == "shortcut" && slices.Contains([]jit.UserID{guest, stranger}, by):
		return s.direct(user, before)
	default:
		return s.seen(user)
	}
}

// approach uses what is no command.
func (s *slackBot) approach(user, way string) error {
	var err error
	switch way {
	case "shortcut":
		_, err = s.sim.ShortcutRaw(s.ctx, user, "request_access", slacksim.Raw{Force: true})
	case "mention":
		_, err = s.sim.Event(s.ctx, map[string]any{"type": "app_mention", "user": user, "channel": channel, "text": "hello"})
	case "home":
		_, err = s.sim.Event(s.ctx, map[string]any{"type": "app_home_opened", "user": user, "channel": "D0", "tab": "home"})
	}
	return err
}
