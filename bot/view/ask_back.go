package view

import (
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// AsksBack reports whether Approve asks once more: what is approved is for production,
// several VMs or more than one address, or the card warns of something.
func AsksBack(g jit.Grant) bool { return len(whyAsksBack(g)) > 0 }

func whyAsksBack(g jit.Grant) []string {
	var why []string
	for _, t := range g.Request.Targets {
		if t.Production {
			why = append(why, "It is for production.")
			break
		}
	}
	if n := len(g.Request.Targets); n > 1 {
		why = append(why, "It is for "+text.Count(n, "VM", "VMs")+".")
	}
	if len(g.Request.Sources) > 1 || len(g.Request.Sources) == 1 && !g.Request.Sources[0].IsSingleIP() {
		why = append(why, "It is for more than one address.")
	}
	if len(g.Warnings) > 0 {
		why = append(why, "It has "+text.Count(len(g.Warnings), "warning", "warnings")+", above the buttons.")
	}
	return why
}

// askBack has a button that approves ask once more, where it must.
func askBack(b *slack.ButtonBlockElement, g jit.Grant) *slack.ButtonBlockElement {
	why := whyAsksBack(g)
	if len(why) == 0 {
		return b
	}
	return b.WithConfirm(slack.NewConfirmationBlockObject(plain("Approve "+string(g.ID)+"?"), plain(strings.Join(why, " ")),
		plain("Approve "+span(g.Request.Duration)), plain("Not yet")).WithStyle(slack.StylePrimary))
}

// ApproveOnceMore is the answer to a typed approval that the button would ask back for:
// nothing is approved by it.
func ApproveOnceMore(l lookup.ListedGrant) Message {
	said := "Nothing is approved yet, because it wants a second look. " + strings.Join(whyAsksBack(l.Grant), " ") +
		" If it is right, press Approve here or on its card."
	m := List([]lookup.ListedGrant{l}, false)
	return Message{Text: shorten(said+"\n"+m.Text, maxText), Blocks: append([]slack.Block{paragraph(said)}, m.Blocks...)}
}
