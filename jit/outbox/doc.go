// Package outbox delivers what the record says must be told. Notices are stored
// in the transaction of their event and removed when they were delivered, so a
// crash repeats one and loses none. Within a grant's channel, and within its
// direct messages, they are told in order; a channel that is shut holds up
// nothing else, and Slack being down delays nothing but words.
//
// It imports jit and jit/workqueue. The other side of Notifier is package bot;
// both together are tested in cmd/internal/e2e.
package outbox
