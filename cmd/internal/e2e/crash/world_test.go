package crash_test

import (
	"testing"

	"jitbot/cmd/internal/e2e/simulated"
)

const (
	ada   = simulated.Ada
	grace = simulated.Grace
)

// world is a simulated.World with what the tests of this package ask of it.
type world struct{ *simulated.World }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{simulated.New(t)}
}
