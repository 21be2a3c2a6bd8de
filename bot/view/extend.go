package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// The beginnings of actions about an extension; after them stands by how many seconds, or
// the number of the extension that is decided. Their value is the grant's id.
const (
	ActionExtend           = "extend_"
	ActionApproveExtension = "extension_approve_"
	ActionDenyExtension    = "extension_deny_"
)

// ExtendBy is by how much the button with the action extends; ok is false for others.
func ExtendBy(action string) (d time.Duration, ok bool) {
	seconds, err := strconv.Atoi(strings.TrimPrefix(action, ActionExtend))
	return time.Duration(seconds) * time.Second, strings.HasPrefix(action, ActionExtend) && err == nil
}

// ExtensionOf is the number of the extension that the button with the action decides, and
// whether with a yes; ok is false for others.
func ExtensionOf(action string) (number int, yes, ok bool) {
	for prefix, approves := range map[string]bool{ActionApproveExtension: true, ActionDenyExtension: false} {
		if after, found := strings.CutPrefix(action, prefix); found {
			n, err := strconv.Atoi(after)
			return n, approves, err == nil
		}
	}
	return 0, false, false
}

// extendButtons is the button by which the holder gets more time: as long as was asked for
// at first, or what is left; none where nothing is, or more is asked for already.
func extendButtons(g jit.Grant) []*slack.ButtonBlockElement {
	by := min(g.Request.Duration, g.MostExtension(g.ExtendTerms)).Truncate(time.Minute)
	if by <= 0 || !g.Extension.At.IsZero() {
		return nil
	}
	words := "Extend by " + span(by)
	return []*slack.ButtonBlockElement{
		button(fmt.Sprint(ActionExtend, int(by.Seconds())), g.ID, words, words+", for the holder of "+string(g.ID)),
	}
}

// extensionButtons decide the extension that waits.
func extensionButtons(g jit.Grant) []*slack.ButtonBlockElement {
	if g.State != jit.Open || !g.Extension.Waiting() {
		return nil
	}
	n, d := g.Extension.Number, span(g.Extension.By)
	return []*slack.ButtonBlockElement{
		button(fmt.Sprint(ActionApproveExtension, n), g.ID, "Approve "+d+" more", "Approve to extend "+string(g.ID)+" by "+d).
			WithStyle(slack.StylePrimary),
		button(fmt.Sprint(ActionDenyExtension, n), g.ID, "Deny more time", "Deny to extend "+string(g.ID)),
	}
}

// extensionStatus says what is asked for beyond the deadline, which holds until then.
func extensionStatus(g jit.Grant) string {
	x := g.Extension
	switch {
	case g.State != jit.Open:
		return ""
	case x.Waiting():
		return span(x.By) + " more is asked for. " + extensionAwaited(g) + ", before it ends."
	case x.Underway():
		return "Being extended by " + span(x.By) + ", which holds once its rules were read back."
	default:
		return ""
	}
}

// extensionAwaited is whose yes to the extension is missing.
func extensionAwaited(g jit.Grant) string {
	g.Required, g.Approvers, g.Approvals = g.Extension.Required, g.Extension.Approvers, g.Extension.Approvals
	return text.Capital(missingApprovals(g)) + " needed, from " + eligibleApprovers(g)
}

func threadExtending(e jit.Event, g jit.Grant) string {
	said := mentionUser(g.Request.By.ID) + " asks for more time: " + prose(e.Text) + "."
	switch {
	case e.Actor.ID == "":
		said = "More time: " + prose(e.Text) + "."
	case e.Actor.ID != g.Request.By.ID:
		said = "By " + actor(e.Actor) + ": " + prose(e.Text) + "."
	}
	if g.State == jit.Open && g.Extension.Waiting() {
		said += " " + extensionAwaited(g) + "."
	}
	return said
}

// threadExtended says open of a grant only while it is.
func threadExtended(e jit.Event, g jit.Grant) string {
	if g.State != jit.Open {
		return "It was extended until " + When(e.Until) + "; by now it is " + stateText(g) + "."
	}
	return "Extended. Open until " + When(e.Until) + ": its rules were read back in force."
}

func directExtended(d *draft, _ jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "was extended")
		return
	}
	d.say(headed(g, "Your "+subject(g)+" is extended until "+When(g.Clock.Deadline)))
	d.press(append(extendButtons(g), doneButton(g))...)
	d.small(g.ID, []string{connectionsText(g)}, nil)
}

func threadUnextended(e jit.Event, g jit.Grant) string {
	said := "Not extended"
	if e.Actor.ID != "" {
		said += ", denied by " + actor(e.Actor)
	}
	if g.State != jit.Open {
		return said + "."
	}
	return said + ". It ends at " + When(g.Clock.Deadline) + "."
}

func directUnextended(d *draft, e jit.Event, g jit.Grant) {
	if g.State != jit.Open {
		byNow(d, g, "was not extended")
		return
	}
	d.say(headed(g, "Your "+subject(g)+" is not extended; it ends at "+When(g.Clock.Deadline)))
	if e.Actor.ID != "" {
		d.say("Denied by " + actor(e.Actor) + ".")
	}
	d.quote("Why: ", e.Text)
	d.press(doneButton(g))
	d.small(g.ID, []string{connectionsText(g)}, nil)
}

// moreTime says how its holder gets more time.
func moreTime(g jit.Grant) string {
	if len(extendButtons(g)) > 0 {
		return "For more time, press Extend, or type `/jit extend " + string(g.ID) + "` and how much."
	}
	return "For more time, ask again now: `/jit`."
}

// ExtendReply says to whoever asked for more time what comes of it.
func ExtendReply(g jit.Grant) string {
	id := " (" + Code(string(g.ID)) + ")"
	if g.Extension.Waiting() {
		return "You asked for " + span(g.Extension.By) + " more of " + subject(g) + id + ". " + extensionAwaited(g) +
			"; until then it ends at " + When(g.Clock.Deadline) + "."
	}
	return "Your " + subject(g) + id + " is being extended by " + span(g.Extension.By) +
		". You are told when that is in force; until then it ends at " + When(g.Clock.Deadline) + "."
}

// ExtensionReply says to whoever decided an extension what that did to it.
func ExtensionReply(yes bool, g jit.Grant) string {
	what := subject(g) + " for " + mentionUser(g.Request.By.ID) + " (" + Code(string(g.ID)) + ")"
	switch {
	case !yes:
		return "You denied more time of " + what + "; they are told, and it ends at " + When(g.Clock.Deadline) + "."
	case g.Extension.Waiting():
		return "You approved more time of " + what + ". " + extensionAwaited(g) + "."
	default:
		return "You approved more time of " + what + "; its rules are being rewritten."
	}
}
