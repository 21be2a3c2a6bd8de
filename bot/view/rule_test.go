package view

import (
	"testing"
	"time"

	"jitbot/jit/policies"
	"jitbot/jit/schedule"
)

func TestRuleText(t *testing.T) {
	hours, _ := schedule.ParseHours("Mon-Fri 09:00-18:00 Europe/Berlin")
	rule := policies.ApprovalRule{Required: 2, Approvers: []string{"S0A", "U0B"}}
	escalated, auto := rule, rule
	escalated.EscalateTo, escalated.Escalate = []string{"U0C"}, 30*time.Minute
	auto.Auto = policies.Auto{Hours: hours, OnCall: "S0D", PerDay: 3}
	for want, r := range map[string]policies.ApprovalRule{
		"2 approvals are needed, from <!subteam^S0A> or <@U0B>.":                                                                                                   rule,
		"2 approvals are needed, from <!subteam^S0A> or <@U0B>, after 30 min also from <@U0C>.":                                                                    escalated,
		"2 approvals are needed, from <!subteam^S0A> or <@U0B>. None is within `Mon-Fri 09:00-18:00 Europe/Berlin`, of somebody in <!subteam^S0D>, up to 3 a day.": auto,
	} {
		if got := ruleText(r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
