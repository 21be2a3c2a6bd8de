// Package host is how somebody with a shell on the bot's machine speaks to it: the
// socket beside the store, its server and its client, and what is said over it.
//
// The server takes whoever the kernel says has the bot's own account or is root, and
// answers everybody else with a refusal that is recorded. Who they are is taken from
// the socket, never from what they send. The client believes only a server that runs
// as the owner of the store, as root or as itself. Neither waits for the other for
// ever: what says nothing for half a minute is given up.
//
// What the commands print as JSON is what goes over the socket, so schema.go is the
// documentation of both. Authority is checked in jit/access; here is none.
package host
