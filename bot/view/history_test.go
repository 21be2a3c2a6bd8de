package view_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/record"
)

func TestHistory(t *testing.T) {
	var lines []jit.Event
	for i, kind := range []jit.EventKind{jit.EventClosed, jit.EventClosing, jit.EventOpened, jit.EventApproved, jit.EventAsked} {
		lines = append(lines, jit.Event{
			Seq: uint64(9 - i), At: after(time.Duration(5-i) * time.Minute), Kind: kind, Grant: "g-7k2qd", Actor: grace, Subject: ada,
			VMs: []string{"/vm/web-1", "/vm/web-2"}, Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Text: "not *today*, <@U1>",
		})
	}
	lines[0].Actor = jit.Person{}
	anchor := record.Anchor{Seq: 9, Hash: strings.Repeat("9f", 32)}
	golden(t, "history", view.History(lookup.HistoryPage{Lines: lines, Next: 5, Anchor: anchor}, command.HistoryFilter{VM: "web-1", Days: 7}))
	golden(t, "history-sealed", view.History(lookup.HistoryPage{Sealed: 1234, Anchor: anchor}, command.HistoryFilter{VM: "web-1", Days: 900}))
	golden(t, "history-none", view.History(lookup.HistoryPage{}, command.HistoryFilter{User: "U0ADA", Days: 1}))
	golden(t, "history-doubted", view.History(lookup.HistoryPage{Anchor: anchor, Doubted: true}, command.HistoryFilter{VM: "web-1", Days: 7}))
	golden(t, "history-earlier", view.History(lookup.HistoryPage{Anchor: anchor, Next: 5}, command.HistoryFilter{Days: 7}))
}
