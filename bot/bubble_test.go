package bot_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// inBubble is a workspace like that of setUp, in fake time.
func inBubble(t *testing.T, opt slacksim.Options, f func(o *setup)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newBubbled(t, opt)) })
}

func newBubbled(t tester, opt slacksim.Options) *setup {
	t.Helper()
	sim := slacksim.New(opt)
	slacksim.SeedDemo(sim)
	n := slacksim.NewNetwork(sim)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 6*time.Hour)
	t.Cleanup(func() {
		cancel()
		sim.Close()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	o := newSetup(t, ctx, sim, "http://slack.invalid", n.Client())
	o.conf.Dialer = &websocket.Dialer{NetDialContext: n.Dial}
	return o
}

// another puts another waiting request of Ada's.
func (o *setup) another(id jit.ID) jit.Grant {
	o.t.Helper()
	g, _ := jit.NewGrant(id, jit.Request{
		By: jit.Person{ID: adaID}, Targets: []jit.Target{{VM: "/vm/web-1", Name: "web-1", Group: "rg"}},
		Ports: ssh(), Sources: from("203.0.113.7/32"), Duration: time.Hour, Reason: "the fix", At: time.Now(),
	})
	g, _, err := g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.service.put(g)
	return g
}

func (o *setup) grant(id jit.ID) jit.Grant {
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	return o.service.grants[id]
}
