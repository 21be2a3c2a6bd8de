package view

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/parse"
)

// Denial is a no with its reason, as a button carries it.
type Denial struct {
	ID     jit.ID `json:"g"`
	Reason string `json:"r"`
}

// UnpackDenial reads back what the button carries, which may have been altered; false
// when it names no grant. A reason that cannot be one is left out.
func UnpackDenial(value string) (Denial, bool) {
	var d Denial
	if len(value) > 4*MaxInput || json.Unmarshal([]byte(value), &d) != nil || !d.ID.Valid() {
		return Denial{}, false
	}
	d.Reason, _ = parse.Reason(d.Reason)
	return d, true
}

// ActionRevokeAgain revokes what its value, a Denial, names.
const ActionRevokeAgain = "revoke_again"

// pack is the button's value, without the reason where it has no room for it.
func (d Denial) pack() (value string, whole bool) {
	raw, err := json.Marshal(d)
	if whole = err == nil && len([]rune(string(raw))) <= maxButtonValue; !whole {
		raw, _ = json.Marshal(Denial{ID: d.ID})
	}
	return string(raw), whole
}

// WithRetry is the answer to a fault in changing a grant, with a button that does the
// same again, and with the reason that was typed. Doing it twice does it once.
func WithRetry(m Message, v command.Verb, id jit.ID, reason string) Message {
	action, ok := map[command.Verb]string{
		command.VerbApprove: ActionApprove, command.VerbRevoke: ActionRevoke, command.VerbDone: ActionDone, command.VerbCancel: ActionCancel,
		command.VerbDeny: ActionDenyAgain,
	}[v]
	if !ok || !id.Valid() {
		return m
	}
	value := string(id)
	switch packed, whole := (Denial{id, reason}).pack(); {
	case v == command.VerbDeny:
		value = packed
	case v == command.VerbRevoke && reason != "" && whole:
		action, value = ActionRevokeAgain, packed
	case v == command.VerbRevoke && reason != "": // so that it can be typed with it again
		const said = "The reason that you gave:"
		m.Text += "\n" + said + " " + prose(reason)
		m.Blocks = append(m.Blocks, verbatim(said+" ", reason))
	}
	return WithButton(m, button(action, jit.ID(value), "Try again", "Try again to "+string(v)+" "+string(id)))
}

// WithButton is a message with a button below it, unless that is nil.
func WithButton(m Message, b *slack.ButtonBlockElement) Message {
	m.Blocks = append(m.Blocks, buttons(b)...)
	return m
}

// The buttons of answers to faults in showing something show it: what a line after /jit
// asks for, a page, or what Azure says of a VM. They are nil where the value has no room.

// ReadAgain shows what a line asks for.
func ReadAgain(line string) *slack.ButtonBlockElement {
	return tryAgain(ActionReadAgain, line, "/jit "+line)
}

// ScanAgain shows a page of a scan.
func ScanAgain(f command.ScanFilter) *slack.ButtonBlockElement {
	return tryAgain(ActionScanNext, packed(f), "the next VMs of the scan")
}

// HistoryAgain shows a page of the history.
func HistoryAgain(f command.HistoryFilter) *slack.ButtonBlockElement {
	return tryAgain(ActionHistoryNext, packed(f), "what was before")
}

// WitnessAgain asks Azure about a VM.
func WitnessAgain(vm string) *slack.ButtonBlockElement {
	return tryAgain(ActionWitness, vm, "Azure about "+vm)
}

// UnprotectAgain unprotects what the question was about, while that holds.
func UnprotectAgain(value string) *slack.ButtonBlockElement {
	return tryAgain(ActionUnprotect, value, "to unprotect")
}

// ExtendAgain asks for that much more time. It may have been asked for already, which the
// answer says; more than one at a time is refused.
func ExtendAgain(id jit.ID, by time.Duration) *slack.ButtonBlockElement {
	return tryAgain(fmt.Sprint(ActionExtend, int(by.Seconds())), string(id), "to extend "+string(id))
}

// ExtensionAgain approves the extension of the number. Doing it twice does it once.
func ExtensionAgain(number int, id jit.ID) *slack.ButtonBlockElement {
	return tryAgain(fmt.Sprint(ActionApproveExtension, number), string(id), "to extend "+string(id))
}

// PressAgain does what a button did that was pressed, of which nothing was done.
func PressAgain(action, value string) *slack.ButtonBlockElement {
	return tryAgain(action, value, "what you pressed")
}

func tryAgain(action, value, what string) *slack.ButtonBlockElement {
	if value == "" || len([]rune(value)) > maxButtonValue {
		return nil
	}
	return button(action, jit.ID(value), "Try again", "Try again: "+what)
}

// packed is a page as a button carries it.
func packed(page any) string {
	raw, err := json.Marshal(page)
	if err != nil {
		return "{}" // it is made of texts and numbers
	}
	return string(raw)
}
