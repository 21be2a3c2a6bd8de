package view

import (
	"github.com/slack-go/slack"

	"jitbot/jit"
)

// maxReason is the most characters of a reason; the domain's own limit.
const maxReason = 1000

// DenyForm asks for the reason of a no. It carries the grant's id, which is
// checked again when the form comes back, and begins with what was typed before.
func DenyForm(id jit.ID, reason string) slack.ModalViewRequest {
	input := slack.NewPlainTextInputBlockElement(nil, InputReason).WithMultiline(true).WithMaxLength(maxReason)
	input.InitialValue = Clip(reason, maxReason)
	return slack.ModalViewRequest{
		Type:            slack.VTModal,
		CallbackID:      FormDeny,
		PrivateMetadata: string(id),
		Title:           plain("Deny " + string(id)),
		Submit:          plain("Deny"),
		Close:           plain("Keep waiting"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(InputReason, plain("Reason"), plain("The requester and the channel read it."), input),
		}},
	}
}
