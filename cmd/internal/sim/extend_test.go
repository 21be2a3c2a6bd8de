package sim_test

import (
	"time"

	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

// extendOne asks for more time of a grant, and mostly has it approved. None is open for
// longer than was asked for or the total of its extensions.
func (k *walk) extendOne() {
	k.T.Helper()
	open := k.open()
	for _, g := range open {
		if most := max(g.Request.Duration, g.ExtendTerms.Total); g.Clock.Deadline.Sub(g.Clock.Opened) > most && g.State == jit.Open {
			k.T.Errorf("%s is open from %s until %s, and %s is the most", g.ID, g.Clock.Opened, g.Clock.Deadline, most)
		}
	}
	g := open[rapid.IntRange(0, len(open)-1).Draw(k.draw, "which")]
	by := some(k.draw, "more", time.Minute, 20*time.Minute, 3*time.Hour, 6*time.Hour)
	g, err := k.Service.Extend(k.T.Context(), simulated.Ada, g.ID, by)
	if !k.answered("extend", err) || seldom(k.draw, "left waiting", 4) {
		return
	}
	if seldom(k.draw, "denied", 6) {
		_, err = k.Service.DenyExtension(k.T.Context(), simulated.Grace, g.ID, g.Extension.Number, "")
	} else {
		_, err = k.Service.ApproveExtension(k.T.Context(), simulated.Grace, g.ID, g.Extension.Number)
	}
	k.answered("decide "+string(g.ID), err)
}
