package form

import (
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// ReadDenial reads the form that asks why a request is denied: the grant and the
// reason, or a *jit.Refusal.
func ReadDenial(i Interaction) (jit.ID, string, error) {
	id := jit.ID(i.View.Metadata)
	if !id.Valid() {
		return "", "", jit.Refuse(jit.ErrInput, "This form names no grant; close it and press Deny again.")
	}
	reason := i.input(view.InputReason, view.InputReason).Value
	if text.Clean(reason) == "" {
		return id, "", jit.Refuse(jit.ErrInput, "Say why; the requester reads it.")
	}
	reason, err := parse.Reason(reason)
	return id, reason, err
}
