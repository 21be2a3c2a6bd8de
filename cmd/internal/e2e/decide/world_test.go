package decide_test

import (
	"testing"
	"testing/synctest"

	"jitbot/cmd/internal/e2e/simulated"
)

const (
	ada   = simulated.Ada
	bob   = simulated.Bob
	grace = simulated.Grace
	alan  = simulated.Alan
	carol = simulated.Carol
	guest = simulated.Guest
	group = simulated.Approvers

	adasAddress = simulated.AdasAddress
	nobody      = simulated.Nobody
)

// world is a simulated.World with what the tests of this package ask of it.
type world struct{ *simulated.World }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{simulated.New(t)}
}

// bubble runs a test in fake time.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t)) })
}
