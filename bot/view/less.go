package view

import (
	"encoding/json"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// ActionLess opens the form by which less than is asked for is approved; its value is a
// Less, or the grant's id alone.
const ActionLess = "approve_less"

// FormLess is the form by which less is approved.
const FormLess = "approve_less"

// Less is what was typed into the form by which less is approved, as a button carries it.
type Less struct {
	ID       jit.ID `json:"g"`
	Ports    string `json:"p,omitempty"`
	Sources  string `json:"s,omitempty"`
	Duration string `json:"d,omitempty"`
}

// UnpackLess reads back what the button carries, which may have been altered; false when
// it names no grant.
func UnpackLess(value string) (Less, bool) {
	if id := jit.ID(value); id.Valid() {
		return Less{ID: id}, true
	}
	var l Less
	ok := len(value) <= 4*MaxInput && json.Unmarshal([]byte(value), &l) == nil && l.ID.Valid()
	return l, ok
}

// LessOf is what the form carries unseen: the grant, and how much was asked for, beyond
// which it takes nothing. What comes back is checked again.
type LessOf struct {
	ID    jit.ID     `json:"g"`
	Asked jit.Extent `json:"a"`
}

func lessButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(ActionLess, g.ID, "Approve with less", "Approve "+string(g.ID)+" for a shorter time, fewer ports or a narrower source")
}

// TryLess opens the form again as it was typed.
func TryLess(l Less) *slack.ButtonBlockElement {
	raw, err := json.Marshal(l)
	if err != nil || len([]rune(string(raw))) > maxButtonValue {
		raw = []byte(l.ID)
	}
	return button(ActionLess, jit.ID(raw), "Try again", "Try again to approve less of "+string(l.ID))
}

// LessForm asks how much of the request is approved, and begins with what was typed
// before, or else with all of it.
func LessForm(g jit.Grant, typed Less) slack.ModalViewRequest {
	v := modal(FormLess, paragraph(heading(g)+"\n"+cardSource(g)))
	for _, w := range warnings(g) {
		v.Blocks.BlockSet = append(v.Blocks.BlockSet, verbatim("⚠️ ", w))
	}
	if typed == (Less{ID: typed.ID}) {
		typed.Ports, typed.Sources, typed.Duration = portInput(g.Request.Ports), sourceInputs(g), text.Duration(g.Request.Duration)
	}
	field := func(name, label, hint, initial string) slack.Block {
		return slack.NewInputBlock(name, plain(label), plain(hint), textInput(name, initial, MaxInput))
	}
	v.Blocks.BlockSet = append(v.Blocks.BlockSet,
		field(InputDuration, "How long", "Such as 45m or 1h30m.", typed.Duration),
		field(InputPorts, "Ports", "Such as 22 or 8000-8010, with commas between.", typed.Ports),
		field(InputSource, "From", "Addresses or ranges, with commas between.", typed.Sources),
		footnote("Never more than is asked for. What is narrower holds for all: approvals given before stand, and later ones are for it. "+
			"Whoever asked is told."),
	)
	raw, err := json.Marshal(LessOf{g.ID, g.Request.AsAsked().Extent()})
	if err != nil || len(raw) > MaxInput {
		raw, _ = json.Marshal(LessOf{ID: g.ID}) // an id and nothing else always can be
	}
	v.PrivateMetadata, v.Submit = string(raw), plain("Approve")
	return v
}

// portInput are ports as they are typed.
func portInput(ports []jit.Ports) string {
	words := make([]string, 0, len(ports))
	for _, p := range ports {
		if p.Protocol == jit.AnyProtocol {
			words = append(words, p.Span())
			continue
		}
		words = append(words, p.String())
	}
	return strings.Join(words, ", ")
}

func sourceInputs(g jit.Grant) string {
	words := make([]string, 0, len(g.Request.Sources))
	for _, s := range g.Request.Sources {
		words = append(words, Address(s))
	}
	return strings.Join(words, ", ")
}

// lessText says how much was asked for, where approvers allowed less of it.
func lessText(g jit.Grant) string {
	if !g.Request.Narrowed() {
		return ""
	}
	asked := g
	asked.Request = g.Request.AsAsked()
	return "Less than was asked for: " + portWords(asked.Request.Ports) + " from " + sourceNames(asked) + " for " +
		span(asked.Request.Duration) + "."
}

// directApproved is what whoever asked reads when somebody approved less of it.
func directApproved(d *draft, e jit.Event, g jit.Grant) {
	by := " by " + actor(e.Actor)
	switch g.State {
	case jit.Pending:
		d.say(headed(g, "Less of your request is approved"+by+": "+requestText(g)), lessText(g), awaited(g))
		d.press(cancelButton(g))
	case jit.Opening, jit.Open:
		d.say(headed(g, "Your request is approved with less"+by+": "+requestText(g)), lessText(g))
	default:
		byNow(d, g, "was approved with less"+by)
		return
	}
	d.small(g.ID, nil, nil)
}

// LessReply says to whoever approved less what came of it.
func LessReply(g jit.Grant) string {
	what := requestText(g) + ", for " + mentionUser(g.Request.By.ID) + " (" + Code(string(g.ID)) + ")"
	if g.State == jit.Pending {
		return "You approved " + what + ", who is told; " + missingApprovals(g) + " needed, for as much."
	}
	return "You approved " + what + ", who is told; it is being opened."
}
