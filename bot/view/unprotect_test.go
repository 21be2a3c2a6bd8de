package view_test

import (
	"errors"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
)

func TestUnprotectQuestions(t *testing.T) {
	vm := func(name string) access.VMResult {
		return access.VMResult{VM: jit.VM{ID: "/vm/" + name, Name: name, Group: "rg", Tags: map[string]string{"env": "prod"}}}
	}
	ssh, rdp := jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, jit.Ports{From: 3389, To: 3389, Protocol: jit.TCP}
	rule := []access.RuleRef{{Rule: "allow-ssh", Group: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web-nsg"}}
	refused, unread, gone := vm("db-1"), vm("db-2"), access.UnprotectEffect{VMResult: vm("web-3"), Gone: true}
	refused.Err, unread.Err = jit.Refuse(jit.ErrStale, "%s is not protected, so there is nothing to remove.", "db-1"), errors.New("reset")
	some := []access.UnprotectEffect{
		{VMResult: refused},
		{VMResult: unread},
		gone,
		{VMResult: vm("web-2")},
		{VMResult: vm("web-1"), Opens: []access.Opened{
			{Ports: ssh, Source: "Internet", Answer: reach.AnswerAllow, Rules: rule},
			{Ports: ssh, Source: "VirtualNetwork", Answer: reach.AnswerPartly, Rules: rule, Who: "198.51.100.0/24 to 22/tcp is allowed by allow-ssh."},
			{Ports: rdp, Source: "Internet", Answer: reach.AnswerUnknown},
		}},
	}
	at := time.Unix(1_800_000_000, 0)
	golden(t, "unprotect-question", view.UnprotectQuestion(some, at))
	golden(t, "unprotect-nothing", view.UnprotectQuestion(some[:2], at))
	u, err := view.UnpackUnprotecting(`{"v":["/vm/web-1"],"t":1800000000000000000}`)
	if err != nil || !u.At().Equal(at) || len(u.IDs) != 1 {
		t.Errorf("unpacked %+v, %v", u, err)
	}
}
