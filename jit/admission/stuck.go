package admission

import (
	"cmp"
	"context"
	"time"

	"jitbot/jit"
)

// Stuck is a closing that takes too long or was forbidden, or a grant of which that
// cannot be told.
type Stuck struct {
	Grant jit.ID    // empty where it cannot be read which
	Since time.Time // zero where it cannot be read
	Fault string
}

// Stuck lists what is stuck of what is due by then. What cannot be read counts as
// stuck, beside what can.
func (c Checker) Stuck(ctx context.Context, due time.Time) []Stuck {
	ids, err := c.Adapters.Grants.Due(ctx, due)
	var out []Stuck
	if err != nil {
		out = append(out, Stuck{Fault: "what is due cannot be read: " + err.Error()})
	}
	for _, id := range ids {
		g, err := c.Adapters.Grants.Grant(ctx, id)
		if err != nil {
			out = append(out, Stuck{Grant: id, Fault: "its record cannot be read: " + err.Error()})
		} else if g.Stuck {
			out = append(out, Stuck{Grant: id, Since: g.Clock.Closing, Fault: faultOf(g)})
		}
	}
	return out
}

// faultOf is what went wrong with the grant last.
func faultOf(g jit.Grant) string {
	fault := ""
	for _, p := range g.Paths {
		fault = cmp.Or(p.Fault, fault)
	}
	return fault
}
