package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/schedule"
)

// weekly makes a digest due in so long from now, each week, and starts.
func (w *world) weekly(in time.Duration) {
	w.T.Helper()
	text := time.Now().UTC().Add(in).Format("Mon 15:04")
	s, ok := schedule.Parse(text)
	if !ok {
		w.T.Fatalf("%q is no schedule", text)
	}
	w.Config.Digest = s
	w.Start()
}

const digested = "digest to channel"

// toldDigests fails unless so many digests were told, and gives the latest.
func (w *world) toldDigests(when string, want int) reach.Digest {
	w.T.Helper()
	if told := w.Told.Count(digested); told != want {
		w.T.Errorf("%s: %d digests told, want %d", when, told, want)
	}
	d, err := w.Store.Digest(w.T.Context())
	if err != nil {
		w.T.Fatal(err)
	}
	return d
}

// madeDigests counts those in the record.
func (w *world) madeDigests() int {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	return len(slices.DeleteFunc(events, func(e jit.Event) bool { return e.Kind != jit.EventDigest }))
}

// asleep lets time go by while jitbot is down.
func (w *world) asleep(d time.Duration) {
	w.Stop()
	time.Sleep(d)
	w.Start()
	w.Pass(2 * time.Second)
}

const aWeek = 7 * 24 * time.Hour

func TestDigestIsToldOnceAWeek(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.weekly(5 * time.Minute)
		w.Pass(5*time.Minute - time.Second)
		w.toldDigests("before", 0)
		due := time.Now().Add(time.Second)
		w.Pass(2 * time.Second)
		d := w.toldDigests("when it is due", 1)
		if d.Unhealthy != 4 || d.Healthy != 5 || d.NotApplicable != 1 || d.Untold != 0 || !d.Due.Equal(due) || d.At.Sub(due) > 2*time.Second || !d.Since.IsZero() || len(d.Gaps) > 0 {
			t.Errorf("%+v", d)
		}
		if x := d.Exposures; len(x) != 4 || !resource.Same(x[0].VM, azuresim.DemoJump) || !x[0].Production || !strings.Contains(x[0].Why, "ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any but 192.0.2.0/24.") {
			t.Errorf("exposed %+v", x)
		}
		w.Protect("jump-1")
		w.asleep(aWeek - 10*time.Minute)
		w.Pass(time.Until(due.Add(aWeek)) - time.Second)
		w.toldDigests("all week", 1)
		w.Pass(2 * time.Second)
		d = w.toldDigests("a week later", 2)
		if d.Unhealthy != 3 || d.Healthy != 6 || len(d.Opened) != 0 || len(d.Mended) != 1 || !resource.Same(d.Mended[0], azuresim.DemoJump) || d.Since.IsZero() {
			t.Errorf("%+v", d)
		}
		if r := d.Remarks; len(r) != 1 || !strings.Contains(r[0].Text, "Yet its policy lets a request open port 22 to any single address") || !resource.Same(r[0].VMs[0], azuresim.DemoJump) {
			t.Errorf("remarks %+v", r)
		}
		w.CheckPromises(foreign)
	})
}

// What was due while jitbot was down is told when it is back, within a day.
func TestDigestWhileDown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.weekly(10 * time.Minute)
		w.Pass(9 * time.Minute)
		w.asleep(5 * time.Minute)
		w.toldDigests("minutes late", 1)
		w.asleep(time.Minute)
		w.toldDigests("after a restart", 1)
		w.asleep(aWeek + 24*time.Hour)
		w.toldDigests("more than a day late", 1)
		w.asleep(6*24*time.Hour - 10*time.Minute)
		w.toldDigests("before the next", 1)
		w.Pass(10 * time.Minute)
		w.toldDigests("the next", 2)
	})
}

// Slack being down delays a digest, by a day at most.
func TestDigestWhileSlackIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.weekly(time.Minute)
		w.Told.SetDown(true)
		w.Pass(2 * time.Minute)
		w.asleep(23 * time.Hour)
		w.Told.SetDown(false)
		w.Pass(2 * time.Minute)
		w.toldDigests("Slack is back", 1)
		w.Told.SetDown(true)
		w.asleep(aWeek - 23*time.Hour)
		w.Pass(2 * time.Minute)
		w.asleep(24 * time.Hour)
		w.Told.SetDown(false)
		w.Pass(2 * time.Minute)
		w.toldDigests("Slack was away for more than a day", 1)
		if made := w.madeDigests(); made != 2 {
			t.Errorf("made %d times", made)
		}
		if left, err := w.Store.Notices(t.Context(), 0, 10); err != nil || len(left) > 0 {
			t.Errorf("still to be told: %+v, %v", left, err)
		}
	})
}

// A crash at any step neither loses it nor makes it twice.
func TestDigestAndCrashes(t *testing.T) {
	for step := 1; step < 4; step++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(step, after), func(t *testing.T) {
				bubble(t, func(t *testing.T, w *world) {
					w.weekly(time.Minute)
					w.Pass(30 * time.Second)
					w.Stop()
					f := &simulated.CrashPoint{Left: step, After: after}
					f.Strike(w.World)
					w.Start()
					w.Pass(35 * time.Second)
					if told := w.Told.Count(digested); told > 1 && !f.Crashed() {
						t.Errorf("told %d times", told)
					}
					w.Wrap, w.WrapStore = nil, nil
					w.asleep(time.Minute)
					if told, made := w.Told.Count(digested), w.madeDigests(); told == 0 || made != 1 {
						t.Errorf("told %d times, made %d times", told, made)
					}
				})
			})
		}
	}
}

// What cannot be read is tried again, and said when it stays so. Nothing is
// told by a clock that Azure's contradicts.
func TestDigestInDoubt(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.weekly(time.Minute)
		fault := w.Azure.AddFault(azuresim.Fault{Path: "networkSecurityGroups", Status: 403, Code: "AuthorizationFailed"})
		w.Pass(20 * time.Minute)
		w.toldDigests("without rules", 0)
		fault.Remove()
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 2 * time.Minute })
		w.Pass(20 * time.Minute)
		w.toldDigests("with a clock in doubt", 0)
		w.Azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 0 })
		w.Pass(2 * time.Minute)
		w.toldDigests("when all is well", 1)
		fault = w.Azure.AddFault(azuresim.Fault{Path: "routeTables", Status: 403, Code: "AuthorizationFailed"})
		w.asleep(aWeek - 41*time.Minute)
		w.toldDigests("when a part cannot be read", 1)
		w.Pass(12 * time.Minute)
		if d := w.toldDigests("when it stays so", 2); len(d.Gaps) != 1 || !strings.Contains(d.Gaps[0], "What is around the VMs") {
			t.Errorf("%+v", d)
		}
		fault.Remove()
	})
}

// The channel reads it, of the whole bot.
func TestDigestInTheChannel(t *testing.T) {
	f := newSlackService(t, "scan: {digest: daily 09:00}\n")
	told := func(*slacksim.Snapshot) bool {
		return slices.ContainsFunc(f.slack.Messages(slacksim.DemoChannelID), func(m slacksim.Message) bool {
			return strings.Contains(m.Text, "10 VMs, 4 Unhealthy, 1 Not applicable, 5 Healthy.") &&
				strings.Contains(m.Text, "`jump-1` in `prod-web` (production): *Unhealthy*. Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any but `192.0.2.0/24`.")
		})
	}
	// The first day may go by while the schedule is being set.
	for range 10 {
		f.reconciler.Skip(24 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := f.slack.Wait(ctx, told)
		cancel()
		if err == nil {
			return
		}
	}
	t.Errorf("the channel reads %+v", f.slack.Messages(slacksim.DemoChannelID))
}

// A schedule that was just set begins with its next time; a clock that jumps
// ahead and comes back repeats nothing.
func TestDigestOfANewSchedule(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.weekly(-time.Hour)
		w.Pass(time.Minute)
		w.toldDigests("set an hour late", 0)
		w.Stop()
		w.weekly(10 * time.Minute)
		w.Pass(2 * time.Second)
		w.Reconciler.Skip(time.Hour)
		w.Pass(2 * time.Second)
		w.toldDigests("ahead", 1)
		w.asleep(time.Minute) // the clock is back
		w.Pass(15 * time.Minute)
		w.toldDigests("behind", 1)
		d, err := w.Store.Digest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d.Due = d.Due.Add(52 * aWeek)
		if err := w.Store.KeepDigest(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		w.asleep(aWeek - time.Hour) // settled by a clock that was a year ahead
		w.toldDigests("before it is due", 1)
		w.Pass(time.Hour)
		w.toldDigests("in time again", 2)
		w.Config.Digest = schedule.Schedule{}
		w.asleep(aWeek)
		w.Pass(15 * time.Minute)
		w.toldDigests("never", 2)
	})
}
