package crash_test

import (
	"net/netip"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// Promise 2 while access is moved: whatever step is the last, it is open from one of the two
// addresses alone, as it says, or ended.
func TestCrashAtEveryStepOfAMove(t *testing.T) {
	crashEverywhere(t, "move", 4, func(t *testing.T, w *world, f *simulated.CrashPoint) { crashMove(t, w, f, "web-1", azuresim.DemoWeb1) })
}

func TestCrashAtEveryStepOfAMoveBehindAFirewall(t *testing.T) {
	crashEverywhere(t, "move", 4, func(t *testing.T, w *world, f *simulated.CrashPoint) {
		azuresim.SeedFirewalls(w.Azure)
		crashMove(t, w, f, "app-1", azuresim.DemoApp)
	})
}

func crashMove(t *testing.T, w *world, f *simulated.CrashPoint, name, vm string) {
	const old, vpn = "203.0.113.7", "198.51.100.9"
	w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = 5 * time.Second })
	w.Config.FirewallWithin = time.Minute
	w.Told.MayBeLate(10 * time.Minute) // nobody tells of it until the restart
	foreign, firewalls := w.Foreign(), w.ForeignFirewalls()
	w.Start()
	g := w.Open(20*time.Minute, name)
	w.Stop()
	f.Strike(w.World)
	w.Start()
	w.Pass(5 * time.Second)
	_, err := w.Service.Move(t.Context(), ada, g.ID, netip.MustParsePrefix(vpn+"/32"))
	w.Pass(40 * time.Second)
	w.Stop()

	w.Wrap, w.WrapStore = nil, nil
	w.Start()
	w.Pass(2 * time.Minute)
	now := w.Grant(g.ID)
	fromOld, fromNew := w.Connects(vm, old, 22), w.Connects(vm, vpn, 22)
	switch {
	case now.Move.Underway() && now.State == jit.Open:
		t.Errorf("two minutes later it is still being moved: %+v", now.Move)
	case now.State != jit.Open && (fromOld || fromNew):
		t.Errorf("it is %s (%s), and reached from the old address %t, from the new %t", now.State, now.Decision.Reason, fromOld, fromNew)
	case now.State == jit.Open && fromNew == fromOld,
		now.State == jit.Open && fromNew != (now.Request.Sources[0].Addr().String() == vpn):
		t.Errorf("it is open from %v, and reached from the old address %t, from the new %t", now.Request.Sources, fromOld, fromNew)
	case err == nil && !f.Crashed() && !fromNew:
		t.Error("nothing went wrong, and it was not moved")
	case now.State != jit.Open:
		t.Logf("it ended: %s", now.Decision.Reason)
	}
	if now.State == jit.Open && !now.Clock.Deadline.Equal(g.Clock.Deadline) {
		t.Errorf("until %s, was %s", now.Clock.Deadline, g.Clock.Deadline)
	}
	w.CheckPromises(foreign)
	w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
	w.Want(g.ID, jit.Closed)
	if n := w.Ours(); n != 0 || w.Connects(vm, old, 22) || w.Connects(vm, vpn, 22) || w.Firewalls() != firewalls {
		t.Errorf("%d rules are left after the end", n)
	}
	w.CheckPromises(foreign)
}
