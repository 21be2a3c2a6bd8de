package sim_test

import (
	"net/netip"

	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

// moveOne moves a grant to another address. Of what is open its end, and how many addresses it
// is for, are never more by that.
func (k *walk) moveOne() {
	k.T.Helper()
	open := k.open()
	g := open[rapid.IntRange(0, len(open)-1).Draw(k.draw, "which")]
	to := netip.MustParsePrefix(some(k.draw, "to", k.network.clients...))
	next, err := k.Service.Move(k.T.Context(), simulated.Ada, g.ID, to)
	if !k.answered("move", err) {
		return
	}
	longer := next.Clock.Deadline.After(g.Clock.Deadline) && !g.Extension.Underway()
	if next.State != jit.Open || longer || len(next.Request.Sources) != 1 {
		k.T.Errorf("%s was open until %s, and moved it is %s until %s from %v", g.ID, g.Clock.Deadline, next.State, next.Clock.Deadline, next.Request.Sources)
	}
}
