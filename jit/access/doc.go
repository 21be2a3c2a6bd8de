// Package access is what people can do: ask, approve, deny, withdraw, end,
// revoke, extend, protect and unprotect; what they can see is in lookup, whose Service
// this one has. The bot, the host's command line and tests call the same Service;
// authority is checked here at each use, not in the screens.
//
// A method that changes something returns once that is stored; what follows in
// Azure is the work of the loop, of which this package sees three methods
// (Loop). An attempt without authority is recorded and refused with a sentence
// for whoever tried.
//
// It imports jit, admission, inventory, lookup, parse, reach, record, resource, route, rules and text.
// It is tested in cmd/internal/e2e, and through Slack's protocol in bot.
package access
