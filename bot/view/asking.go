package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// ActionClaim is the button "I am on it"; its value is the grant's id.
const ActionClaim = "claim"

// claimButton says that somebody is on it, and of whoever is it takes that back.
func claimButton(g jit.Grant, mine bool) *slack.ButtonBlockElement {
	if mine {
		return button(ActionClaim, g.ID, "Not on it any more", "Give "+string(g.ID)+" back: I am not on it any more")
	}
	return button(ActionClaim, g.ID, "I am on it", "I am on it: reminders about "+string(g.ID)+" wait; a second click gives it back")
}

// awaited is whose yes is missing, and until when: those who are silent, once they were
// asked again; and who has it in hand.
func awaited(g jit.Grant) string {
	said := text.Capital(missingApprovals(g)) + " needed, from " + eligibleApprovers(g) + ", by " + When(g.Clock.Lapse) + "."
	if n := g.Asking.Reminders; n > 0 {
		said = text.Capital(missingApprovals(g)) + " needed by " + When(g.Clock.Lapse) + ". Asked again " + text.Count(n, "time", "times") +
			". " + silence(g)
	}
	if c := g.Claimed(); c.By.ID != "" {
		said += " " + mentionUser(c.By.ID) + " is on it until " + clockTime(c.Until) + "."
	}
	return said
}

// silence is who was asked and has not answered since.
func silence(g jit.Grant) string {
	silent := slices.DeleteFunc(slices.Clone(g.Asking.Silent), func(id jit.UserID) bool { return g.ApprovedBy(jit.Person{ID: id}) })
	if len(silent) == 0 {
		return "Nobody who could answer was found."
	}
	names := make([]string, 0, len(silent))
	for _, id := range silent {
		if name := mention(string(id)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return "No answer yet from " + text.Join(names) + "."
}

func threadClaimed(e jit.Event, g jit.Grant) string {
	said := actor(e.Actor) + " is on it"
	if c := g.Claimed(); c.By.ID == e.Actor.ID {
		said += " until " + When(c.Until)
	}
	return said + ". No reminder follows meanwhile; anybody else may decide it all the same."
}

func threadUnclaimed(e jit.Event, g jit.Grant) string {
	switch {
	case e.Actor.ID != "":
		return actor(e.Actor) + " is not on it any more."
	case g.State != jit.Pending:
		return "Nobody was on it any more."
	default:
		return "Nobody is on it any more, and it is not decided."
	}
}

func threadUnanswered(_ jit.Event, g jit.Grant) string {
	if g.State != jit.Pending {
		return "It was asked for again; by now it is " + stateText(g) + "."
	}
	return "⏳ Still waiting. " + silence(g) + " It lapses at " + When(g.Clock.Lapse) + "."
}

func threadEscalated(_ jit.Event, g jit.Grant) string {
	said := "It was not decided in time, so it was escalated to " + anyOf(g.Asking.EscalateTo) + ", who can approve it too."
	if g.State != jit.Pending {
		said += " By now it is " + stateText(g) + "."
	}
	return said
}

// ToDecide is what somebody reads by themselves who is asked to decide: all that the card
// says, and its buttons.
func ToDecide(_ jit.Event, g jit.Grant, others ...jit.Grant) Message {
	const why = "Nobody has decided this yet, so you are asked too, and can approve it."
	m := Card(g, others...)
	return Message{Text: shorten(why+" "+m.Text, maxText), Blocks: append([]slack.Block{paragraph(why)}, m.Blocks...)}
}

// toDecidePast takes the place of ToDecide when there is nothing to decide any more.
func toDecidePast(g jit.Grant) Message {
	d := new(draft)
	asked := "You were asked to decide: " + requestText(g) + ", for " + mentionUser(g.Request.By.ID)
	return d.say(headed(g, asked+". By now it is "+stateText(g)+".")).small(g.ID, nil, nil).message()
}

// ClaimReply says to whoever pressed "I am on it" what that did.
func ClaimReply(g jit.Grant, by jit.UserID) string {
	what := subject(g) + " for " + mentionUser(g.Request.By.ID) + " (" + Code(string(g.ID)) + ")"
	if c := g.Claimed(); c.By.ID == by {
		return strings.Join([]string{
			"You are on " + what + " until " + When(c.Until) + ": no reminder follows meanwhile.",
			"Anybody else may decide it all the same; press it again to give it back.",
		}, " ")
	}
	return "You gave " + what + " back; it still waits for approval."
}
