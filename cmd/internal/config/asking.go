package config

import (
	"time"

	"jitbot/jit/policies"
)

// asking reads what is done about a request while nobody decides it.
func (s *section) asking(a *policies.ApprovalRule) {
	a.RemindAfter = s.duration("remind_after", 15*time.Minute, time.Second, 7*24*time.Hour)
	a.ClaimFor = s.duration("claim_for", 15*time.Minute, time.Second, 7*24*time.Hour)
	escalate := s.section("escalate")
	a.Escalate = escalate.duration("after", 30*time.Minute, time.Second, 7*24*time.Hour)
	a.EscalateTo = escalate.people("to")
	if len(a.EscalateTo) > 0 && a.Escalate >= a.PendingFor {
		key := "after"
		if !escalate.has(key) {
			key = "to"
		}
		escalate.fault(key, "a request lapses after %s (pending_for), so nobody is told after %s; write a shorter after, or a longer pending_for",
			short(a.PendingFor), short(a.Escalate))
	}
	escalate.close()
}
