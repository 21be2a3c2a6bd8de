package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

// Whoever ends access or denies it is never told that it was too much, however much
// they did before.
func TestEndingsAreNeverCounted(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 3
		o.open()
		_, card := o.pending()
		for range 3 {
			o.jit(graceID, "help")
		}
		o.reads(o.jit(graceID, "help"), "more than anybody may do")
		for i := range 25 {
			id := jit.ID(fmt.Sprintf("g-2222%c", "cdefghjkmnpqrstwxyz23456789"[i]))
			g, _, err := o.another(id).Approve(jit.Person{ID: linusID}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			o.service.put(g)
			o.reads(o.jit(graceID, "revoke "+string(id)), "You revoked")
		}
		for _, text := range []string{"cancel g-2222c", "done g-2222c", "done g-22", "revoke"} {
			if said := o.jit(graceID, text); strings.Contains(said, "more than anybody") {
				t.Errorf("%s: %s", text, said)
			}
		}
		o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "Deny"))
		o.until("the form is open", func(s *slacksim.Snapshot) bool { return len(s.Views(graceID)) == 1 })
		r := o.must(o.sim.Submit(o.ctx, graceID, o.sim.Views(graceID)[0].ID, slacksim.Values{"reason": "no"}))
		if len(r.Errors) > 0 {
			t.Errorf("errors: %v", r.Errors)
		}
		o.finished()
		if g := o.grant("g-7k2qd"); g.State != jit.Denied {
			t.Errorf("the request is %s", g.State)
		}
	})
}

// Whoever opens Home again and again is counted.
func TestOpeningHomeIsCounted(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 3
		o.open()
		for range 20 {
			o.must(o.sim.OpenHome(o.ctx, adaID))
			time.Sleep(100 * time.Millisecond)
		}
		if n := o.sim.CountCalls("views.publish"); n != 3 {
			t.Errorf("shown %d times, not 3", n)
		}
		o.jit(adaID, "help")
	})
}

// broken is a service that panics.
type broken struct{ bot.Service }

func (broken) List(context.Context, jit.UserID, bool) ([]lookup.ListedGrant, error) { panic("List") }

func (broken) Concerns(context.Context, jit.UserID) ([]lookup.ListedGrant, error) {
	panic("Concerns")
}

func (broken) Choices(context.Context, jit.UserID, string, int) ([]lookup.Choice, error) {
	panic("Choices")
}

func (broken) Ask(context.Context, jit.UserID, string, jit.Ask) ([]jit.Grant, error) { panic("Ask") }

func (broken) Approve(context.Context, jit.UserID, jit.ID) (jit.Grant, error) { panic("Approve") }

func (broken) Revoke(context.Context, jit.UserID, jit.ID, string) (jit.Grant, error) {
	panic("Revoke")
}

// No panic of a job or an event ends the process: it is counted, its kind is logged,
// and whoever waits is answered.
func TestNoPanicEndsTheProcess(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.service.offer, o.service.vms = wide(), machines(3)
		o.conf.Service = broken{o.service}
		breaks := false
		var mu sync.Mutex
		o.conf.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			if breaks {
				breaks = false
				panic("Now")
			}
			return time.Now()
		}
		b, _ := o.open()
		_, card := o.pending()
		const broke = "Something broke on my side"
		o.reads(o.jit(adaID, "list"), broke)
		o.reads(o.jit(adaID, "request web-1 ssh 1h from 203.0.113.7 for x"), broke, "I cannot tell whether that was done")
		o.reads(o.jit(graceID, "revoke g-7k2qd"), broke, "I cannot tell whether that was done")
		o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "approve"))
		o.reads(o.ephemeral(graceID, answers), broke)
		o.must(o.sim.OpenHome(o.ctx, adaID))
		o.types(adaID, "request web-1")
		v := o.form(adaID)
		if found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "web"); err != nil || len(found) != 0 {
			t.Errorf("the menu offers %v: %v", found, err)
		}
		if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields())); r.View == nil {
			t.Error("the form is gone")
		} else {
			o.reads(r.Errors["vm"], "I cannot tell")
		}
		time.Sleep(time.Minute)
		before := b.Panics()
		mu.Lock()
		breaks = true
		mu.Unlock()
		o.reads(o.jit(adaID, "help"), broke)
		if before < 6 || b.Panics() != before+1 {
			t.Errorf("%d panics, then %d", before, b.Panics())
		}
		o.reads(o.jit(adaID, "help"), "/jit request")
		o.reads(o.logs.String(), "doing=\"answering list\"", "doing=\"a home tab\"", "doing=\"taking slash_commands\"")
	})
}

// What nobody began at a stop is told so, when it is not stored for the next start.
func TestAtAStopWhatIsQueuedIsTold(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 100
		o.conf.Service = slowFor{Service: o.service, who: adaID}
		_, stop := o.open()
		for range 6 {
			o.types(adaID, "scan")
		}
		synctest.Wait()
		o.sim.Reload(adaID)
		stop()
		told := 0
		for _, m := range o.sim.Ephemerals(adaID) {
			if strings.Contains(m.Text, "I am restarting") {
				told++
			}
		}
		if told != 6 {
			t.Errorf("read: %+v", o.sim.Ephemerals(adaID))
		}
	})
}

// An ack goes by the socket that is up, while the one that it belongs to is down.
func TestAnAckGoesByTheSocketThatIsUp(t *testing.T) {
	for range 4 { // on whichever socket it comes
		inBubble(t, slacksim.Options{}, func(o *setup) {
			o.opened()
			o.conf.Inbox = &disk{Inbox: o.inbox, accept: []fate{{after: time.Second}}}
			o.open()
			var done sync.WaitGroup
			done.Go(func() {
				r, err := o.sim.Slash(o.ctx, graceID, approvals, "/jit", revoking)
				if err != nil || r.Took > 1100*time.Millisecond {
					t.Errorf("acknowledged after %s: %v", r.Took, err)
				}
			})
			time.Sleep(100 * time.Millisecond)
			all := o.sim.Envelopes()
			o.sim.FailNext("apps.connections.open", 100, slacksim.Fault{Status: 503})
			o.sim.DropSocket(all[len(all)-1].Socket)
			done.Wait()
			o.sim.ClearFaults()
		})
	}
}

// A click that waited for an hour behind another is not carried out, and its sender is
// told.
func TestAClickThatWaitedIsNotCarriedOut(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(o *setup) {
		o.conf.Inbox = &disk{Inbox: o.inbox, accept: []fate{{after: 90 * time.Second}}}
		var mu sync.Mutex
		ahead := time.Duration(0)
		o.conf.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(ahead)
		}
		o.opened()
		o.open()
		o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", revoking))
		mu.Lock()
		ahead = time.Hour
		mu.Unlock()
		time.Sleep(2 * time.Minute)
		o.finished()
		o.reads(o.direct(graceID, 1), "too old to be carried out", "it had to wait")
		if g := o.grant("g-2222a"); g.State == jit.Closing {
			t.Error("it was carried out")
		}
	})
}

// A response URL that takes nothing and says so with status 200 took nothing.
func TestAResponseURLThatRefusesIsNoAnswer(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(o *setup) {
		o.open()
		o.sim.FailNext("respond", 1, slacksim.Fault{Error: "used_url"})
		o.types(adaID, "list")
		o.reads(o.direct(adaID, 1), "You have no live grants")
	})
}

// One Home tab that hangs, and one letter after another that does, hold up no other
// Home and no form.
func TestAHomeThatHangsDelaysNoOther(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.Service = slowFor{Service: o.service, who: adaID}
		o.open()
		o.pending()
		o.must(o.sim.OpenHome(o.ctx, adaID))
		began := time.Now()
		o.must(o.sim.OpenHome(o.ctx, graceID))
		o.until("Grace's Home is there", func(s *slacksim.Snapshot) bool {
			v, ok := s.Home(graceID)
			return ok && strings.Contains(v.AllText(), "g-7k2qd")
		})
		if took := time.Since(began); took > time.Second {
			t.Errorf("Home after %s", took)
		}
	})
}

// Of many letters typed one after another only the newest is searched for.
func TestOnlyTheNewestLetterIsSearchedFor(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.service.offer, o.service.vms = wide(), machines(3)
		searches := &counted{Service: slowFor{Service: o.service, who: adaID}}
		o.conf.Service = searches
		o.open()
		o.types(adaID, "request web-1")
		v := o.form(adaID)
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				if found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", fmt.Sprint("web-", i)); err != nil || len(found) > 0 {
					t.Errorf("found %v: %v", found, err)
				}
			})
			time.Sleep(50 * time.Millisecond)
		}
		all.Wait()
		if n := searches.count(); n > 6 {
			t.Errorf("%d searches", n)
		}
	})
}

// counted counts the searches of a service.
type counted struct {
	bot.Service
	mu sync.Mutex
	n  int
}

func (c *counted) Choices(ctx context.Context, by jit.UserID, text string, limit int) ([]lookup.Choice, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Service.Choices(ctx, by, text, limit)
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
