package view

import "github.com/slack-go/slack"

// MentionAnswer is what somebody reads who mentions the bot. An event
// brings nothing that could open a form, so there is a button.
func MentionAnswer() Message {
	s := Say("To ask for time-limited access to a VM, press *Request access* or type `/jit`; `/jit help` lists what else there is.")
	s.Blocks = append(s.Blocks, buttons(formButton())...)
	return s
}

func formButton() *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(ActionForm, "new", plain("Request access"))
	b.AccessibilityLabel = "Open the form to request access"
	return b.WithStyle(slack.StylePrimary)
}
