package view

import (
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// MentionAnswer is what somebody reads who mentions the bot. An event
// brings nothing that could open a form, so there is a button.
func MentionAnswer() Message {
	return FormAnswer("To ask for time-limited access to a VM, press *Request access* or type `/jit`; "+
		"`/jit help` lists what else there is.", "")
}

// FormAnswer says something beside the button that opens the form, with what was
// typed on a line after /jit filled in; an empty one fills in nothing.
func FormAnswer(text, line string) Message {
	s := Say(text)
	s.Blocks = append(s.Blocks, buttons(remembering(formButton(), line))...)
	return s
}

// ChangeAnswer says what is wrong with a line after /jit, beside the button that opens the
// form with what could be read of it.
func ChangeAnswer(text, line string) Message {
	s := Say(text)
	b := remembering(formButton(), line)
	b.Text, b.AccessibilityLabel = plain("Change"), "Open the form with what could be read of the line"
	s.Blocks = append(s.Blocks, buttons(b)...)
	return s
}

// ProtectAnswer is FormAnswer with the form that protects VMs.
func ProtectAnswer(line string) Message {
	s := Say("The form asks for the ports, from where and for how long they may be asked for.")
	b := remembering(formButton(), line)
	b.Text, b.AccessibilityLabel = plain("Protect"), "Open the form to protect VMs"
	s.Blocks = append(s.Blocks, buttons(b)...)
	return s
}

func formButton() *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(ActionForm, "new", plain("Request access"))
	b.AccessibilityLabel = "Open the form to request access"
	return b.WithStyle(slack.StylePrimary)
}

// remembering is the button with a line as its value, unless that holds more than
// Slack takes.
func remembering(b *slack.ButtonBlockElement, line string) *slack.ButtonBlockElement {
	const most = 2000
	if line != "" && utf8.RuneCountInString(line) <= most {
		b.Value = line
	}
	return b
}
