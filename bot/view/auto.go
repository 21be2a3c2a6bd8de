package view

import (
	"fmt"
	"strings"

	"jitbot/jit"
)

// automatic says why a grant needed nobody's yes though its entry asks for approvals;
// empty where it did.
func automatic(g jit.Grant) string {
	if g.Auto == (jit.Auto{}) {
		return ""
	}
	var why []string
	if g.Auto.Hours != "" {
		why = append(why, "within "+prose(g.Auto.Hours))
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
