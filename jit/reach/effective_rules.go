package reach

import (
	"cmp"
	"slices"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// effectiveRules are those of a guard, in the order in which they are evaluated.
type effectiveRules struct {
	guard, name string
	level       Level
	rules       []rules.Rule
}

// effectiveNSG finds the rules of an NSG at a subnet or an interface, with Azure's
// default rules; ok is false when they were not read.
func (ev evaluator) effectiveNSG(guard string, level Level) (l effectiveRules, ok bool) {
	i := slices.IndexFunc(ev.tables, func(t rules.Table) bool { return resource.Same(t.Guard, guard) })
	if i < 0 {
		return effectiveRules{guard: guard, name: resource.Name(guard), level: level}, false
	}
	t := ev.tables[i]
	defaults := t.Defaults
	if len(defaults) == 0 {
		defaults = standardDefaults()
	}
	inbound := slices.DeleteFunc(slices.Concat(t.Rules, defaults), func(r rules.Rule) bool { return !r.Inbound })
	slices.SortStableFunc(inbound, func(a, b rules.Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return effectiveRules{guard: guard, name: cmp.Or(t.Name, resource.Name(guard)), level: level, rules: inbound}, true
}

func (f Firewall) effectiveRules() effectiveRules {
	return effectiveRules{guard: f.Name, name: f.Name, level: AtFirewall, rules: f.NetworkRules}
}

// firstDefault is the lowest priority of Azure's default rules; no other rule
// can have it.
const firstDefault = 65000

// standardDefaults are the inbound default rules of every network security
// group, for a table that was read without them.
// https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
func standardDefaults() []rules.Rule {
	rule := func(name string, priority int, allow bool, source, destination string) rules.Rule {
		return rules.Rule{
			Name: name, Priority: priority, Inbound: true, Allow: allow, Protocol: jit.AnyProtocol,
			Sources: []string{source}, SourcePorts: []string{"*"}, Destinations: []string{destination}, Ports: []string{"*"},
		}
	}
	return []rules.Rule{
		rule("AllowVnetInBound", firstDefault, true, "VirtualNetwork", "VirtualNetwork"),
		rule("AllowAzureLoadBalancerInBound", firstDefault+1, true, "AzureLoadBalancer", "*"),
		rule("DenyAllInBound", 65500, false, "*", "*"),
	}
}
