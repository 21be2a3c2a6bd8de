package view

import (
	"jitbot/jit"
)

// endingText says why a live grant ended, and who ended it.
func endingText(g jit.Grant) string {
	d := g.Decision
	by := " by " + actor(d.By)
	why := ""
	if d.Reason != "" {
		why = " Why: " + Sentence(d.Reason)
	}
	switch d.Ending {
	case jit.Expired:
		return "Its time is over." + why
	case jit.Finished:
		return "Ended early" + by + "." + why
	case jit.Revoked:
		return "Revoked" + by + "." + why
	case jit.Failed:
		return failedText(g) + why
	case jit.Vanished:
		return "Ended because " + vmGone + "." + why
	case jit.RightsLost:
		return "Ended because the holder no longer has the rights for it." + why
	case jit.Drifted:
		return "Ended because somebody changed its rule in Azure." + why
	default:
		return "Ended" + by + "." + why
	}
}

// vmGone is what happened to the VM of a grant that ended so.
const vmGone = "a VM of it is gone from Azure or from the configuration, or is behind no network security group any more"

// failedText says of what kind a failure was.
func failedText(g jit.Grant) string {
	switch {
	case !g.Clock.Opened.IsZero():
		return "Ended because something of it failed in Azure."
	case neverWritten(g):
		return "It could not be opened."
	default:
		return "The opening failed and is undone."
	}
}

// endingToHolder is ending to the holder; the reason is shown apart.
func endingToHolder(g jit.Grant) string {
	by := actor(g.Decision.By)
	switch g.Decision.Ending {
	case jit.Expired:
		return "Its time is over."
	case jit.Finished:
		return "You ended it."
	case jit.Revoked:
		return "It was revoked by " + by + "."
	case jit.Failed:
		if !g.Clock.Opened.IsZero() {
			return "Something of it failed in Azure."
		}
		return "It could not be opened."
	case jit.Vanished:
		return "It ended because " + vmGone + "."
	case jit.RightsLost:
		return "You no longer have the rights or the account for it."
	case jit.Drifted:
		return "Somebody changed its rule in Azure."
	default:
		return "It was ended by " + by + "."
	}
}
