package sim_test

import (
	"errors"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

// approveOne approves a request, sometimes after somebody said that they are on it, and
// sometimes with less: what is opened is within that, and so what lets anybody in more is
// found by the comparison of who reaches what.
func (k *walk) approveOne(g jit.Grant) bool {
	k.T.Helper()
	ctx := k.T.Context()
	if seldom(k.draw, "claimed", 4) {
		_, err := k.Service.Claim(ctx, simulated.Alan, g.ID)
		k.answered("claim", err)
	}
	if g.State != jit.Pending || !seldom(k.draw, "with less", 3) {
		_, err := k.Service.Approve(ctx, simulated.Grace, g.ID)
		return k.answered("approve", err)
	}
	less := g.Request.Extent()
	less.Ports, less.Sources, less.Duration = less.Ports[:1], less.Sources[:1], less.Duration*3/4
	now, err := k.Service.ApproveLess(ctx, simulated.Grace, g.ID, less)
	if no := (*jit.Refusal)(nil); errors.As(err, &no) {
		k.draw.Logf("less of %s: %v", g.ID, err) // shorter than the policy's shortest, or closed since
		return false
	}
	if more := now.Request.Extent().Wider(less); err == nil && more != "" {
		k.T.Errorf("%s was approved with %s, and is for %s", g.ID, less, now.Request.Extent())
	}
	return k.answered("approve with less", err)
}
