package reach_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

func adminRule(manager, name, access string, priority int) reach.AdminRule {
	return reach.AdminRule{Manager: manager, Final: access == "AlwaysAllow", Rule: rules.Rule{
		Name: name, Priority: priority, Inbound: true, Allow: access != "Deny", Protocol: jit.TCP,
		Sources: []string{"*"}, SourcePorts: []string{"*"}, Destinations: []string{"*"}, Ports: []string{"22"},
	}}
}

// Rules of two network managers come in an order that the rules do not tell, and so do
// two of one priority: where they contradict each other the answer is not known, what
// may deny refuses, and what may always allow is said by its own name.
func TestAdminRulesWithoutAnOrder(t *testing.T) {
	tagged := adminRule("/a", "tagged", "AlwaysAllow", 10)
	tagged.Sources = []string{"AzureCloud"}
	for name, c := range map[string]struct {
		rules   []reach.AdminRule
		want    reach.Answer
		refused bool
		always  []string
	}{
		"one manager":      {[]reach.AdminRule{adminRule("/a", "yes", "AlwaysAllow", 10), adminRule("/a", "no", "Deny", 20)}, reach.AnswerAllow, false, []string{"yes (priority 10)"}},
		"two managers":     {[]reach.AdminRule{adminRule("/a", "yes", "AlwaysAllow", 10), adminRule("/b", "no", "Deny", 20)}, reach.AnswerUnknown, true, []string{"yes (priority 10)"}},
		"the other way":    {[]reach.AdminRule{adminRule("/a", "no", "Deny", 10), adminRule("/b", "yes", "AlwaysAllow", 20)}, reach.AnswerUnknown, true, []string{"yes (priority 20)"}},
		"they agree":       {[]reach.AdminRule{adminRule("/a", "no", "Deny", 10), adminRule("/b", "nor", "Deny", 20)}, reach.AnswerDeny, true, nil},
		"one leaves it":    {[]reach.AdminRule{adminRule("/a", "left", "Allow", 10), adminRule("/b", "yes", "AlwaysAllow", 20)}, reach.AnswerUnknown, false, []string{"yes (priority 20)"}},
		"same priority":    {[]reach.AdminRule{adminRule("/a", "no", "Deny", 10), adminRule("/a", "yes", "AlwaysAllow", 10)}, reach.AnswerUnknown, true, []string{"yes (priority 10)"}},
		"who may be meant": {[]reach.AdminRule{tagged}, reach.AnswerUnknown, false, []string{"tagged (priority 10)"}},
		"same, they lead":  {[]reach.AdminRule{adminRule("/a", "left", "Allow", 10), adminRule("/a", "left too", "Allow", 10)}, reach.AnswerDeny, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			around := reach.Topology{VirtualNetwork: jittest.Prefixes("10.0.0.0/24"), Interfaces: []jit.Interface{}, AdminRules: c.rules}
			a := jit.Address{Addr: netip.MustParseAddr("10.0.0.4"), SubnetGuard: "/nsg"}
			vm := jit.VM{Name: "web-1", Interfaces: []jit.Interface{{ID: "/nic", Addresses: []jit.Address{a}}}}
			ssh := jit.Ports{From: 22, To: 22, Protocol: jit.TCP}
			shut := []rules.Table{{Guard: "/nsg", Name: "nsg", Rules: []rules.Rule{{Name: "all", Priority: 100, Inbound: true, Protocol: "*", Sources: []string{"*"}, SourcePorts: []string{"*"}, Destinations: []string{"*"}, Ports: []string{"*"}}}}}
			got := reach.VerifyFlow(vm, shut, around, reach.Flow{Source: "203.0.113.7/32", Ports: ssh})
			if got.Decision != c.want {
				t.Errorf("%s, want %s: %+v", got.Decision, c.want, got.Why)
			}
			err := reach.RefuseDenied(vm, a, around, jittest.Prefixes("203.0.113.7/32"), []jit.Ports{ssh})
			if refused := errors.As(err, new(*jit.Refusal)); refused != c.refused || refused && !strings.Contains(err.Error(), "admin rule no") {
				t.Errorf("asked for: %v", err)
			}
			if always := reach.AlwaysAllow(a, around, []jit.Ports{ssh}); !slices.Equal(always, c.always) {
				t.Errorf("always allow: %q", always)
			}
		})
	}
}
