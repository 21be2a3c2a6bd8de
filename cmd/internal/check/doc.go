// Package check is jitbot check: it tries what the bot would need to run with a
// configuration, and says in a line each what it saw or what is wrong and how
// to mend it.
//
// It promises to change nothing, to end within half a minute whatever does not
// answer, and to name every fault at once instead of the first. It says of a
// machine what a request for it would meet: the domain foresees that from the
// same rules that refuse requests.
//
// It may import app, for what the bot connects with and which rights and scopes
// it needs, and all that app may import.
//
// Tests: here, over both simulators, with each fault planted alone and all of
// them together; the printed lines of the program are in
// cmd/internal/e2e/program.
package check
