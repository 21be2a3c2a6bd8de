package view

import (
	"errors"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// The actions of buttons; their value is the grant's id, unless it is said here.
const (
	ActionApprove   = "approve"
	ActionDeny      = "deny"
	ActionRevoke    = "revoke"
	ActionDone      = "done"
	ActionCancel    = "cancel"
	ActionForm      = "request_access" // a line after /jit, with which the form opens
	ActionProtect   = "protect_vm"     // a VM, as group/name
	ActionWitness   = "ask_azure"      // a VM, of whose rules Azure is asked
	ActionScanNext  = "scan_next"      // a command.ScanFilter, of where the next page begins
	ActionUnprotect = "unprotect_vms"  // an Unprotecting
	ActionDenyAgain = "deny_again"     // a Denial
	ActionReadAgain = "read_again"     // a line after /jit that only shows something
	ActionMissing   = "show_missing"   // what a refusal says of the Azure actions that are missing
)

func button(action string, id jit.ID, words, label string) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, string(id), plain(words))
	b.AccessibilityLabel = Clip(label, 75)
	return b
}

func approveButton(g jit.Grant) *slack.ButtonBlockElement {
	d := span(g.Request.Duration)
	return askBack(button(ActionApprove, g.ID, "Approve "+d, "Approve "+string(g.ID)+" for "+d).WithStyle(slack.StylePrimary), g)
}

func denyButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(ActionDeny, g.ID, "Deny", "Deny "+string(g.ID)+" and give a reason")
}

func revokeButton(g jit.Grant) *slack.ButtonBlockElement {
	confirm := slack.NewConfirmationBlockObject(
		plain("Revoke "+string(g.ID)+"?"),
		plain("The access ends now, before its time. Connections that are already established are not cut."),
		plain("Revoke"), plain("Keep it")).WithStyle(slack.StyleDanger)
	return button(ActionRevoke, g.ID, "Revoke", "Revoke "+string(g.ID)).WithStyle(slack.StyleDanger).WithConfirm(confirm)
}

func doneButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(ActionDone, g.ID, "Done, close it", "End my access "+string(g.ID)+" now")
}

func cancelButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(ActionCancel, g.ID, "Withdraw request", "Withdraw my request "+string(g.ID))
}

// missingButton shows which Azure actions are missing, and where.
func missingButton(why string) *slack.ButtonBlockElement {
	return button(ActionMissing, jit.ID(Clip(why, maxQuoted-1)), "Show the missing actions", "Show which Azure actions are missing")
}

// WithMissing is an answer with a button for each request that was refused for the lack of
// Azure actions, which shows them.
func WithMissing(m Message, refused ...error) Message {
	for _, err := range refused {
		if errors.Is(err, jit.ErrRights) && len(m.Blocks) < maxBlocks {
			m.Blocks = append(m.Blocks, buttons(missingButton(err.Error()))...)
		}
	}
	return m
}

// Missing is the answer to the button that shows the missing actions.
func Missing(why string) Message {
	d := new(draft)
	return d.quote("", why).message()
}

// buttons is a row of those that are not nil, or no block when there is none.
func buttons(all ...*slack.ButtonBlockElement) []slack.Block {
	elements := make([]slack.BlockElement, 0, len(all))
	for _, b := range all {
		if b != nil {
			elements = append(elements, b)
		}
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("", elements...)}
}
