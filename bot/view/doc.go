// Package view makes what people see in Slack: from values of the domain to
// messages, forms and the Home tab, in blocks and in the text that screen readers
// and notifications read.
//
// It is pure: the same values give the same blocks. It promises that text which
// people or Azure wrote is shown letter by letter, never as a mention, a link or
// formatting; that everything keeps within Slack's limits, whatever it is given;
// that "open" is said of a grant only while it is; and that each ending and each
// kind of event has its row of texts (ending.go, event.go). What a form carries in
// options and metadata is read back here too (VMWord, FindPortOption, UnpackVMs),
// so that both directions stand together.
//
// # How it is written
//
//   - A heading is a sentence about people and machines after a mark of the state
//     (waiting ⏳, open 🔓, closing ⌛, closed 🔒, stuck 🚨, denied ⛔), and the state is
//     said in words too. It is never an id: ids are in the small print.
//   - What is dangerous stands above the buttons, the worst first. Routine notes are
//     small print, last, and only for whom they help.
//   - Code style is for names, addresses and what is typed, never for sentences:
//     what people or Azure wrote is shown in plain text, which has no markup, or
//     with only those words as code that Slack could take for more (prose).
//   - There is one form of a time: "3:49 PM, in 29 minutes" (When), and with the day
//     where it is seldom today (WhenDay).
//   - A message that nobody asked for has at most 60 words, a line of a list 30.
//   - The reader is "you". A thing has one name: `web-1` in `prod-web`. A request
//     waits, access is open, then it is closed.
//   - The text beside the blocks says all that they say, the Entra name too (draft).
//     Blocks are those that every client of Slack shows.
//
// It may import jit and the packages below it whose values it shows (access,
// reach, resource), bot/command for the names of commands, and slack-go for its
// blocks. Each message and form has a golden file in testdata, written anew by
// go test ./bot/view -update.
package view
