package simulated

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// Dave holds the role of requesters in dev alone, once WithDave has made him.
const Dave = jit.UserID("U0DAVE")

// WithDave ties Dave to his Entra user.
func (w *World) WithDave() {
	w.With(func(c *policies.Config) { c.Users[Dave] = azuresim.DemoDave })
	w.SetMember(admission.Member{ID: Dave})
}

// Answers tells an answer from what is said before a late one.
func Answers(text string) bool { return !strings.HasSuffix(text, "; the answer follows.") }
