package rules_test

import (
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// Azure writes effective rules in a form of its own, which is no difference.
func TestDifferences(t *testing.T) {
	rule := func(change ...func(*rules.Rule)) rules.Rule {
		r := rules.Rule{
			Name: "ssh", Priority: 100, Inbound: true, Allow: true, Protocol: jit.TCP, Sources: []string{"*"},
			SourcePorts: []string{"*"}, Destinations: []string{"10.0.0.4/32"}, Ports: []string{"22", "80-90"},
		}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	effective := func(r *rules.Rule) {
		r.Sources, r.SourcePorts, r.Ports, r.Destinations = []string{"0.0.0.0/0", "0.0.0.0/0"}, []string{"0-65535"}, []string{"80-90", "22-22"}, []string{"10.0.0.4"}
	}
	members := func(r *rules.Rule) { r.Sources, r.SourceGroups = nil, []string{"/asg/a"} }
	for name, c := range map[string]struct {
		read, effective []rules.Rule
		want            string
	}{
		"the same":   {[]rules.Rule{rule()}, []rules.Rule{rule(effective)}, ""},
		"members":    {[]rules.Rule{rule(members)}, []rules.Rule{rule(effective, func(r *rules.Rule) { r.Sources = []string{"10.0.0.9"} })}, ""},
		"outbound":   {[]rules.Rule{rule(func(r *rules.Rule) { r.Inbound = false })}, nil, ""},
		"not there":  {[]rules.Rule{rule()}, nil, "is written and not in effect"},
		"not read":   {nil, []rules.Rule{rule(effective)}, "is in effect and was not read"},
		"elsewhere":  {[]rules.Rule{rule()}, []rules.Rule{rule(effective, func(r *rules.Rule) { r.Priority = 200 })}, "in another form"},
		"other port": {[]rules.Rule{rule()}, []rules.Rule{rule(effective, func(r *rules.Rule) { r.Ports = []string{"22-23"} })}, "in another form"},
		"other way":  {[]rules.Rule{rule()}, []rules.Rule{rule(effective, func(r *rules.Rule) { r.Allow = false })}, "in another form"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(rules.Table{Name: "nsg", Rules: c.read}.Differences(rules.Table{Rules: c.effective}), "|")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
