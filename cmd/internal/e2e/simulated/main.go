package simulated

import (
	"os"
	"runtime/debug"
	"testing"
)

// Main runs the tests of a package of whole lives. Those make much garbage, by
// reading Azure's lists each minute of fake time, and keep little: collecting it
// four times as seldom takes a third off their time. GOGC in the environment
// decides where it is set.
func Main(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
