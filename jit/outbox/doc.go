// Package outbox delivers what the record says must be told. Notices are stored
// in the transaction of their event and removed when they were delivered, so a
// crash repeats one and loses none.
//
// What is told is made when it is told, of grants as they are then: a card is a
// projection of its grant, of which only the newest state waits; a holder is told
// how it stands, and not what was overtaken; what would say the same is not sent.
// The order is what somebody must act on or waits for, then what has become untrue,
// then the rest. Calls keep the limits that they are given, by method and channel;
// a pause or a channel that is shut holds up nothing else, and Slack being down
// delays nothing but words. What many grants or machines have in common within a
// minute is one message.
//
// It imports jit and jit/workqueue. The other side of Notifier is package bot;
// both together are tested in cmd/internal/e2e.
package outbox
