package view

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// endingTexts is what is said of one way in which a live grant ends. In a text
// %s is whoever ended it.
type endingTexts struct {
	card   func(jit.Grant) string // to the channel
	holder func(jit.Grant) string // to whoever had the access; the reason is shown apart
	next   string                 // what the holder may do when it is closed, the usual when empty
}

// endings has a row for each ending that there is.
func endings() map[jit.Ending]endingTexts {
	const vmGone = "because a VM is gone, or nothing filters before it."
	return map[jit.Ending]endingTexts{
		jit.Expired:  {card: endedBy("Its time is over."), holder: endedBy("Its time is over.")},
		jit.Finished: {card: endedBy("Ended early by %s."), holder: endedBy("You ended it.")},
		jit.Revoked:  {card: endedBy("Revoked by %s."), holder: endedBy("It was revoked by %s.")},
		jit.Failed:   {card: failedOnCard, holder: failedToHolder},
		jit.Vanished: {
			card: endedBy("A VM is gone, or nothing filters before it."), holder: endedBy("It ended " + vmGone),
			next: "Ask again when it is back: `/jit`.",
		},
		jit.RightsLost: {
			card:   endedBy("The holder no longer has the rights for it."),
			holder: endedBy("You no longer have the rights or the account for it."),
		},
		jit.Drifted: {
			card:   endedBy("Its rule in Azure was changed or is gone."),
			holder: endedBy("Its rule in Azure was changed or is gone."),
		},
	}
}

// endingTextsOf are those of the grant's ending, also of one that is not known.
func endingTextsOf(g jit.Grant) endingTexts {
	if t, ok := endings()[g.Decision.Ending]; ok {
		return t
	}
	return endingTexts{card: endedBy("Ended by %s."), holder: endedBy("It was ended by %s.")}
}

// endedBy is a text with whoever ended the grant in it.
func endedBy(text string) func(jit.Grant) string {
	return func(g jit.Grant) string { return strings.ReplaceAll(text, "%s", actor(g.Decision.By)) }
}

// failedOnCard says of what kind a failure was.
func failedOnCard(g jit.Grant) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "Ended because something of it failed in Azure."
	case len(failed(g)) > 0:
		return takenBack(g)
	case neverWritten(g):
		return "It could not be opened."
	default:
		return "The opening failed and is undone."
	}
}

func failedToHolder(g jit.Grant) string {
	if !g.Clock.Opened.IsZero() {
		return "Something of it failed in Azure."
	}
	return "It could not be opened."
}

// whyEnded says on the card why a live grant ended, and who ended it.
func whyEnded(g jit.Grant) string { return endingTextsOf(g).card(g) }

// goneGuards names the guards of a closed grant that are gone themselves, so that
// nothing was read back there; only says that it had no others.
func goneGuards(g jit.Grant) (names string, only bool) {
	var gone []string
	only = true
	for _, p := range g.Paths {
		if !p.Gone {
			only = false
			continue
		}
		gone = append(gone, "the "+resource.KindOf(p.Guard).Noun()+" "+Code(resource.GuardName(p.Guard)))
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	if len(gone) == 0 {
		return "", false
	}
	are := text.Plural(len(gone), " is gone from where it was", " are gone from where they were")
	return text.Join(gone) + are + ", and no rule of this access is found anywhere", only
}

// howClosed says what was seen when a grant came to be closed.
func howClosed(g jit.Grant) string {
	switch gone, only := goneGuards(g); {
	case gone == "":
		return "The rule was read back gone."
	case only:
		return "Nothing was read back: " + gone + "."
	default:
		return "The rule was read back gone; " + gone + "."
	}
}
