package bot_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/bot"
	"jitbot/bot/slacksim"
)

func account(o *setup) bot.Account {
	return bot.Account{BotToken: o.sim.Options().BotToken, AppToken: o.sim.Options().AppToken, URL: o.sim.Options().URL + "/api"}
}

// told wants a fault with the words in what the bot says of its installation and in
// the log.
func (o *setup) told(b *bot.Bot, words string) {
	o.t.Helper()
	o.eventually("it is told that "+words, func() bool {
		return strings.Contains(strings.Join(b.Faults(), "\n"), words) && strings.Contains(o.logs.String(), words)
	})
}

func TestTokensOfTwoAppsAreTold(t *testing.T) {
	o := setUp(t, slacksim.Options{SocketAppID: "A0OTHER"})
	b, _ := o.open()
	o.told(b, "the tokens are of two apps: SLACK_BOT_TOKEN of A0JITBOT and SLACK_APP_TOKEN of A0OTHER")
	if g, err := bot.Greet(o.ctx, account(o)); err != nil || g.App != "A0OTHER" {
		t.Errorf("greeted as %+v: %v", g, err)
	}
	if _, err := o.sim.Slash(o.ctx, adaID, approvals, "/jit", "list"); err == nil {
		t.Error("a command came by the sockets of another app")
	}
}

// Another jitbot on the same app is told once it is heard of for a minute; what a
// broken connection leaves is not.
func TestAnotherBotIsTold(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	other := socketmode.New(slack.New(o.sim.Options().BotToken, slack.OptionAppLevelToken(o.sim.Options().AppToken),
		slack.OptionAPIURL(o.sim.Options().URL+"/api/"), slack.OptionHTTPClient(&http.Client{})))
	elsewhere, leave := context.WithCancel(o.ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer leave()
	wg.Go(func() { _ = other.RunContext(elsewhere) })
	wg.Go(func() {
		for {
			select {
			case <-other.Events:
			case <-elsewhere.Done():
				return
			}
		}
	})
	o.until("the other is connected", func(s *slacksim.Snapshot) bool { return s.Sockets == 1 })
	var passed atomic.Int64
	o.conf.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	b, err := bot.New(o.conf)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(o.ctx)
	go func() { ended <- b.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	greeted := func(times int) {
		o.eventually("the bot has been greeted", func() bool { return strings.Count(o.logs.String(), "slack socket is up") >= times })
	}
	greeted(2)
	passed.Store(int64(time.Hour)) // what was heard once is not believed for being old
	if f := b.Faults(); len(f) > 0 {
		t.Errorf("told at once: %q", f)
	}
	o.sim.Renew(2, "refresh_requested")
	greeted(3)
	o.told(b, "1 more than jitbot's own connections are open to this app")
	if g, err := bot.Greet(o.ctx, account(o)); err != nil || g.Connections != 4 {
		t.Errorf("greeted as %+v: %v", g, err)
	}
	leave()
	o.until("the other is gone", func(s *slacksim.Snapshot) bool { return s.Sockets == 2 })
	o.sim.Renew(3, "refresh_requested")
	greeted(4)
	o.eventually("nothing is told any more", func() bool { return len(b.Faults()) == 0 })
}

// Where cards go is looked at: nobody of another organization reads them, and
// somebody does.
func TestChannelsOfCardsAreLookedAt(t *testing.T) {
	for want, change := range map[string]func(*slacksim.Channel){
		"shared with another organization": func(c *slacksim.Channel) { c.ExtShared = true },
		"nobody but jitbot is in the channel C0APPROVALS": func(c *slacksim.Channel) {
			c.Members = slices.DeleteFunc(c.Members, func(id string) bool { return id != "U0JITBOT" })
		},
		"C0APPROVALS is archived": func(c *slacksim.Channel) { c.Archived = true },
	} {
		o := setUp(t, slacksim.Options{})
		o.conf.Channels = []string{approvals}
		o.sim.UpdateChannel(approvals, change)
		b, stop := o.open()
		o.told(b, want)
		stop()
	}
	o := setUp(t, slacksim.Options{})
	o.conf.Channels = []string{approvals, slacksim.DemoGeneralID}
	b, _ := o.open()
	o.eventually("both were looked at", func() bool { return o.sim.CountCalls("conversations.info") == 2 && o.sim.CountCalls("bots.info") == 1 })
	if f := b.Faults(); len(f) > 0 {
		t.Errorf("told: %q", f)
	}
}

// What was wrong with the connection has its time, and is forgotten once it is
// mended.
func TestTheLastErrorOfTheConnectionIsDated(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, _ := o.open()
	before := time.Now()
	o.sim.FailNext("apps.connections.open", 2, slacksim.Fault{Error: "internal_error"})
	o.sim.DropSockets()
	o.eventually("the error is told", func() bool {
		text, at := b.LastError()
		return strings.Contains(text, "internal_error") && !at.Before(before)
	})
	o.eventually("it is forgotten", func() bool {
		text, at := b.LastError()
		ok, _, _ := b.Connected()
		return ok && text == "" && at.IsZero()
	})
}
