package view

import (
	"encoding/json"

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
	if _, err := parse.Reason(d.Reason); err != nil {
		d.Reason = ""
	}
	return d, true
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
	if v == command.VerbDeny {
		raw, err := json.Marshal(Denial{id, reason})
		if err != nil || len([]rune(string(raw))) > maxButtonValue {
			raw, _ = json.Marshal(Denial{ID: id})
		}
		value = string(raw)
	}
	if v == command.VerbRevoke && reason != "" { // the button has none, so that it can be typed with it again
		const said = "The reason that you gave:"
		m.Text += "\n" + said + " " + Code(reason)
		m.Blocks = append(m.Blocks, verbatim(said, reason))
	}
	m.Blocks = append(m.Blocks, buttons(button(action, jit.ID(value), "Try again", "Try again to "+string(v)+" "+string(id)))...)
	return m
}

// WithRead is the answer to a fault in showing something, with a button that shows it.
func WithRead(m Message, line string) Message {
	if len([]rune(line)) > maxButtonValue {
		return m
	}
	m.Blocks = append(m.Blocks, buttons(button(ActionReadAgain, jit.ID(line), "Try again", "Try again: /jit "+line))...)
	return m
}
