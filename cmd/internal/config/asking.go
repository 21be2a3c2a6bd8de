package config

import (
	"time"

	"jitbot/jit/policies"
	"jitbot/jit/schedule"
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

// auto reads when nobody's yes is needed.
func (s *section) auto(a *policies.ApprovalRule) {
	auto := s.section("auto")
	a.Auto.PerDay = auto.number("per_day", 0, 0, 1000)
	if word := auto.text("hours", ""); word != "" {
		var ok bool
		if a.Auto.Hours, ok = schedule.ParseHours(word); !ok {
			auto.fault("hours", "%q are no hours; write days, times and a place, several with commas between, "+
				"such as \"Mon-Fri 09:00-18:00 Europe/Berlin\"", word)
		}
	}
	if a.Auto.OnCall = auto.text("on_call", ""); a.Auto.OnCall != "" && !idForms().group.MatchString(a.Auto.OnCall) {
		auto.fault("on_call", "%q is no user group of Slack; write its id (S…), such as S0123456789", a.Auto.OnCall)
	}
	if a.Auto.Set() && a.Required == 0 {
		s.fault("auto", "stands for approvals, and required: 0 asks for none; remove one of them")
	}
	auto.close()
}
