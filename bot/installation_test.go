package bot_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

// Another jitbot on the same app is told once two greetings a while apart tell of it,
// for which a socket is opened anew; what a broken connection leaves is not told.
func TestAnotherBotIsTold(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(o *setup) {
		leave := o.connects()
		b, _ := o.open()
		time.Sleep(time.Minute)
		if f := b.Faults(); len(f) > 0 {
			o.t.Errorf("told at once: %q", f)
		}
		time.Sleep(2 * time.Minute)
		o.told(b, "1 more than jitbot's own connections are open to this app")
		leave()
		time.Sleep(11 * time.Minute)
		if f := b.Faults(); len(f) > 0 {
			o.t.Errorf("still told: %q", f)
		}
		o.reads(o.jit(adaID, "list"), "You have no live grants")
	})
	inBubble(t, slacksim.Options{}, func(o *setup) {
		leave := o.connects() // as a process that was killed leaves it
		b, _ := o.open()
		leave()
		time.Sleep(time.Hour)
		if f := b.Faults(); len(f) > 0 || strings.Contains(o.logs.String(), "more than jitbot's own") {
			o.t.Errorf("told of a connection that was left: %q", f)
		}
	})
}

// connects is another jitbot on the app, until leave.
func (o *setup) connects() (leave func()) {
	o.t.Helper()
	_, address, err := o.conf.API.StartSocketModeContext(o.ctx)
	if err != nil {
		o.t.Fatal(err)
	}
	conn, answer, err := o.conf.Dialer.DialContext(o.ctx, address, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	_ = answer.Body.Close()
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	})
	leave = sync.OnceFunc(func() {
		_ = conn.Close()
		reading.Wait()
	})
	o.t.Cleanup(leave)
	return leave
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
