package bot_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
)

func TestTheHomeTab(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	b, _ := o.open()
	g, _ := o.pending()
	home := func(user, want string) slacksim.View {
		o.until("the home says "+want, func(s *slacksim.Snapshot) bool {
			v, ok := s.Home(user)
			return ok && strings.Contains(v.AllText(), want)
		})
		v, _ := o.sim.Home(user)
		return v
	}
	o.must(o.sim.OpenMessagesTab(o.ctx, adaID))
	o.must(o.sim.OpenHome(o.ctx, adaID))
	v := home(adaID, "g-7k2qd")
	if _, ok := v.Button("Withdraw request"); !ok || len(v.Buttons()) != 2 {
		t.Errorf("the home has %v", v.Buttons())
	}
	o.must(o.sim.ClickView(o.ctx, adaID, v.ID, "Request access"))
	o.form(adaID)
	o.must(o.sim.OpenHome(o.ctx, graceID))
	v = home(graceID, "Waiting for me")
	o.must(o.sim.ClickView(o.ctx, graceID, v.ID, "approve"))
	home(graceID, "Nothing waits for your decision")
	o.reads(o.direct(graceID, 1), "You approved `g-7k2qd`")
	o.service.mu.Lock()
	g = o.service.grants[g.ID]
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "approved, opening")
	o.sim.FailNext("views.publish", 1, slacksim.Fault{RetryAfter: time.Second})
	o.service.mu.Lock()
	delete(o.service.grants, g.ID)
	o.service.mu.Unlock()
	b.Refresh(g)
	home(adaID, "Nothing is open for you")
}
