package sim_test

import (
	"flag"
	"io"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// walk does one thing after another to a world, and what other people do also
// to a twin of its network that jitbot never touches: what the foreign rules
// alone say.
type walk struct {
	*simulated.World
	draw    *rapid.T
	twin    *azuresim.Sim
	network *network
	variant variant
	faulty  bool            // Azure fails now, or has in this step
	granted jit.ID          // what was asked for and approved in this step
	shut    string          // the machine that was protected in this step
	gone    map[string]bool // machines that were deleted and left their interfaces, so that they stay protected
}

// After any sequence of protect, grant, end, expiry, unprotect, drift and
// trouble the foreign rules are byte for byte as other people left them, and
// who reaches what is exactly what they, the protections and the open grants
// say.
func TestAnySequence(t *testing.T) {
	within(t, 15*time.Second, func(t *rapid.T, dir string) {
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
	within(t, 15*time.Second, func(t *rapid.T, dir string) {
		k := newWalk(t, dir)
		for range 10 {
			if seldom(t, "trouble", 2) {
				k.inTrouble(k.step)
			} else {
				k.step()
			}
		}
		k.end()
	})
}

// within checks as many cases as the time holds, or with -rapid.checks=500 so
// many: rapid counts cases, and one of these keeps a busy machine for a second.
// A failure shows its steps; -rapid.seed takes them again.
func within(t *testing.T, limit time.Duration, prop func(t *rapid.T, dir string)) {
	t.Parallel()
	const unasked = "100" // cases, when nobody asked for a number
	counted := flag.Lookup("rapid.checks").Value.String() != unasked
	end, done, failed := time.Now().Add(limit), 0, false
	rapid.Check(t, func(r *rapid.T) {
		if !counted && !failed && time.Now().After(end) {
			return
		}
		dir, passed := t.TempDir(), false
		defer func() {
			failed = failed || !passed // then smaller ones are looked for, for as long as it takes
			_ = os.RemoveAll(dir)
		}()
		rapid.SyncTest(r, func(r *rapid.T) { prop(r, dir) })
		passed = true
		done++
	})
	t.Logf("%d cases", done)
}

func newWalk(t *rapid.T, dir string) *walk {
	w := simulated.NewIn(unlogged{t}, dir)
	drawConfig(t, &w.Config)
	w.Azure.Configure(func(s *azuresim.Settings) {
		s.Writers = some(t, "writers", azuresim.Parallel, azuresim.RefuseRetryable, azuresim.RefuseConflict)
	})
	k := &walk{World: w, draw: t, twin: azuresim.New(azuresim.Options{}), gone: map[string]bool{}}
	k.variant = variant{k.moves, k.look, 100 * time.Second, []string{"/subscriptions/", "/securityRules/", "/networkSecurityGroups"}}
	k.network = drawNetwork(t, k.owner())
	for _, sim := range []*azuresim.Sim{w.Azure, k.twin} {
		if err := k.network.build(sim); err != nil {
			t.Fatal(err)
		}
	}
	w.Start()
	return k
}

func (k *walk) owner() rules.Owner {
	return rules.Owner{Installation: k.Config.Installation, Bands: k.Config.Bands}
}

func (k *walk) ours(r azuresim.Rule) (rules.RuleName, bool) {
	return k.owner().Ours(rules.Rule{Name: r.Name, Priority: r.Priority})
}

// moves are what can be done now, access opened and closed more often than the
// rest. The first is nothing, so that failures have few steps.
func (k *walk) moves() []move {
	out := []move{{"nothing", nil}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"ask", (*walk).askSome}, {"protect", (*walk).protectSome}, {"protect", (*walk).protectSome}}
	if len(k.open()) > 0 {
		out = append(out, move{"end", (*walk).endOne}, move{"extend", (*walk).extendOne}, move{"move", (*walk).moveOne}, move{"wait", (*walk).wait})
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

// variant is what differs between walks.
type variant struct {
	moves func() []move
	look  func()        // at who reaches what
	rest  time.Duration // until all has settled
	paths []string      // where Azure fails
}

func (k *walk) step() {
	moves := k.variant.moves()
	one := moves[rapid.IntRange(0, len(moves)-1).Draw(k.draw, "step")]
	if one.do == nil {
		return
	}
	k.draw.Logf("%s: %s", time.Now().Format(time.TimeOnly), one.name)
	one.do(k)
	if k.faulty {
		return // it is looked at when Azure is well
	}
	k.Pass(k.variant.rest)
	k.check()
}

func (k *walk) restart() {
	k.Stop()
	k.Start()
}

func (k *walk) wait() { k.Pass(11 * time.Minute) }

// end ends everything: the tables are then those that other people made.
func (k *walk) end() {
	k.Pass(k.variant.rest)
	for _, g := range k.unfinished() {
		var err error
		if g.State == jit.Pending {
			_, err = k.Service.Cancel(k.T.Context(), simulated.Ada, g.ID)
		} else {
			_, err = k.Service.Done(k.T.Context(), simulated.Ada, g.ID)
		}
		k.answered("end "+string(g.ID), err)
	}
	for _, p := range k.protections() {
		k.unprotect(p.Name)
	}
	k.Pass(k.variant.rest)
	k.check()
	if left := k.unfinished(); len(left) > 0 {
		k.T.Errorf("left are %+v", left)
	}
	if left := k.protections(); len(left) > 0 {
		k.T.Errorf("left are %+v", left)
	}
	for _, nsg := range k.Azure.NSGs() {
		if got, want := k.Azure.DumpRules(nsg, nil), k.twin.DumpRules(nsg, nil); got != want {
			k.T.Errorf("after all was over %s holds\n%s, want\n%s", nsg, got, want)
		}
	}
	if err := k.Store.Verify(k.T.Context()); err != nil {
		k.T.Error(err)
	}
}

// unlogged is a case without the log of the program, which writes while the case
// draws: a failure shows its steps.
type unlogged struct{ *rapid.T }

// Output implements simulated.Tester.
func (unlogged) Output() io.Writer { return io.Discard }
