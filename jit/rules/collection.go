package rules

import (
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Collection is what has a priority in a firewall: a rule collection with
// rules of its own, or a rule collection group of a policy.
type Collection struct {
	Name     string
	Priority int
	DNAT     bool // a firewall numbers its DNAT collections apart; a group holds both kinds
	Deny     bool // its rules deny
}

// collection is the priority of our collection in a firewall, or of our group
// in a policy: that which it has, or the lowest free one of the band. One outside
// the band that holds rules of ours was moved, or the band was, and is moved back.
func (o Owner) collection(t Table, dnat bool) (int, error) {
	name, band := CollectionName(o.Installation, dnat), o.Bands.Allow
	group := resource.KindOf(t.Guard) == resource.PolicyGroup
	if group {
		name = resource.Name(t.Guard)
	}
	taken := map[int]bool{}
	for _, c := range t.Collections {
		switch {
		case !group && c.DNAT != dnat:
		case !strings.EqualFold(c.Name, name):
			taken[c.Priority] = true
		case c.Name == name && !c.Deny && !band.Contains(c.Priority) && o.hasRuleIn(t, c):
		case c.Name != name || c.Deny || !band.Contains(c.Priority):
			return 0, jit.Refuse(jit.ErrPolicy, "Somebody else's %s (priority %s) is in %s under a name of ours; "+
				"it is not touched, so remove or rename it.",
				c.Name, fmt.Sprint(c.Priority), t.Name)
		default:
			return c.Priority, nil
		}
	}
	for p := band.From; p <= band.To; p++ {
		if !taken[p] {
			return p, nil
		}
	}
	return 0, jit.Refuse(jit.ErrPolicy, "Every priority from %s to %s in %s is taken, so no rule of ours fits; "+
		"free one, or widen bands.allow.",
		fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
}

// CollectionName names a collection of ours in a firewall or in our group.
func CollectionName(installation string, dnat bool) string {
	if dnat {
		return "jitbot-" + installation + "-dnat"
	}
	return "jitbot-" + installation + "-network"
}

// hasRuleIn reports whether a rule of ours is in the collection.
func (o Owner) hasRuleIn(t Table, c Collection) bool {
	group := resource.KindOf(t.Guard) == resource.PolicyGroup
	return slices.ContainsFunc(t.Rules, func(r Rule) bool {
		_, ours := o.Ours(r)
		return ours && r.Priority == c.Priority && (group || r.To.IsValid() == c.DNAT)
	})
}
