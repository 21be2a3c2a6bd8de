// Package pace has tests only: what is told to a workspace that enforces Slack's
// limits, by the outbox over a real store and the real notifier, in fake time. It is a
// package of its own so that it runs beside the whole lives in cmd/internal/e2e.
package pace
