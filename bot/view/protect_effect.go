package view

import (
	"jitbot/jit/access"
	"jitbot/jit/text"
)

const maxEffects = 10 // VMs and rules of each that are named

// effectTexts say, before it is done, which rules of other people are overruled by
// protecting, which keep a port open all the same, and who loses access: the worst
// first.
func effectTexts(all []access.ProtectEffect) []string {
	var out, open []string
	inside := false
	for _, e := range all[:min(len(all), maxEffects)] {
		if e.Refusal != nil {
			out = append(out, "*"+Code(e.VM.Name)+" cannot be protected so:* "+e.Refusal.Say(refusalArgument))
			continue
		}
		inside = inside || e.Inside
		if len(e.Kept) > 0 {
			open = append(open, "*"+Code(e.VM.Name)+" stays open* by "+ruleNames(e.Kept)+".")
		}
		if len(e.Overruled) > 0 {
			open = append(open, Code(e.VM.Name)+": overrules "+ruleNames(e.Overruled)+"; who comes in by that needs a grant from then on.")
		}
	}
	out = append(out, open...)
	if more := len(all) - maxEffects; more > 0 {
		out = append(out, "What it does to "+text.Count(more, "more VM", "more VMs")+" is not shown; see `/jit explain`.")
	}
	if inside {
		out = append(out, "Bastion, peered networks and load balancer probes lose these ports too; "+
			"`deny_source: Internet` in the policy leaves them to other rules.")
	}
	return out
}

func ruleNames(all []access.RuleRef) string {
	names := make([]string, 0, len(all))
	for _, r := range all {
		names = append(names, Code(r.Rule)+" in "+Code(r.Group))
	}
	return atMost(names, maxEffects)
}
