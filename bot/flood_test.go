package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/reach"
)

// slowFor is a service of which one person's questions are answered by nobody.
type slowFor struct {
	bot.Service
	who jit.UserID
}

func (s slowFor) wait(ctx context.Context, by jit.UserID) error {
	if by != s.who {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s slowFor) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if err := s.wait(ctx, by); err != nil {
		return nil, err
	}
	return s.Service.Ask(ctx, by, key, a)
}

func (s slowFor) Choices(ctx context.Context, by jit.UserID, text string, limit int) ([]lookup.Choice, error) {
	if err := s.wait(ctx, by); err != nil {
		return nil, err
	}
	return s.Service.Choices(ctx, by, text, limit)
}

func (s slowFor) Scan(ctx context.Context, by jit.UserID) ([]reach.Finding, bool, error) {
	if err := s.wait(ctx, by); err != nil {
		return nil, false, err
	}
	return s.Service.Scan(ctx, by)
}

func (s slowFor) Concerns(ctx context.Context, by jit.UserID) ([]lookup.ListedGrant, error) {
	if err := s.wait(ctx, by); err != nil {
		return nil, err
	}
	return s.Service.Concerns(ctx, by)
}

// However much one person does, and however slow all of it is, another's commands and
// clicks are acknowledged within 100 ms and take effect within a second.
func TestAFloodOfOneDelaysNoOther(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 1000
		o.service.offer, o.service.vms = wide(), machines(3)
		o.conf.Service = slowFor{Service: o.service, who: adaID}
		o.open()
		_, card := o.pending()
		open := o.another("g-2222a")
		open, _, err := open.Approve(jit.Person{ID: linusID}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		o.service.put(open)
		o.another("g-2222b")
		o.types(adaID, "request web-1")
		v := o.form(adaID)
		o.sim.FailNext("respond", 10000, slacksim.Fault{Status: 503}) // no answer can be delivered
		var flood sync.WaitGroup
		for i := range 400 {
			flood.Go(func() { _, _ = o.sim.Suggest(o.ctx, adaID, v.ID, "vm", fmt.Sprint("web-", i)) })
		}
		for i := range 50 {
			flood.Go(func() {
				_, _ = o.sim.Slash(o.ctx, adaID, approvals, "/jit", fmt.Sprintf("request web-1 ssh 1h from 203.0.113.7 for fix %d", i))
			})
			flood.Go(func() { _, _ = o.sim.Slash(o.ctx, adaID, approvals, "/jit", "list") })
		}
		for range 20 {
			flood.Go(func() { _, _ = o.sim.OpenHome(o.ctx, adaID) })
		}
		time.Sleep(50 * time.Millisecond)
		acked := func(r slacksim.Reply) {
			t.Helper()
			if r.Took > 100*time.Millisecond {
				t.Errorf("acknowledged after %s", r.Took)
			}
		}
		began := time.Now()
		effect := func(what string, done func() bool) {
			t.Helper()
			o.eventually(what, done)
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s after %s", what, took)
			}
		}
		acked(o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "revoke g-2222a")))
		effect("the revocation", func() bool { return o.grant(open.ID).State == jit.Closing })
		began = time.Now()
		acked(o.must(o.sim.Click(o.ctx, linusID, card.Channel, card.Message, "Deny")))
		effect("the form for a reason", func() bool { return len(o.sim.Views(linusID)) == 1 })
		began = time.Now()
		acked(o.must(o.sim.Submit(o.ctx, linusID, o.sim.Views(linusID)[0].ID, slacksim.Values{"reason": "not today"})))
		effect("the denial", func() bool { return o.grant("g-7k2qd").State == jit.Denied })
		began = time.Now()
		acked(o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", "")))
		effect("the form", func() bool {
			return slices.ContainsFunc(o.sim.Views(graceID), func(v slacksim.View) bool { return v.Submit != "" })
		})
		began = time.Now() // nor does it keep whoever does it all from ending what they have
		acked(o.must(o.sim.Slash(o.ctx, adaID, approvals, "/jit", "cancel g-2222b")))
		effect("the withdrawal", func() bool { return o.grant("g-2222b").State == jit.Cancelled })
		flood.Wait()
		synctest.Wait()
	})
}
