package pace_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/protection"
)

// pace is what a scenario measured.
type pace struct {
	what string
	took measured
	most time.Duration // that the worst may be
}

// atPace runs a scenario in fake time and holds what it measured to its bounds.
func atPace(t *testing.T, scenario func(d *desk) []pace) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, slacksim.Options{})
		d.begin()
		for _, p := range scenario(d) {
			slices.Sort(p.took)
			t.Logf("%s: %d, median %s, worst %s", p.what, len(p.took), p.took.median(), p.took.worst())
			if p.took.worst() > p.most {
				t.Errorf("%s: worst %s, and %s is the most", p.what, p.took.worst(), p.most)
			}
		}
		if n := d.refused(); n > 3 {
			t.Errorf("Slack refused %d calls for their number", n)
		}
	})
}

// A thousand machines that are protected at the start delay nobody's request, and
// are few messages.
func TestAThousandProtectedDelayNoRequest(t *testing.T) { atPace(t, protectThousand) }

func protectThousand(d *desk) []pace {
	var protecting sync.WaitGroup
	protect := func(i int) {
		vm := fmt.Sprintf("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-%d", i)
		_, err := d.to.Protect(d.t.Context(), vm, func(p protection.Protection) (protection.Protection, bool, []jit.Event, error) {
			p = protection.Protection{
				VM: vm, State: protection.Protecting, By: jit.Person{ID: "U0CAROL"}, Ports: []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}}},
				Paths: []guardpath.Path{{VM: vm, Guard: nsg}}, Revision: p.Revision + 1,
			}
			p, events := p.Confirm(nsg, "", time.Now())
			return p, true, events, nil
		})
		if err != nil {
			d.t.Error(err)
		}
	}
	for i := range 1000 {
		protecting.Go(func() { protect(i) })
		if i%20 == 0 {
			protecting.Wait()
			d.pass(time.Second)
		}
	}
	protecting.Wait()
	asked := time.Now()
	d.ask(1, d.holder(0), "")
	d.pass(5 * time.Second)
	took := time.Minute
	for _, c := range d.calls("chat.postMessage") {
		if strings.Contains(fmt.Sprint(c.Args["metadata"]), "jitbot_grant") {
			took = c.At.Sub(asked)
		}
	}
	d.quiet(3 * time.Minute)
	if n := len(d.sim.Messages(slacksim.DemoChannelID)); n > 4 {
		d.t.Errorf("%d messages in the channel, with the card", n)
	}
	return []pace{{"card of a request after 1,000 protected VMs", measured{took}, 3 * time.Second}}
}

// Sixty grants that end together: their holders know within ten seconds, the
// channel too, and the cards follow as fast as Slack takes edits.
func TestSixtyThatEndTogether(t *testing.T) { atPace(t, endSixty) }

func endSixty(d *desk) []pace {
	const n = 60
	var all []jit.ID
	for i := range n {
		all = append(all, d.live(i, d.holder(i)))
	}
	d.quiet(5 * time.Minute)
	d.pass(2 * time.Minute)
	d.sim.ResetCalls()
	began := time.Now()
	for _, id := range all {
		d.end(id)
	}
	closed := map[jit.ID]time.Time{}
	for i, id := range all {
		if i%20 == 0 {
			d.pass(700 * time.Millisecond)
		}
		d.gone(id)
		closed[id] = time.Now()
	}
	consistent := d.quiet(3 * time.Minute)
	var told, channel, cards measured
	posts := d.calls("chat.postMessage")
	for i, id := range all {
		told = append(told, said(posts, string(d.holder(i).ID), string(id), "is closed").Sub(closed[id]))
		channel = append(channel, said(posts, slacksim.DemoChannelID, "These ended").Sub(began))
	}
	edits := d.calls("chat.update")
	perGrant := map[string]int{}
	for i, c := range edits {
		// A burst, and then one each 1.2 s.
		allowed := time.Duration(max(0, i-40)) * 1200 * time.Millisecond
		if strings.Contains(fmt.Sprint(c.Args["metadata"]), "jitbot_grant") {
			cards = append(cards, c.At.Sub(began)-allowed)
			perGrant[fmt.Sprint(c.Args["ts"])]++
		}
	}
	for ts, n := range perGrant {
		if n > 2 {
			d.t.Errorf("the card %s was edited %d times", ts, n)
		}
	}
	for _, id := range all {
		if m := d.cards(slacksim.DemoChannelID, id); len(m) != 1 || len(m[0].Buttons()) != 0 || !strings.Contains(m[0].Text, "Closed") {
			d.t.Errorf("the card of %s is %+v", id, m)
		}
	}
	return []pace{
		{"closed messages after the rule was gone", told, 10 * time.Second},
		{"the channel told of what ended", channel, 10 * time.Second},
		{"cards made true after Slack could take the edit", cards, 10 * time.Second},
		{"all is told", measured{consistent}, 2 * time.Minute},
	}
}

// Three hundred requests in five minutes, each approved and opened at once: each
// card is there as soon as the channel's limit allows.
func TestThreeHundredRequests(t *testing.T) { atPace(t, askThreeHundred) }

func askThreeHundred(d *desk) []pace {
	const n = 300
	asked := map[jit.ID]time.Time{}
	opened := map[jit.ID]time.Time{}
	var all []jit.ID
	for i := range n {
		id := d.ask(i, d.holder(i), "")
		all = append(all, id)
		asked[id] = time.Now()
		d.pass(time.Second)
		if i >= 20 {
			d.approve(all[i-20])
			d.open(all[i-20])
			opened[all[i-20]] = time.Now()
		}
	}
	d.quiet(15 * time.Minute)
	var cards, told measured
	free := time.Time{}
	posts := d.calls("chat.postMessage")
	for i, id := range all {
		for _, c := range posts {
			if strings.Contains(fmt.Sprint(c.Args["metadata"]), string(id)) {
				// The channel takes one a second.
				allowed := asked[id]
				if free.After(allowed) {
					allowed = free
				}
				free = allowed.Add(time.Second)
				cards = append(cards, c.At.Sub(allowed))
			}
		}
		if at, ok := opened[id]; ok {
			told = append(told, said(posts, string(d.holder(i).ID), string(id), "is open").Sub(at))
		}
	}
	replies := map[string]int{}
	for _, c := range posts {
		if thread, ok := c.Args["thread_ts"].(string); ok {
			replies[thread]++
		}
	}
	more := 0
	for _, n := range replies {
		if n > 1 {
			more++
		}
	}
	if more > 5 { // those of before there were many
		d.t.Errorf("%d cards have more than one reply", more)
	}
	if len(cards) != n || len(told) != n-20 {
		d.t.Fatalf("%d cards of %d, %d of %d told", len(cards), n, len(told), n-20)
	}
	return []pace{
		{"cards after Slack's limit allowed them", cards, 10 * time.Second},
		{"open messages", told, 10 * time.Second},
	}
}

// One grant alone: what is said of its life is little.
func TestCallsOfOneGrant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, slacksim.Options{})
		d.begin()
		n := oneLife(d)
		for what, most := range map[string]int{"posts": 1, "edits": 3, "replies": 3, "direct": 3, "button edits": 2} {
			if n[what] > most {
				t.Errorf("%d %s, and %d are the most", n[what], what, most)
			}
		}
	})
}

func oneLife(d *desk) map[string]int {
	id := d.ask(0, d.holder(0), "")
	d.pass(time.Minute)
	d.approve(id)
	d.pass(3 * time.Second)
	d.open(id)
	d.pass(time.Hour)
	d.end(id)
	d.pass(2 * time.Second)
	d.gone(id)
	d.quiet(time.Minute)
	return simulated.KindsOf(d.sim.Calls())
}
