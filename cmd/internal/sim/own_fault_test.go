package sim_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// skew is how far the clocks are from each other.
type skew struct {
	ahead time.Duration // Azure's clock before ours, which is the one that lags
	since time.Time
}

// storeFaults are those of the store's file.
func storeFaults() []fault {
	return []fault{
		{"copy of the store", (*hostile).copyStore},
		{"older copy of the store", (*hostile).restoreCopy},
		{"damaged guard index", func(h *hostile) bool { return h.damage(byGuard) }},
		{"damaged wake index", func(h *hostile) bool { return h.damage(byWake) }},
	}
}

// ownFaults are others of the machine that jitbot runs on: its disk, its clock, and
// that it stops.
func ownFaults() []fault {
	return []fault{
		{"restart", func(h *hostile) bool { return h.restartAs(func() { h.start() }) }},
		{"store takes no change", func(h *hostile) bool {
			h.storeFails.Store(true)
			return h.begin(active{name: "store takes no change", after: noticed, doubts: []string{""}, end: func() { h.storeFails.Store(false) }})
		}},
		{"slack is down", func(h *hostile) bool {
			h.Told.SetDown(true)
			return h.begin(active{name: "slack is down", after: noticed, doubts: []string{""}, end: func() { h.Told.SetDown(false) }})
		}},
		{"clock behind Azure's", func(h *hostile) bool {
			return h.setClock(some(h.draw, "by", 40*time.Second, 5*time.Minute, 2*time.Hour))
		}},
		{"clock ahead of Azure's", func(h *hostile) bool {
			return h.setClock(-some(h.draw, "by", 40*time.Second, 5*time.Minute, 2*time.Hour))
		}},
		{"clock jumps ahead", (*hostile).jumpAhead},
		{"sweep", (*hostile).sweep},
	}
}

// restartAs stops jitbot, lets time go by, and starts it in some way.
func (h *hostile) restartAs(start func()) bool {
	if !h.running {
		return false
	}
	h.stop()
	h.pass(some(h.draw, "down for", time.Second, 20*time.Second, 100*time.Second))
	start()
	h.clock.since = time.Now()
	h.keepDown()
	return true
}

// keepDown excuses what could not be done while jitbot was down.
func (h *hostile) keepDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.excuse(started, "")
	h.doubt(noticed, "")
}

// restoreCopy starts on an older copy of the store. What was ended since, and
// was not yet closed, is taken for open: nothing says otherwise. What was asked
// for since is not known, and stands until its until.
func (h *hostile) restoreCopy() bool {
	if len(h.copies) == 0 { // one that is seconds old then
		if !h.copyStore() {
			return false
		}
		h.people()
		h.pass(some(h.draw, "until it is put back", time.Second, 7*time.Second, 45*time.Second))
	}
	c := one(h.draw, "copy", h.copies, func(c storeCopy) string { return c.at.Format(time.TimeOnly) })
	return h.restartAs(func() {
		all := h.admissions()
		h.mu.Lock()
		for nic := range h.protected {
			if _, then := c.protected[nic]; !then {
				delete(h.protected, nic)
			}
		}
		for _, a := range h.grants {
			if letsIn(a, all) != "" {
				a.ended, a.opened = time.Time{}, time.Time{}
				h.seen.add("end forgotten with the store")
			}
			a.unknown = true // its card is that of the lost store
		}
		h.mu.Unlock()
		h.StartOn(c.file)
		h.running = true
	})
}

// index finds the ends of the keys of an index that name a grant.
type index func(file []byte, id jit.ID) []int

// byGuard finds those of the index by guard: guard, zero, id. Our guards' names
// end so.
func byGuard(file []byte, id jit.ID) []int { return ends(file, "-nsg\x00"+string(id)) }

// byWake finds those of the index by time: eight bytes of time, id.
func byWake(file []byte, id jit.ID) []int {
	var out []int
	for _, end := range ends(file, string(id)) {
		at := end - len(id) - 8
		if at < 0 {
			continue
		}
		wake := time.Unix(0, int64(binary.BigEndian.Uint64(file[at:])^1<<63))
		if y := wake.UTC().Year(); y >= 1999 && y <= 2001 {
			out = append(out, end)
		}
	}
	return out
}

func ends(file []byte, what string) []int {
	var out []int
	for at := 0; ; {
		i := bytes.Index(file[at:], []byte(what))
		if i < 0 {
			return out
		}
		at += i + len(what)
		out = append(out, at)
	}
}

// damage turns a bit of the checksum behind each key that names a grant, while
// jitbot is down.
func (h *hostile) damage(where index) bool {
	harmed := 0
	return h.restartAs(func() {
		file, err := os.ReadFile(h.File)
		if err != nil {
			h.T.Fatal(err)
		}
		before, whole := slices.Clone(file), h.records()
		for id, a := range h.grants {
			if a.state != jit.Open && a.state != jit.Closing {
				continue
			}
			for _, end := range where(file, id) {
				if bytes.IndexByte(file[end:min(end+16, len(file))], '{') >= 0 {
					continue // the grant itself, after bytes that look like a time
				}
				file[end] ^= 1
				harmed++
			}
		}
		h.write(file)
		if !maps.Equal(whole, h.records()) { // a grant itself, after bytes that look like a time
			harmed = 0
			h.write(before)
		}
		h.start()
	}) && harmed > 0
}

func (h *hostile) write(file []byte) {
	if err := os.WriteFile(h.File, file, 0o600); err != nil {
		h.T.Fatal(err)
	}
}

// records are those of the grants, as they are in the file of a store that is closed.
func (h *hostile) records() map[string]string {
	db, err := bbolt.Open(h.File, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		h.T.Fatal(err)
	}
	out := map[string]string{}
	err = errors.Join(db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("grants")).ForEach(func(k, v []byte) error {
			out[string(k)] = string(v)
			return nil
		})
	}), db.Close())
	if err != nil {
		h.T.Fatal(err)
	}
	return out
}

// setClock has Azure's clock and ours differ. Which of the two is right nobody
// knows: what is past its until by either is over.
func (h *hostile) setClock(ahead time.Duration) bool {
	name := "clock"
	if h.isActive(name) {
		return false
	}
	h.draw.Logf("Azure's clock is %s ahead", ahead)
	h.Azure.SetClockSkew("", ahead)
	h.clock = skew{ahead, time.Now()}
	h.begin(active{name: name, after: noticed, doubts: []string{""}, end: func() {
		h.Azure.SetClockSkew("", 0)
		h.clock = skew{}
	}})
	return true
}

// jumpAhead sets this machine's clock ahead; a restart sets it right.
func (h *hostile) jumpAhead() bool {
	if !h.running || h.isActive("clock") {
		return false
	}
	by := some(h.draw, "by", 20*time.Second, 5*time.Minute, 2*time.Hour)
	h.draw.Logf("by %s", by)
	h.Reconciler.Skip(by)
	h.Azure.SetClockSkew("", -by)
	return h.begin(active{name: "clock", after: noticed, doubts: []string{""}, end: func() {}}) && h.restartAs(func() {
		h.Azure.SetClockSkew("", 0)
		h.start()
	})
}

// endIn is the end of a grant by the clock that is ahead.
func (h *hostile) endIn(a *access) time.Time {
	end := a.end()
	if end.IsZero() || h.clock.ahead <= 2*time.Minute {
		return end
	}
	if sooner := latest(end.Add(-h.clock.ahead), h.clock.since.Add(tried)); sooner.Before(end) {
		return sooner
	}
	return end
}

// sweep closes what is overdue from another machine, whose clock is Azure's
// where that is ahead. What it removed stays away.
func (h *hostile) sweep() bool {
	ctx, cancel := context.WithTimeout(h.T.Context(), time.Minute)
	defer cancel()
	now := time.Now().Add(max(h.clock.ahead, 0))
	found, err := sweep.Overdue(ctx, h.connect(), rules.Owner{Installation: "prod", Bands: h.Config.Bands}, false, now)
	h.draw.Logf("swept at %s: %v, %v", now.Format(time.TimeOnly), found, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range found {
		if a := h.grants[r.Grant]; a != nil && r.Outcome == sweep.Removed {
			a.ended = time.Now()
		}
	}
	for _, nsg := range h.nsgs() {
		for _, r := range h.Azure.Rules(nsg) {
			d, readable := rules.ParseDescription(r.Description)
			due := ours(r.Name) && readable && r.Access == "Allow" && !d.Until.After(now)
			if due && !h.excused[nameOf(nsg)].After(time.Now()) && ctx.Err() == nil {
				h.T.Errorf("the sweep left %s of %s, until %s", r.Name, strings.TrimPrefix(nsg, azuresim.DemoSubscriptionScope), d.Until)
			}
		}
	}
	return true
}
