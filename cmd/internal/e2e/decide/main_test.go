package decide_test

import (
	"testing"

	"jitbot/cmd/internal/e2e/simulated"
)

func TestMain(m *testing.M) { simulated.Main(m) }
