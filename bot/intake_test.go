package bot_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// What comes at the same time is stored together: 30 commands of 30 people over a disk
// that takes 150 ms are all acknowledged at once.
func TestSimultaneousCommandsShareACommit(t *testing.T) {
	inBubble(t, slacksim.Options{NoRateLimits: true}, func(o *setup) {
		o.conf.PerPerson = 100
		o.conf.Inbox = &disk{Inbox: o.inbox, commit: 150 * time.Millisecond}
		o.open()
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				r, err := o.sim.Slash(o.ctx, adaID, approvals, "/jit", "request web-1 ssh 1h from 203.0.113.7 for x")
				if err != nil || r.Text != "" || r.Took > time.Second {
					t.Errorf("after %s: %q, %v", r.Took, r.Text, err)
				}
			})
		}
		all.Wait()
		o.finished()
	})
}

const revoking = "revoke g-2222a"

// opened is a grant that can be revoked.
func (o *setup) opened() {
	o.t.Helper()
	g, _, err := o.another("g-2222a").Approve(jit.Person{ID: linusID}, time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.service.put(g)
}

// An answer is true later too: what is not known to be stored is said not to be known,
// until it is; what was told not to be taken is never done, not after a restart either.
func TestWhatTheStoreDidLateIsNotDenied(t *testing.T) {
	const unsure, refused, lost = "I cannot tell yet", "Something broke on my side", "could not be stored"
	for name, c := range map[string]struct {
		fate   fate
		finish int // that fail
		first  string
		lost   bool // is said at last
		done   bool
	}{
		"stored late":                    {fate{after: 2500 * time.Millisecond}, 0, unsure, false, true},
		"stored after a minute":          {fate{after: time.Minute}, 0, unsure, false, true},
		"not stored":                     {fate{err: errDisk}, 0, refused, false, false},
		"not stored, said late":          {fate{after: 5 * time.Second, err: errDisk}, 0, unsure, true, false},
		"stored though it failed":        {fate{err: errDisk, stored: time.Second}, 0, refused, false, false},
		"stored late though it failed":   {fate{err: errDisk, stored: 8 * time.Second}, 0, unsure, true, false},
		"failed late, and stored later":  {fate{after: 5 * time.Second, err: errDisk, stored: 8 * time.Second}, 0, unsure, true, false},
		"not stored, nor made sure soon": {fate{err: errDisk}, 3, unsure, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(o *setup) {
				o.conf.Inbox = &disk{Inbox: o.inbox, accept: []fate{c.fate}, finish: c.finish}
				o.opened()
				_, stop := o.open()
				r := o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", revoking))
				o.reads(r.Text, c.first)
				time.Sleep(2 * time.Minute)
				told := slices.ContainsFunc(o.sim.Ephemerals(graceID), func(m slacksim.Message) bool { return strings.Contains(m.Text, lost) })
				if told != c.lost {
					t.Errorf("told that it is lost: %v", told)
				}
				if _, err := o.sim.Repeat(o.ctx, r.EnvelopeID); err != nil {
					t.Error(err)
				}
				stop()
				o.open()
				time.Sleep(time.Minute)
				if done := o.grant("g-2222a").State == jit.Closing; done != c.done {
					t.Errorf("done: %v, not %v", done, c.done)
				}
				if o.inbox.waiting() != 0 {
					t.Error("the inbox is not empty")
				}
				synctest.Wait()
			})
		})
	}
}

// Whoever corrects a form whose ack was late or lost is told which of the two holds.
func TestACorrectedFormCounts(t *testing.T) {
	for name, f := range map[string]fate{"late": {after: 4 * time.Second}, "lost": {}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, slacksim.Options{}, func(o *setup) {
				o.service.vms = machines(3)
				o.conf.Inbox = &disk{Inbox: o.inbox, accept: []fate{f}}
				o.open()
				o.types(adaID, "request web-1")
				v := o.form(adaID)
				first := fields()
				first["duration"] = "3h"
				r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, first))
				if f.after > 0 {
					o.reads(r.Errors["vm"], "I cannot tell yet")
				}
				second := fields()
				second["duration"] = "10m"
				r = o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, second, slacksim.Raw{Force: true}))
				time.Sleep(time.Minute)
				o.finished()
				g := o.onlyGrant()
				said := string(r.Payload)
				for _, m := range o.sim.DMs(adaID) {
					said += m.Text
				}
				o.reads(said, "sent before with something else in it", string(g.ID), "holds")
				if g.Request.Duration != 3*time.Hour {
					t.Errorf("the grant is for %s", g.Request.Duration)
				}
			})
		})
	}
}
