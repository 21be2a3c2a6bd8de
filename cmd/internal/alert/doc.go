// Package alert tells a server of the operator's what is stuck: a rule that should be
// gone and cannot be removed. It is the last step of the ladder of a closing that fails,
// beside the card, the channel, direct messages, /readyz and the metric, and closings
// never wait for it.
//
// It knows nothing of grants: who uses it says what is stuck, and with which commands it
// is closed by hand. It is tested here against servers that are slow, refuse and lie, and
// as a whole program in cmd/internal/e2e/program.
package alert
