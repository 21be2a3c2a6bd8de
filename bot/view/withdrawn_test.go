package view_test

import (
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
)

// Who did not withdraw a request themselves is told who did.
func TestWithdrawnFromTheHost(t *testing.T) {
	g := asked()
	g.State = jit.Cancelled
	golden(t, "direct-withdrawn", view.Direct(jit.Event{Kind: jit.EventCancelled, Actor: jit.Person{ID: "host:root"}, At: after(time.Minute)}, g))
}
