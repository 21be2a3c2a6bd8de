// Package command reads what somebody typed after /jit: from the text as Slack
// sends it, with its markers and the quotes and hyphens of phones, to a Command.
//
// It is pure. It promises that no text makes it panic, that every error is a
// *jit.Refusal which says what to write instead, and that what it returns is free
// of control characters. Whether the VMs exist and the policy allows it is not
// known here.
//
// The table of commands (Commands) has a row for each: reading a line, the help and the
// nearest command for an unknown word need no more. A line that may mean two things is
// asked back; testdata/lines.txt has what people type, and FuzzLines and FuzzWords hold
// what is asked for against a second reader of the line, written without this one.
//
// It may import jit, jit/parse, and jit/reach for the classes of a scan. FuzzCommand
// feeds it anything; how commands are carried out is tested in bot.
package command
