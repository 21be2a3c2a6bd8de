package azuresim

import (
	"slices"
	"strings"
	"time"
)

// Provisioning states.
const (
	succeeded = "Succeeded"
	updating  = "Updating"
	deleting  = "Deleting"
	failed    = "Failed"
)

// defaultLocation is where a group is that was seeded without a place.
const defaultLocation = "westeurope"

// guard is a network security group: what is written in it and, apart, what
// already filters.
type guard struct {
	id, guid, etag, location, state string
	tags                            map[string]string
	flush                           bool
	// rules are the written ones by key of their name.
	rules map[string]*written
	// applied are those in effect; effects are those to come, in order.
	applied map[string]Rule
	effects []effect
	// behind says that a write of the whole failed and what is written does not
	// filter. The next write that succeeds brings it all about: a group is
	// programmed as one.
	behind bool
	// turn counts writes; the latest write of a rule is told by it.
	turn int
}

// written is a rule in the table.
type written struct {
	Rule
	state string
	turn  int
}

// effect makes the table's present rule, or its absence, filter at a time.
// An empty rule means the whole table.
type effect struct {
	at   time.Time
	rule string
	to   map[string]Rule
}

// set writes a rule into the table.
func (g *guard) set(r Rule, state string) *written {
	g.turn++
	w := &written{Rule: r, state: state, turn: g.turn}
	if old := g.rules[key(r.Name)]; old != nil {
		w.Name = old.Name // the case of the first writer stays
	}
	g.rules[key(r.Name)] = w
	return w
}

// replace makes the table hold these rules and no other.
func (g *guard) replace(rules []Rule, state string) {
	old := g.rules
	g.rules = map[string]*written{}
	for _, r := range rules {
		if before := old[key(r.Name)]; before != nil {
			r.Name = before.Name
		}
		g.set(r, state)
	}
}

// table is a copy of what is written.
func (g *guard) table() map[string]Rule {
	m := map[string]Rule{}
	for k, w := range g.rules {
		m[k] = w.Rule
	}
	return m
}

// enforce makes the whole table filter now.
func (g *guard) enforce() { g.applied, g.effects = g.table(), nil }

// enforceRule makes one rule of the table, or its absence, filter now, and
// whatever was still to come of it void.
func (g *guard) enforceRule(name string) {
	g.effects = slices.DeleteFunc(g.effects, func(e effect) bool { return e.rule == name })
	g.applyTo(name, g.table())
}

func (g *guard) applyTo(name string, table map[string]Rule) {
	if g.applied == nil {
		g.applied = map[string]Rule{}
	}
	if r, there := table[name]; there {
		g.applied[name] = r
	} else {
		delete(g.applied, name)
	}
}

// pass brings due effects about.
func (g *guard) pass(now time.Time) {
	for len(g.effects) > 0 && !g.effects[0].at.After(now) {
		e := g.effects[0]
		g.effects = g.effects[1:]
		if e.rule == "" {
			g.applied = e.to
		} else {
			g.applyTo(e.rule, e.to)
		}
	}
}

// later queues an effect, sorted by time.
func (g *guard) later(e effect) {
	g.effects = append(g.effects, e)
	slices.SortStableFunc(g.effects, func(a, b effect) int { return a.at.Compare(b.at) })
}

// sorted are the written rules by name without regard to case.
func (g *guard) sorted() []*written {
	list := make([]*written, 0, len(g.rules))
	for _, w := range g.rules {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b *written) int { return strings.Compare(key(a.Name), key(b.Name)) })
	return list
}

// defaultRules are the six that every group ends with.
func defaultRules() []Rule {
	rule := func(name, description, source, destination, access, direction string, priority int) Rule {
		return Rule{
			Name: name, Description: description, Protocol: "*", SourcePortRange: "*", DestinationPortRange: "*",
			SourceAddressPrefix: source, DestinationAddressPrefix: destination,
			Access: access, Direction: direction, Priority: priority,
		}
	}
	return []Rule{
		rule("AllowVnetInBound", "Allow inbound traffic from all VMs in VNET", "VirtualNetwork", "VirtualNetwork", "Allow", "Inbound", 65000),
		rule(
			"AllowAzureLoadBalancerInBound", "Allow inbound traffic from azure load balancer", "AzureLoadBalancer", "*", "Allow", "Inbound", 65001,
		),
		rule("DenyAllInBound", "Deny all inbound traffic", "*", "*", "Deny", "Inbound", 65500),
		rule(
			"AllowVnetOutBound", "Allow outbound traffic from all VMs to all VMs in VNET",
			"VirtualNetwork", "VirtualNetwork", "Allow", "Outbound", 65000,
		),
		rule("AllowInternetOutBound", "Allow outbound traffic from all VMs to Internet", "*", "Internet", "Allow", "Outbound", 65001),
		rule("DenyAllOutBound", "Deny all outbound traffic", "*", "*", "Deny", "Outbound", 65500),
	}
}
