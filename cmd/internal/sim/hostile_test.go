package sim_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// Whatever Azure, other people, clocks, the store and the machine that jitbot
// runs on do: no packet gets in that neither a live grant before its until nor a
// foreign rule lets in, and no claim of open or closed is false for longer than
// promised. Each fault must have come to pass, or the test has proved nothing
// of it.
//
// Three times the 100 cases of rapid; -rapid.checks=3400 makes them 10,200.
func TestNoAccessLeftOpen(t *testing.T) {
	seen := &tally{of: map[string]int{}}
	t.Run("lives", func(t *testing.T) {
		for _, name := range []string{"first", "second", "third"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(r *rapid.T) {
					dir := memoryDir(t)
					defer func() { _ = os.RemoveAll(dir) }()
					rapid.SyncTest(r, func(r *rapid.T) { newHostile(r, dir, seen).live() })
				})
			})
		}
	})
	for _, name := range slices.Sorted(maps.Keys(seen.of)) {
		t.Logf("%6d %s", seen.of[name], name)
	}
	if seen.of["lives"] < enoughLives || t.Failed() {
		return // what was drawn then says nothing
	}
	for _, f := range faults() {
		if seen.of[f.name] == 0 {
			t.Errorf("%q never came to pass", f.name)
		}
	}
}

// memoryDir is a directory in memory, where there is one: what a disk does is not
// drawn, and each life commits many times.
func memoryDir(t *testing.T) string {
	if dir, err := os.MkdirTemp("/dev/shm", "jitbot-life-"); err == nil { //nolint:usetesting // not on a disk
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// enoughLives draw every fault many times.
const enoughLives = 300

// tally counts what came to pass in all lives.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[name]++
}

// hostile is a life in a small world of two subscriptions in which everything
// goes wrong. What it holds the program to is in promise_test.go.
type hostile struct {
	*simulated.World
	draw       *rapid.T
	dir        string
	seen       *tally
	groupWrite bool
	storeFails atomic.Bool
	active     []active    // what goes wrong now
	copies     []storeCopy // of the store, oldest first
	ran        int         // machines that took over an interface
	clock      skew

	mu sync.Mutex // for knowledge, which the notifier adds to
	knowledge
}

func newHostile(t *rapid.T, dir string, seen *tally) *hostile {
	h := &hostile{World: simulated.NewIn(unlogged{t}, dir), draw: t, dir: dir, seen: seen, knowledge: newKnowledge()}
	h.Config.Policies[0].Ports = []jit.PortPolicy{{
		Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: time.Minute, Longest: time.Hour,
	}}
	h.Config.Policies[0].EndOnDrift = seldom(t, "end on drift", 3)
	h.groupWrite = seldom(t, "group writes", 2)
	h.seed()
	h.Client = h.connect()
	h.Told.Claimed = h.claimed
	h.WrapStore = func(s simulated.Store) simulated.Store { return failingStore{s, &h.storeFails} }
	return h
}

// seed makes the world: the subscriptions staging, with three machines, and
// archive, with two; the first of each has two NSGs before it. Those of the archive
// are open to everybody by somebody's rules.
func (h *hostile) seed() {
	azuresim.SeedSubscriptions(h.Azure)
	for _, id := range []string{azuresim.DemoStaging, azuresim.DemoArchive} {
		h.Azure.PutResourceGroup(azuresim.ResourceGroup{Subscription: id, Name: "other", Location: azuresim.DemoLocation})
	}
	for _, nsg := range []string{azuresim.DemoArchiveNICNSG, azuresim.DemoArchiveSubnetNSG} {
		if err := h.Azure.PutRule(nsg, inbound("ssh-anywhere", "*", 2000)); err != nil {
			h.T.Fatal(err)
		}
	}
	third, _ := h.Azure.Machine(azuresim.DemoStaging2)
	nic, _ := h.Azure.NIC(third.NICs[0])
	third.ID, nic.ID = strings.Replace(third.ID, "-2", "-3", 1), strings.Replace(nic.ID, "-2-", "-3-", 1)
	nic.IPs, third.NICs = slices.Clone(nic.IPs), []string{nic.ID}
	nic.IPs[0].Address = "10.80.1.13"
	h.Azure.PutNIC(nic)
	h.Azure.PutVM(third)
	role, _ := h.Azure.RoleDefinition(azuresim.RoleJITBot)
	if h.groupWrite {
		role.Actions = append(slices.Clone(role.Actions), "Microsoft.Network/networkSecurityGroups/write")
		h.Azure.PutRoleDefinition(role)
	}
	h.Azure.Configure(func(s *azuresim.Settings) {
		s.EnforceRBAC = true
		s.Writers = some(h.draw, "writers", azuresim.RefuseRetryable, azuresim.RefuseConflict, azuresim.Parallel)
	})
}

// inbound is somebody's rule for SSH.
func inbound(name, source string, priority int) azuresim.Rule {
	return azuresim.Rule{
		Name: name, Priority: priority, Access: "Allow", Direction: "Inbound", Protocol: "Tcp", SourceAddressPrefix: source,
		SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: "22",
	}
}

func (h *hostile) connect() *azure.Client {
	return h.Connect(func(c *azure.Config) {
		c.Subscriptions = []string{azuresim.DemoStaging, azuresim.DemoArchive}
		c.GroupWrites = h.groupWrite
	})
}

// live draws a life and ends it.
func (h *hostile) live() {
	h.start()
	h.pass(time.Second)
	h.ask()
	for range some(h.draw, "steps", 2, 3, 4, 5, 6) {
		h.step()
		h.pass(some(h.draw, "for", time.Second, 7*time.Second, 20*time.Second, 45*time.Second))
	}
	h.endOfLife()
	h.seen.add("lives")
}

// step is a fault, or what people do.
func (h *hostile) step() {
	if seldom(h.draw, "people", 3) {
		h.people()
		return
	}
	f := one(h.draw, "fault", faults(), func(f fault) string { return f.name })
	if f.do(h) {
		h.seen.add(f.name)
	}
}

// one draws an element and logs its name. It draws bits, of which rapid does not
// prefer the small ones, so that each element is as likely as another.
func one[T any](t *rapid.T, label string, of []T, name func(T) string) T {
	n := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 9, 9).Draw(t, label) {
		n *= 2
		if bit {
			n++
		}
	}
	v := of[n%len(of)]
	t.Logf("%s: %s %s", time.Now().Format(time.TimeOnly), label, name(v))
	return v
}

// pass lets time go by and looks every few seconds.
func (h *hostile) pass(d time.Duration) { h.passLooking(d, 5*time.Second) }

// passLooking is pass with looks that often.
func (h *hostile) passLooking(d, often time.Duration) {
	for ; d > 0; d -= often {
		h.Pass(min(d, often))
		h.keepFaults()
		h.look()
	}
}

func (h *hostile) start() {
	h.Start()
	h.running = true
}

func (h *hostile) stop() {
	h.Stop()
	h.running = false
}

// endOfLife heals everything and waits until every grant is over: then nothing
// of ours lets anybody in, and everything told is over.
func (h *hostile) endOfLife() {
	for i := range h.active {
		h.active[i].ends = time.Now()
	}
	h.keepFaults()
	if !h.running {
		h.start()
	}
	h.draw.Logf("%s: all is well again", time.Now().Format(time.TimeOnly))
	const seldom = 15 * time.Second // nothing happens any more
	h.passLooking(tried, seldom)
	for h.lastEnd().After(time.Now().Add(-soon)) {
		h.passLooking(time.Until(h.lastEnd())+soon, seldom)
	}
	if h.sick() {
		h.sweep()
	}
	h.lookAtTheEnd()
}

// storeCopy is a copy of the store, and what was known when it was made.
type storeCopy struct {
	file      string
	at        time.Time
	protected map[string]time.Time
}

// copyStore makes a copy, as jitbot backup does.
func (h *hostile) copyStore() bool {
	if !h.running {
		return false
	}
	file := filepath.Join(h.dir, "copy-"+time.Now().Format("150405"))
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	if _, err := h.Store.Backup(h.T.Context(), out); err != nil {
		h.T.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.copies = append(h.copies, storeCopy{file, time.Now(), maps.Clone(h.protected)})
	return true
}

// ours says whether a rule is one of ours, by its name: nobody else makes such
// names here.
func ours(rule string) bool { return strings.HasPrefix(rule, "jitbot-prod-") }
