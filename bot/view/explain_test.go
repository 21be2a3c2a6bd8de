package view_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
)

func dryRun() lookup.Explanation {
	port := jit.PortPolicy{Ports: tcp(22), Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour}
	reason := reach.Reason{
		Guard:    "/x/jump-nsg",
		Rule:     "ssh-anywhere",
		Priority: 1000,
		Allow:    true,
		Text:     "The internet to port 22 of 10.10.9.4: rule ssh-anywhere (priority 1000) of jump-nsg at the network interface allows it.",
	}
	return lookup.Explanation{
		VM: jit.VM{Name: "jump-1", Group: "prod-web", Tags: map[string]string{"env": "prod"}, Interfaces: []jit.Interface{{ID: "/x/nic"}}}, For: "U0ADA", Who: ada, Policy: true,
		Guards: []string{"/x/jump-nsg", "/x/web-subnet-nsg"},
		Offers: []lookup.OfferedPort{{
			Port: port, Widest: jit.Widths{V4: 32, V6: 128}, Duration: time.Hour, HasRule: true,
			Rule: policies.ApprovalRule{Approvers: []string{"S0APPROVERS", "U0GRACE"}, Required: 2},
			Verdicts: []lookup.SourceVerdict{
				{Source: "Internet", Verdict: reach.Verdict{Decision: reach.AnswerAllow, Why: []reach.Reason{reason, reason, reason, reason}}},
				{Source: "VirtualNetwork", Verdict: reach.Verdict{Decision: reach.AnswerUnknown}},
			},
		}},
		Posture: reach.Posture{
			Class: reach.ClassUnhealthy, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any.",
			Notes: []string{
				"The routes of its subnet lead to the virtual appliance 10.40.0.4: a firewall is on the route and is not looked at yet.",
			},
		},
	}
}

func TestWitnessMessages(t *testing.T) {
	same := lookup.Testimony{VM: dryRun().VM, At: time.Unix(1772359200, 0), Groups: []string{"jump-nsg", "web-subnet-nsg"}}
	golden(t, "witness-same", view.Witness(same))
	other := same
	for i := range 12 {
		other.Differences = append(other.Differences, fmt.Sprintf("Rule r%d (priority 100) of jump-nsg is in effect and was not read.", i))
	}
	golden(t, "witness-other", view.Witness(other))
	flow := lookup.FlowTestimony{
		From: netip.MustParseAddr("203.0.113.7"), To: netip.MustParseAddr("10.10.1.4"), At: same.At,
		Port: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Allow: true, Rule: "securityRules/jit-prod-g-1",
	}
	same.Flow = &flow
	golden(t, "witness-flow", view.Witness(same))
	unasked := flow
	unasked.Allow, unasked.Rule, unasked.Missing = false, "", "there is no Network Watcher in westeurope"
	same.Flow = &unasked
	golden(t, "witness-no-watcher", view.Witness(same))
	same.Groups, same.Flow = nil, nil
	golden(t, "witness-none", view.Witness(same))
}

func TestExplainMessages(t *testing.T) {
	golden(t, "explain", view.Explain(dryRun()))
	e := dryRun()
	e.Protected, e.Guards = protection.Protected, nil
	e.Posture.StillOpen = []string{"Yet rule rdp (priority 310) of jump-nsg opens management ports to Any."}
	e.Refusal = jit.Refuse(jit.ErrAuthority, "%s lacks the Azure action %s.", "bob <!here>", "Microsoft.Compute/virtualMachines/read")
	e.Blocked = jit.Refuse(jit.ErrPolicy, "%s has no network security group; attach one first.", "jump-1")
	e.Offers[0].TooFew = jit.Refuse(jit.ErrPolicy, "%s needed, and %s could give one.", jit.Whole("2 approvals are"), jit.Whole("1 person"))
	golden(t, "explain-no", view.Explain(e))
	rights := e
	rights.Refusal = jit.Refuse(jit.ErrRights, "%s lacks the Azure action %s at %s; get a role with it there.",
		"ada@contoso.example", jit.Whole("Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action"), jit.Whole("/subscriptions/x/jump-1"))
	golden(t, "explain-rights", view.Explain(rights))
	golden(t, "reply-rights", view.WithMissing(view.Say(view.RequestReply(exampleGrants()["refused-rights"].g, rights.Refusal)), rights.Refusal))
	e.Offers[0].Rule.Required, e.Offers[0].TooFew = 0, nil
	golden(t, "explain-rights-alone", view.Explain(e))
	e.Offers, e.Policy = nil, false
	golden(t, "explain-nothing", view.Explain(e))
	nasty := dryRun()
	nasty.VM.Name = strings.Repeat("<!channel>", 90)
	for i := range nasty.Offers[0].Verdicts {
		nasty.Offers[0].Verdicts[i].Verdict.Why = slices.Repeat([]reach.Reason{{Text: strings.Repeat("<!channel> `", 90)}}, 90)
	}
	nasty.Offers[0].HasRule = false
	nasty.Offers = slices.Repeat(nasty.Offers, 100)
	nasty.Guards = slices.Repeat([]string{"/x/<!channel>"}, 100)
	nasty.Posture.Notes = slices.Repeat([]string{strings.Repeat("<!channel>", 90)}, 100)
	raw, err := json.Marshal(view.Explain(nasty))
	if err != nil || strings.Contains(view.Explain(nasty).Text, "<!channel") {
		t.Errorf("mentions the channel: %v", err)
	}
	checkLimits(t, "the worst explanation", raw)
}
