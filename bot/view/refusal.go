package view

import (
	"errors"

	"jitbot/jit"
	"jitbot/jit/text"
)

// FaultText is what a person reads of an error that is no *jit.Refusal.
const FaultText = "Something broke on my side. It has been logged; try again, and tell an admin if it happens twice."

// BusyText is what a person reads of what passes by itself, and ForbiddenText of what
// lasts until somebody mends it.
const (
	BusyText      = "Azure or Slack is busy, which passes. Try again in a minute."
	ForbiddenText = "jitbot itself is not allowed something that it needs, which lasts until it is mended. " +
		"Tell an admin: `jitbot check` on its host names what is missing."
)

// DoubtText is what a person reads of a fault in changing something: what could not
// be stored in time may be stored all the same.
const DoubtText = "Something broke on my side. I cannot tell whether that was done: see `/jit list` or `/jit vms` before you try again. " +
	"It has been logged; tell an admin if it happens twice."

// UnsureText is what a person reads while it is not known whether what they sent is
// stored, and NotStoredText once it is sure that it is not.
const (
	UnsureText = "I cannot tell yet whether that was taken, because my store is slow or failing: " +
		"see `/jit list` or `/jit vms` before you do it again. If it was, it is done, and you are told what comes of it."
	NotStoredText = "What you sent a moment ago could not be stored, so it was not taken and is not done. Do it again."
)

// Doubt is Refusal for a change.
func Doubt(err error) string {
	text, known := Refusal(err)
	switch {
	case known:
		return text
	case text == FaultText:
		return DoubtText
	default:
		return text + " I cannot tell whether that was done: see `/jit list` or `/jit vms` before that."
	}
}

// Refusal turns an error into what a person reads, in mrkdwn. known is false
// for anything that is not a refusal: that must be logged.
func Refusal(err error) (text string, known bool) {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return r.Say(refusalArgument), true
	}
	switch {
	case errors.Is(err, jit.ErrBusy):
		return BusyText, false
	case errors.Is(err, jit.ErrForbidden):
		return ForbiddenText, false
	default:
		return FaultText, false
	}
}

// PlainRefusal is Refusal for where Slack shows no markup, such as the
// errors of a form.
func PlainRefusal(err error) string {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return Clip(text.Clean(r.Error()), 500)
	}
	return FaultText
}

// channelMissing warns of somebody whom the configuration names and Slack does not know.
func channelMissing(d *draft, e jit.Event) {
	d.say("*Somebody in the configuration is unknown to Slack*").quote("", text.Capital(e.Text))
	d.say("Mend the configuration and restart jitbot.")
}
