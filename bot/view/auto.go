package view

import (
	"fmt"
	"strings"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/text"
)

// automatic says why a grant needed nobody's yes though its entry asks for approvals;
// empty where it did.
func automatic(g jit.Grant) string {
	if g.Auto == (jit.Auto{}) {
		return ""
	}
	var why []string
	if g.Auto.Hours != "" {
		why = append(why, "within "+Code(g.Auto.Hours))
	}
	if g.Auto.OnCall != "" {
		why = append(why, "on call in "+mention(g.Auto.OnCall))
	}
	if g.Auto.PerDay > 0 {
		why = append(why, fmt.Sprintf("number %d of %d that day", g.Auto.Nth, g.Auto.PerDay))
	}
	return "Approved automatically: " + strings.Join(why, ", ") + "."
}

// unapproved says why a grant was let through without anybody's yes.
func unapproved(g jit.Grant) string {
	if why := automatic(g); why != "" {
		return why
	}
	return "No approval was needed."
}

// ruleText says who approves by an entry: how many of whom, whom it is escalated to, and
// what needs nobody's yes.
func ruleText(r policies.ApprovalRule) string {
	said := text.Count(r.Required, "approval is", "approvals are") + " needed, from " + anyOf(r.Approvers)
	if len(r.EscalateTo) > 0 {
		said += ", after " + span(r.Escalate) + " also from " + anyOf(r.EscalateTo)
	}
	said += "."
	if !r.Auto.Set() {
		return said
	}
	var when []string
	if len(r.Auto.Hours) > 0 {
		when = append(when, "within "+Code(r.Auto.Hours.String()))
	}
	if r.Auto.OnCall != "" {
		when = append(when, "of somebody in "+mention(r.Auto.OnCall))
	}
	if r.Auto.PerDay > 0 {
		when = append(when, fmt.Sprintf("up to %d a day", r.Auto.PerDay))
	}
	return said + " None is " + strings.Join(when, ", ") + "."
}
