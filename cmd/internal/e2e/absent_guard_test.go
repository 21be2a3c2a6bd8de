package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// moved moves a resource to a resource group.
func (w *world) moved(id, group string, takes time.Duration) string {
	w.T.Helper()
	to, err := w.Azure.MoveResource(azuresim.Move{ID: id, Group: group, Takes: takes, Early: true})
	if err != nil {
		w.T.Fatal(err)
	}
	return to
}

// A guard that a replica does not know at the deadline proves nothing: its rule
// goes all the same, and "closed" is said only once it was read back gone.
func TestGuardMissingAtTheDeadline(t *testing.T) {
	for _, lag := range []azuresim.Lag{{Reads: 1}, {Reads: 2, Lists: 1}, {Reads: 4, Lists: 1}} {
		t.Run(fmt.Sprintf("%d readings, %d lists", lag.Reads, lag.Lists), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Start()
				g := w.Open(15*time.Minute, "jump-1")
				w.Pass(time.Until(g.Clock.Deadline) - time.Second)
				lag.ID = azuresim.DemoJumpNSG
				w.Azure.AddLag(lag)
				w.Pass(5 * time.Second)
				if held := w.Held(g.ID); len(held) > 0 {
					t.Errorf("left are %v", held)
				}
				w.Pass(3 * time.Minute)
				w.Want(g.ID, jit.Closed)
				w.CheckPromises(foreign)
			})
		})
	}
}

// A guard that is missing from an answer and a list while it is there ends
// neither an open grant nor one that is being opened.
func TestGuardMissingWhileOpen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(2*time.Hour, "jump-1")
		for range 3 {
			w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoJumpNSG, Reads: 2, Lists: 1})
			w.Pass(3 * time.Minute)
		}
		w.Want(g.ID, jit.Open)
		if !w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("shut, though it is called open")
		}
		next, err := w.Ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoDevNSG, Reads: 2})
		if _, err := w.Service.Approve(t.Context(), grace, next.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(40 * time.Second)
		w.Want(next.ID, jit.Open)
	})
}

// A reading that is older than the rule proves nothing of the rule: closed is
// said only when it is gone.
func TestOlderReadingClosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		lag := w.Azure.AddLag(azuresim.Lag{ID: azuresim.DemoJumpNSG, Older: true, Reads: 2, Begins: time.Now().Add(10 * time.Minute)})
		g := w.Open(15*time.Minute, "jump-1")
		w.Pass(time.Until(g.Clock.Deadline) + 2*time.Minute)
		if _, reads := lag.Hits(); reads == 0 {
			t.Error("no replica was behind")
		}
		w.Want(g.ID, jit.Closed)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("closed, yet left are %v", held)
		}
		w.CheckPromises(foreign)
	})
}

// A guard that was moved to another resource group is followed: the access stays
// open, and is closed where its rules are by then.
func TestMovedGuardIsFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(30*time.Minute, "jump-1")
		to := w.moved(azuresim.DemoJumpNSG, azuresim.DemoDevGroup, 5*time.Minute)
		w.Pass(10 * time.Minute)
		w.Want(g.ID, jit.Open)
		if !w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("shut, though it is called open")
		}
		if kinds := w.Kinds(g.ID); slices.Contains(kinds, jit.EventOrphan) || slices.Contains(kinds, jit.EventDrift) {
			t.Errorf("the record says %v", kinds)
		}
		w.Pass(time.Until(g.Clock.Deadline) + time.Minute)
		if g := w.Want(g.ID, jit.Closed); !slices.Equal(g.Guards(), []string{strings.ToLower(to)}) {
			t.Errorf("closed at %v", g.Guards())
		}
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
		if err := w.Store.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A guard that is being moved at the deadline takes no change. Nothing is called
// closed until the rule was removed from it under its new id.
func TestGuardMovesAtTheDeadline(t *testing.T) {
	for name, early := range map[string]bool{"new id at once": true, "new id at the end": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Start()
				g := w.Open(15*time.Minute, "jump-1")
				w.Pass(time.Until(g.Clock.Deadline) - time.Second)
				move := azuresim.Move{ID: azuresim.DemoJumpNSG, Group: azuresim.DemoDevGroup, Takes: 20 * time.Minute, Early: early}
				if _, err := w.Azure.MoveResource(move); err != nil {
					t.Fatal(err)
				}
				w.Pass(15 * time.Minute)
				if g := w.Want(g.ID, jit.Closing); !g.Stuck || len(w.Held(g.ID)) == 0 {
					t.Errorf("stuck %t, held %v", g.Stuck, w.Held(g.ID))
				}
				w.Pass(8 * time.Minute)
				w.Want(g.ID, jit.Closed)
				if held := w.Held(g.ID); len(held) > 0 {
					t.Errorf("left are %v", held)
				}
			})
		})
	}
}

// A guard that is under neither id while it moves is not called gone for it: a
// list that lacks it, or knows it under its new id, is asked for first.
func TestGuardWithoutAnIDWhileItMoves(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "jump-1")
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		to := w.moved(azuresim.DemoJumpNSG, azuresim.DemoDevGroup, time.Minute)
		w.Azure.AddLag(azuresim.Lag{ID: to, Reads: 5})
		w.Pass(4 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
	})
}

// Of a guard that is gone, or out of what jitbot is configured to see, it is said
// that it is gone, and not that its rule was read back gone.
func TestGoneGuardIsSaidToBeGone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "jump-1")
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		if err := w.Azure.SetNSGOnNIC(w.NIC(azuresim.DemoJump), ""); err != nil {
			t.Fatal(err)
		}
		w.Azure.DeleteNSG(azuresim.DemoJumpNSG)
		w.Pass(2 * time.Minute)
		g = w.Want(g.ID, jit.Closed)
		const want = "the network security group `jump-nsg` is gone from where it was"
		direct := view.Direct(jit.Event{Kind: jit.EventClosed, Grant: g.ID}, g).Text
		thread := view.Thread(jit.Event{Kind: jit.EventClosed, Grant: g.ID}, g).Text
		for _, text := range []string{direct, thread, view.Card(g).Text} {
			if !strings.Contains(text, want) || strings.Contains(text, "read back gone") {
				t.Errorf("it is said %q", text)
			}
		}
		if strings.Contains(direct, "is closed") {
			t.Errorf("the holder reads %q", direct)
		}
	})
}

// While the list of all guards cannot be read, a guard that answers 404 is not
// gone, whoever cannot be listed.
func TestNoGuardIsGoneWithoutAList(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(15*time.Minute, "jump-1")
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		fault := w.Azure.AddFault(simulated.UnlistedGuards())
		w.moved(azuresim.DemoJumpNSG, azuresim.DemoDevGroup, 0)
		w.Pass(3 * time.Minute)
		if g := w.Want(g.ID, jit.Closing); !g.Stuck {
			t.Error("it is not called stuck")
		}
		if fault.Hits() == 0 {
			t.Error("the list was not asked for")
		}
		fault.Remove()
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
	})
}

// A guard may be moved to another subscription; it is followed there too.
func TestGuardMovesToAnotherSubscription(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const other = "00000000-1111-4222-8333-444444444444"
		w.Azure.PutSubscription(azuresim.Subscription{ID: other, Name: "Another"})
		w.Azure.PutResourceGroup(azuresim.ResourceGroup{Subscription: other, Name: "elsewhere", Location: azuresim.DemoLocation})
		w.Client = w.Connect(func(c *azure.Config) { c.Subscriptions = []string{azuresim.DemoSubscription, other} })
		w.Start()
		g := w.Open(15*time.Minute, "jump-1")
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		w.moved(azuresim.DemoJumpNSG, "/subscriptions/"+other+"/resourceGroups/elsewhere", 0)
		w.Pass(2 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if held := w.Held(g.ID); len(held) > 0 {
			t.Errorf("left are %v", held)
		}
	})
}

// A protection whose NSG was moved stays in force, and is removed where its deny
// is by then.
func TestMovedGuardOfAProtection(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		w.moved(azuresim.DemoJumpNSG, azuresim.DemoDevGroup, 0)
		w.Pass(3 * time.Minute)
		if !w.IsProtected(azuresim.DemoJump) || w.Reachable(azuresim.DemoJump, adasAddress) {
			t.Error("not protected any more")
		}
		if _, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil {
			t.Fatal(err)
		}
		w.moved(azuresim.DemoDevGroup+"/providers/Microsoft.Network/networkSecurityGroups/jump-nsg", azuresim.DemoDBGroup, 0)
		w.Pass(2 * time.Minute)
		if w.Ours() != 0 {
			t.Errorf("%d rules are left", w.Ours())
		}
		if got := w.Texts(jit.EventUnprotected); len(got) != 1 {
			t.Errorf("it was said %q", got)
		}
	})
}
