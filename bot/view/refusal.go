package view

import (
	"errors"

	"jitbot/jit"
)

// FaultText is what a person reads of an error that is no *jit.Refusal.
const FaultText = "Something broke on my side. It has been logged; try again, and tell an admin if it happens twice."

// Refusal turns an error into what a person reads, in mrkdwn. known is false
// for anything that is not a refusal: that must be logged.
func Refusal(err error) (text string, known bool) {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return r.Say(refusalArgument), true
	}
	return FaultText, false
}

// PlainRefusal is Refusal for where Slack shows no markup, such as the
// errors of a form.
func PlainRefusal(err error) string {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return Clip(jit.CleanText(r.Error()), 500)
	}
	return FaultText
}
