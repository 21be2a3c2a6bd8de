package app_test

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// walk does one thing after another to a world, and what other people do also
// to a twin of its network that jitbot never touches: what the foreign rules
// alone say.
type walk struct {
	*world
	draw   *rapid.T
	twin   *azuresim.Sim
	scene  *scene
	kit    kit
	faulty bool            // Azure fails now, or has in this step
	asked  jit.ID          // what this step has asked for and approved
	locked string          // the machine that this step has protected
	hand   map[string]bool // by NSG and rule: rules of ours that somebody moved out of our bands
}

// After any sequence of protect, grant, end, expiry, unprotect, drift and
// trouble the foreign rules are byte for byte as other people left them, and
// who reaches what is exactly what they, the protections and the open grants
// say.
func TestAnySequence(t *testing.T) {
	within(t, 20*time.Second, func(t *rapid.T, dir string) {
		k := newWalk(t, dir)
		k.check()
		for range 16 {
			k.step()
		}
		k.end()
	})
}

// The same while Azure fails for a while, now and then.
func TestAnySequenceInTrouble(t *testing.T) {
	within(t, 20*time.Second, func(t *rapid.T, dir string) {
		k := newWalk(t, dir)
		for range 10 {
			if seldom(t, "trouble", 2) {
				k.inTrouble(func() { k.step() })
			} else {
				k.step()
			}
		}
		k.end()
	})
}

// within checks as many cases as the time holds, or as many as -rapid.checks
// says: rapid counts cases, and one of these takes a second of a busy machine.
func within(t *testing.T, limit time.Duration, prop func(t *rapid.T, dir string)) {
	t.Parallel()
	counted := flag.Lookup("rapid.checks").Value.String() != "100"
	end, done, failed := time.Now().Add(limit), 0, false
	rapid.Check(t, func(r *rapid.T) {
		if !counted && !failed && time.Now().After(end) {
			return
		}
		dir, passed := t.TempDir(), false
		defer func() { failed = failed || !passed }()
		rapid.SyncTest(r, func(r *rapid.T) { prop(r, dir) })
		passed = true
		done++
	})
	t.Logf("%d cases", done)
}

func newWalk(t *rapid.T, dir string) *walk {
	w := newWorldIn(t, dir)
	drawConfig(t, &w.config)
	w.sim.Configure(func(s *azuresim.Settings) {
		s.Writers = some(t, "writers", azuresim.Parallel, azuresim.RefuseRetryable, azuresim.RefuseConflict)
	})
	k := &walk{world: w, draw: t, twin: azuresim.New(azuresim.Options{}), hand: map[string]bool{}}
	k.kit = kit{k.moves, k.look, 100 * time.Second, []string{"/subscriptions/", "/securityRules/", "/networkSecurityGroups"}}
	k.scene = drawScene(t, k.owner())
	for _, sim := range []*azuresim.Sim{w.sim, k.twin} {
		if err := k.scene.build(sim); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	return k
}

func (k *walk) owner() jit.Owner {
	return jit.Owner{Installation: k.config.Installation, Bands: k.config.Bands}
}

func (k *walk) ours(r azuresim.Rule) (jit.RuleName, bool) {
	return k.owner().Ours(jit.Rule{Name: r.Name, Priority: r.Priority})
}

// moves are what can be done now, doors opened and closed more often than the
// rest. The first is nothing, so that failures have few steps.
func (k *walk) moves() []move {
	out := []move{{"nothing", nil}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"protect", (*walk).protectSome}, {"protect", (*walk).protectSome}}
	if len(k.open()) > 0 {
		out = append(out, move{"end", (*walk).endOne}, move{"wait", (*walk).wait})
	}
	if len(k.places()) > 0 {
		out = append(out, move{"drift", (*walk).drift}, move{"drift", (*walk).drift}, move{"drift", (*walk).drift}, move{"terraform", (*walk).terraform})
	}
	if len(k.protections()) > 0 {
		out = append(out, move{"unprotect", (*walk).unprotectOne})
	}
	if len(k.twin.VMs()) > 1 {
		out = append(out, move{"machine gone", (*walk).deleteMachine})
	}
	return append(out, move{"foreign rule", (*walk).addForeign}, move{"foreign rule", (*walk).addForeign}, move{"foreign rule gone", (*walk).dropForeign},
		move{"readdress", (*walk).readdress}, move{"other group", (*walk).regroup}, move{"group gone", (*walk).deleteGroup}, move{"restart", (*walk).restart})
}

type move struct {
	name string
	do   func(*walk)
}

// kit is what differs between walks.
type kit struct {
	moves func() []move
	look  func()        // at who reaches what
	rest  time.Duration // until all has settled
	paths []string      // where Azure fails
}

func (k *walk) step() {
	moves := k.kit.moves()
	one := moves[rapid.IntRange(0, len(moves)-1).Draw(k.draw, "step")]
	if one.do == nil {
		return
	}
	k.draw.Logf("%s: %s", time.Now().Format(time.TimeOnly), one.name)
	one.do(k)
	if k.faulty {
		return // it is looked at when Azure is well
	}
	k.pass(k.kit.rest)
	k.check()
}

// machine draws one that was not deleted.
func (k *walk) machine(label string) (string, bool) {
	all := k.twin.VMs()
	if len(all) == 0 {
		return "", false
	}
	return nameOf(all[rapid.IntRange(0, len(all)-1).Draw(k.draw, label)].ID), true
}

func nameOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// answered fails the case on an answer that is no refusal, while Azure is well.
func (k *walk) answered(what string, err error) bool {
	k.t.Helper()
	if err != nil && !k.faulty && !errors.As(err, new(*jit.Refusal)) {
		k.t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		k.draw.Logf("%s: %v", what, err)
	}
	return err == nil
}

func (k *walk) protectSome() {
	vm, there := k.machine("protect")
	if !there {
		return
	}
	var ports []jit.PortPolicy
	if seldom(k.draw, "ports of the form", 3) {
		ports = drawPorts(k.draw)
	}
	results, err := k.service.Protect(k.t.Context(), carol, []string{vm}, ports)
	if !k.answered("protect", err) {
		return
	}
	for _, r := range results {
		if k.answered("protect "+r.VM.Name, r.Err) && !k.faulty {
			k.locked = r.VM.ID
		}
	}
}

func (k *walk) protections() []jit.Protection {
	locks, err := k.store.Protections(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return locks
}

func (k *walk) unprotectOne() {
	locks := k.protections()
	k.unprotect(locks[rapid.IntRange(0, len(locks)-1).Draw(k.draw, "unprotect")].Name)
}

func (k *walk) unprotect(vm string) {
	results, err := k.service.Unprotect(k.t.Context(), carol, []string{vm})
	if !k.answered("unprotect", err) {
		return
	}
	for _, r := range results {
		k.answered("unprotect "+r.VM.Name, r.Err)
	}
}

// askSome asks for one or two machines, and mostly has it approved.
func (k *walk) askSome() {
	vm, there := k.machine("ask for")
	if !there {
		return
	}
	ask := jit.Ask{VMs: []string{vm}, Reason: "mend the index", Duration: some(k.draw, "duration", 2*time.Minute, 10*time.Minute, 3*time.Hour)}
	if other, _ := k.machine("and for"); seldom(k.draw, "for two", 4) {
		ask.VMs = append(ask.VMs, other)
	}
	offer := k.offer(vm)
	for range some(k.draw, "ports", 1, 1, 2) {
		p := offer[rapid.IntRange(0, len(offer)-1).Draw(k.draw, "port")].Ports
		if p.To > p.From {
			p.From += uint16(rapid.IntRange(0, 2).Draw(k.draw, "part"))
		}
		ask.Ports = append(ask.Ports, jit.Ports{From: p.From, To: p.To})
	}
	for range some(k.draw, "sources", 1, 1, 2) {
		ask.Sources = append(ask.Sources, netip.MustParsePrefix(some(k.draw, "from", k.scene.clients...)))
	}
	k.world.asked++
	grants, err := k.service.Ask(k.t.Context(), ada, fmt.Sprint("ask ", k.world.asked), ask)
	if !k.answered("ask", err) {
		return
	}
	for _, g := range grants {
		g, err := k.service.Check(k.t.Context(), g.ID)
		if err != nil && !k.faulty && !k.refusable(ask) {
			k.t.Errorf("%+v was refused: %v", ask, err)
		}
		if !k.answered("check", err) || seldom(k.draw, "left waiting", 8) {
			continue
		}
		if _, err = k.service.Approve(k.t.Context(), grace, g.ID); k.answered("approve", err) {
			k.asked = g.ID
		}
	}
}

// offer is what may be asked for at a machine.
func (k *walk) offer(vm string) []jit.PortPolicy {
	for _, p := range k.protections() {
		if p.Name == vm && p.State != jit.Unlocking {
			return p.Ports
		}
	}
	return k.config.Policies[0].Ports
}

// open are the grants that somebody could end.
func (k *walk) open() []jit.Grant {
	return slices.DeleteFunc(k.unfinished(), func(g jit.Grant) bool { return g.State != jit.Open && g.State != jit.Opening })
}

// endOne ends one, by its holder or an approver.
func (k *walk) endOne() {
	open := k.open()
	g := open[rapid.IntRange(0, len(open)-1).Draw(k.draw, "which")]
	var err error
	if seldom(k.draw, "revoked", 2) {
		_, err = k.service.Revoke(k.t.Context(), alan, g.ID, "not now")
	} else {
		_, err = k.service.Done(k.t.Context(), ada, g.ID)
	}
	k.answered("end "+string(g.ID), err)
}

func (k *walk) unfinished() []jit.Grant {
	grants, err := k.store.Unfinished(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	slices.SortFunc(grants, func(a, b jit.Grant) int { return strings.Compare(a.Request.Key, b.Request.Key) })
	return grants
}

func (k *walk) restart() {
	k.stop()
	k.start()
}

func (k *walk) wait() { k.pass(11 * time.Minute) }

// end ends everything: the tables are then those that other people made.
func (k *walk) end() {
	for what := range k.hand {
		nsg, rule, _ := strings.Cut(what, " ")
		k.dropBoth(nsg, rule)
	}
	k.pass(k.kit.rest)
	for _, g := range k.unfinished() {
		var err error
		if g.State == jit.Pending {
			_, err = k.service.Cancel(k.t.Context(), ada, g.ID)
		} else {
			_, err = k.service.Done(k.t.Context(), ada, g.ID)
		}
		k.answered("end "+string(g.ID), err)
	}
	for _, p := range k.protections() {
		k.unprotect(p.Name)
	}
	k.pass(k.kit.rest)
	k.check()
	if left := k.unfinished(); len(left) > 0 {
		k.t.Errorf("left are %+v", left)
	}
	if left := k.protections(); len(left) > 0 {
		k.t.Errorf("left are %+v", left)
	}
	for _, nsg := range k.sim.NSGs() {
		if got, want := k.sim.DumpRules(nsg, nil), k.twin.DumpRules(nsg, nil); got != want {
			k.t.Errorf("after all was over %s holds\n%s, want\n%s", nsg, got, want)
		}
	}
	if err := k.store.Verify(k.t.Context()); err != nil {
		k.t.Error(err)
	}
}
