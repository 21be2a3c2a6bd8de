package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// maxReasons is how many reasons of one verdict are shown.
const maxReasons = 3

// Explain is the answer to /jit explain.
func Explain(e lookup.Explanation) Message {
	d := new(draft).say(explainHead(e))
	for i, o := range e.Offers {
		if i == maxOffers {
			d.say(text.Count(len(e.Offers)-i, "more port may be asked for.", "more ports may be asked for."))
			break
		}
		offerText(d, o)
	}
	if !e.Policy || len(e.Offers) == 0 {
		d.say("No policy offers a port of it, so nothing may be asked for; ask an admin for one under policies.")
	}
	pathText(d, e)
	if name := e.VM.Group + "/" + e.VM.Name; len(e.VM.Interfaces) > 0 && len(name) <= MaxInput && !strings.ContainsAny(name, "<>&") {
		d.press(button(ActionWitness, jit.ID(name), "Ask Azure", "Ask Azure what is in effect"))
	}
	return d.message()
}

const maxOffers = 4 // ports of which all is said

func explainHead(e lookup.Explanation) string {
	name, as := vmName(e.VM.Group, e.VM.Name, e.VM.Production()), "as "+Code(e.Who.Name)
	var lines []string
	switch {
	case e.Refusal == nil:
		lines = append(lines, "✅ *"+mentionUser(e.For)+" may ask for "+name+"*, "+as+". This is a dry run: nothing was asked for.")
	case errors.Is(e.Refusal, jit.ErrRights):
		lines = append(lines, "⛔ *"+mentionUser(e.For)+" can't ask for "+name+" yet: no role "+as+" allows it*", rightsNext,
			e.Refusal.Say(refusalArgument))
	default:
		lines = append(lines, "⛔ *"+mentionUser(e.For)+" can't ask for "+name+"*", e.Refusal.Say(refusalArgument))
	}
	return joinLines(append(lines, map[protection.State]string{
		protection.Protecting: "It is being protected.", protection.Protected: "It is protected: nobody gets to its ports without a grant.",
		protection.Unprotecting: "It is being unprotected.", "": "It is not protected: its own rules alone keep its ports open or shut.",
	}[e.Protected])...)
}

// offerText is what may be asked for of one port, and what its state is.
func offerText(d *draft, o lookup.OfferedPort) {
	lines := []string{fmt.Sprintf("*Port %s* may be asked for from %s, for %s to %s.", portName(o.Port.Ports),
		AcceptedSources(o.Port, o.Widest), span(o.Port.Shortest), span(o.Port.Longest))}
	ask := fmt.Sprintf("For %s from one address ", span(o.Duration))
	switch {
	case !o.HasRule:
		lines = append(lines, ask+"nobody is named to approve, so it would be refused; ask an admin for an entry under approvals.")
	case o.Rule.Required == 0:
		lines = append(lines, ask+"nobody needs to approve: the Azure rights alone decide.")
	default:
		lines = append(lines, ask+ruleText(o.Rule))
	}
	if o.TooFew != nil {
		would := "It would be refused: "
		if o.Rule.Auto.Set() {
			would = "Where that does not hold it would be refused: "
		}
		lines = append(lines, would+o.TooFew.Say(refusalArgument))
	}
	d.say(lines...)
	for _, w := range o.Verdicts {
		wayText(d, w)
	}
}

func wayText(d *draft, w lookup.SourceVerdict) {
	from := map[string]string{"Internet": "From the internet", "VirtualNetwork": "From the virtual network"}[w.Source]
	d.say(from + " it is now " + map[reach.Answer]string{
		reach.AnswerAllow: "*open*", reach.AnswerDeny: "*shut*", reach.AnswerPartly: "*partly open*", reach.AnswerUnknown: "*not known*",
	}[w.Verdict.Decision] + ".")
	var why []string
	for _, r := range w.Verdict.Why {
		why = append(why, r.Text)
	}
	d.points(why, maxReasons, "reason")
}

// pathText is where a grant would be written, and how the VM stands.
func pathText(d *draft, e lookup.Explanation) {
	if e.Blocked != nil {
		d.say("No grant could open it: " + e.Blocked.Say(refusalArgument))
	} else {
		var names []string
		for i, g := range e.Guards {
			if i == maxTargets {
				names = append(names, fmt.Sprintf("%d more", len(e.Guards)-maxTargets))
				break
			}
			name := Code(resource.GuardName(g))
			if resource.IsFirewall(g) {
				name += " (" + resource.KindOf(g).Noun() + ")"
			}
			names = append(names, name)
		}
		d.say("A grant would write its rule in " + text.Join(names) + ".")
	}
	d.say("`/jit scan` calls it *" + string(e.Posture.Class) + "*.")
	d.points(slices.Concat([]string{e.Posture.Why}, e.Posture.StillOpen, e.Posture.Notes), maxTargets, "note")
}
