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
// It may import jit and the packages below it whose values it shows (access,
// reach, resource), bot/command for the names of commands, and slack-go for its
// blocks. Each message and form has a golden file in testdata, written anew by
// go test ./bot/view -update.
package view
