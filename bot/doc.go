// Package bot is jitbot in Slack: it reads commands, clicks, forms and events
// from Socket Mode, gives them to the service, and shows people what became of
// them. It also sends notices (Notifier) and reads users (People) for the domain.
//
// It promises: what somebody is told is on its way is stored before its ack, and what
// they are told is not taken is never done; one delivery has one effect, however often
// Slack sends it and however often the bot starts; what one person does to one grant or
// VM is done in the order in which it was acknowledged, over restarts too; nobody's
// flood delays another, and whoever ends access or denies it waits for nobody else;
// the loop over the sockets never waits for Slack's Web API, Azure, the store or a
// worker; a form or a menu is answered within the three seconds that Slack gives;
// Slack's pace is kept per channel, and its pauses for all of them; a fault is
// logged and never shown. It decides nothing about authority: the service does,
// at every call.
//
// What somebody typed is read by bot/command, what came back in a form by
// bot/form, and what people see is made by bot/view; those three are
// pure. bot may import them, jit and the packages below it that the service answers
// with (access, reach, resource), and slack-go; no other adapter.
//
// Its tests run it against bot/slacksim with a service of their own. Whole lives
// of grants, over the real service, store and Azure clients, are tested in
// cmd/internal/e2e.
package bot
