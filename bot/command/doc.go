// Package command reads what somebody typed after /jit: from the text as Slack
// sends it, with its markers and the quotes and hyphens of phones, to a Command.
//
// It is pure. It promises that no text makes it panic, that every error is a
// *jit.Refusal which says what to write instead, and that what it returns is free
// of control characters. Whether the VMs exist and the policy allows it is not
// known here.
//
// It may import jit, and jit/reach for the classes of a scan. FuzzCommand feeds
// it anything; how commands are carried out is tested in bot.
package command
