package bot

import (
	"errors"

	"jitbot/jit"
)

// fault is what a person reads of anything that is no refusal.
const fault = "Something broke on my side. It has been logged; try again, and tell an admin if it happens twice."

// sentence turns an error into what a person reads, in mrkdwn. known is false
// for anything that is not a refusal: that must be logged.
func sentence(err error) (text string, known bool) {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return r.Say(show), true
	}
	return fault, false
}

// plainSentence is sentence for where Slack shows no markup, such as the
// errors of a form.
func plainSentence(err error) string {
	if r, ok := errors.AsType[*jit.Refusal](err); ok {
		return clip(jit.CleanText(r.Error()), 500)
	}
	return fault
}
