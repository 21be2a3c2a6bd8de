// Package crash has tests only: jitbot is crashed at every step of a life, before
// and after the step's effect, started again on what the store holds, and held to
// its promises. It is a package of its own so that it runs beside the other whole
// lives in cmd/internal/e2e.
package crash
