package jit

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxRules is the most rules an NSG holds. https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
const maxRules = 1000

// Owner decides from a rule alone whether it is ours.
type Owner struct {
	Installation string
	Bands        Bands
}

// Ours takes a rule's name apart when the rule is ours: the whole name parses,
// names our installation, and the priority lies in our bands.
func (o Owner) Ours(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(r.Name)
	if !ok || n.Installation != o.Installation || !o.inBand(n, r.Priority) {
		return RuleName{}, false
	}
	return n, true
}

func (o Owner) inBand(n RuleName, priority int) bool {
	if n.Grant != "" {
		return o.Bands.Allow.Contains(priority)
	}
	return o.Bands.DenyOverride.Contains(priority) || o.Bands.DenyRespect.Contains(priority)
}

// Astray takes a rule's name apart when it is ours by name, yet outside our
// bands: reported, never touched.
func (o Owner) Astray(r Rule) (RuleName, bool) {
	n, ok := ParseRuleName(r.Name)
	return n, ok && n.Installation == o.Installation && !o.inBand(n, r.Priority)
}

// Rules are the rules that the grant wants in the guard, without priorities:
// one for each path, protocol and family of addresses. A DNAT rule, one for
// each address and port, names in Destinations where the firewall may be
// reached, and has no ports until one was chosen; then that address comes first.
func (g Grant) Rules(installation, guard string) []Rule {
	var out []Rule
	for _, p := range g.Paths {
		if !SameID(p.Guard, guard) {
			continue
		}
		for _, protocol := range g.protocols() {
			for _, v4 := range []bool{true, false} {
				if r, ok := g.rule(installation, p, protocol, v4); ok {
					out = append(out, r)
				}
			}
		}
		if p.Kind == Into {
			out = append(out, g.translations(installation, p)...)
		}
	}
	return out
}

func (g Grant) protocols() []Protocol {
	var out []Protocol
	for _, p := range g.Request.Ports {
		out = append(out, p.Protocol)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// allow is what all rules of the grant have in common.
func (g Grant) allow(installation, suffix string, protocol Protocol) Rule {
	return Rule{
		Inbound: true, Allow: true, Protocol: protocol, SourcePorts: []string{"*"},
		Name: RuleName{installation, g.ID, suffix}.String(),
		Description: Description{
			Grant: g.ID, User: g.Request.By.ID, Until: g.Clock.Until, Name: CleanText(g.Request.By.Name),
		}.String(),
	}
}

// sources are what the rules of a path have as theirs.
func (g Grant) sources(p Path, v4 bool) []string {
	all := p.Sources
	if all == nil {
		all = g.Request.Sources
	}
	var out []string
	for _, s := range all {
		if s.Addr().Is4() == v4 {
			out = append(out, s.String())
		}
	}
	return out
}

func (g Grant) rule(installation string, p Path, protocol Protocol, v4 bool) (Rule, bool) {
	r := g.allow(installation, ruleSuffix(p.VM, p.ruleTag(), protocol, v4), protocol)
	r.Sources = g.sources(p, v4)
	for _, a := range p.Addresses {
		if a.Is4() == v4 {
			r.Destinations = append(r.Destinations, a.String())
		}
	}
	for _, ports := range g.Request.Ports {
		if ports.Protocol == protocol {
			r.Ports = append(r.Ports, ports.Span())
		}
	}
	return r, len(r.Sources) > 0 && len(r.Destinations) > 0
}

// translations are the DNAT rules of a path: Azure Firewall translates to
// single ports of IPv4 addresses.
func (g Grant) translations(installation string, p Path) []Rule {
	var out []Rule
	for _, to := range p.Addresses {
		for _, ports := range g.Request.Ports {
			tag := strings.ToLower(p.VM) + " dnat " + to.String() // the same, whoever comes
			suffix := ruleSuffix(p.VM, tag, ports.Protocol, true) + "-" + ports.Span()
			r := g.allow(installation, suffix, ports.Protocol)
			r.Sources, r.To = g.sources(p, true), netip.AddrPortFrom(to, ports.From)
			for _, a := range p.Public {
				r.Destinations = append(r.Destinations, a.String())
			}
			out = append(out, r.told(p.Doors))
		}
	}
	return out
}

// told is the DNAT rule with the door that its holder was told, if any: its
// address comes first.
func (r Rule) told(doors []Door) Rule {
	for _, d := range doors {
		if d.Rule == r.Name {
			told := d.Public.Addr().String()
			r.Destinations = append([]string{told}, slices.DeleteFunc(r.Destinations, func(a string) bool { return a == told })...)
			r.Ports = []string{fmt.Sprint(d.Public.Port())}
		}
	}
	return r
}

// ruleSuffix tells the rules of one grant apart and lets a reader of the
// portal see which VM is meant: the VM's name as far as it fits, eight
// characters of a hash, the protocol, and 6 for IPv6.
func ruleSuffix(vm, tag string, protocol Protocol, v4 bool) string {
	name := strings.ToLower(vm[strings.LastIndexByte(vm, '/')+1:])
	name = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name), "-")
	name = name[:min(len(name), 24)]
	word := string(protocol)
	if protocol == AnyProtocol {
		word = "any"
	}
	suffix := fmt.Sprintf("%s-%s-%s", name, shortHash(tag), word)
	if !v4 {
		suffix += "6"
	}
	return strings.TrimLeft(suffix, "-")
}

// Blocked is a wanted rule that cannot be written, and why. Its Err is a
// Refusal.
type Blocked struct {
	Name string
	Err  error
}

// Plan is what to do to a guard so that it holds the wanted rules of ours and
// no other rule of ours.
type Plan struct {
	Changes []Change
	Final   []Rule // the wanted rules with the priorities they have or will have
	Blocked []Blocked
}

// MakePlan compares the wanted rules, allows and denies, with what the guard holds. It never
// names a rule that is not ours, never uses a priority that is taken, and
// plans nothing where all agrees. Removals and writes alternate, so that
// neither waits for all of the other.
func (o Owner) MakePlan(t Table, wanted []Rule) Plan {
	var plan Plan
	var shut, puts, removes, unshut []Change
	space := o.space(t, wanted)
	for _, w := range wanted {
		old, found := ruleNamed(t, w.Name)
		placed, err := space.settle(w, old, found)
		if err != nil {
			plan.Blocked = append(plan.Blocked, Blocked{w.Name, err})
			continue
		}
		space.take(placed, found)
		plan.Final = append(plan.Final, placed)
		switch {
		case found && !old.Failed && placed.Equal(old):
		case placed.Allow:
			puts = append(puts, Change{Put: &placed})
		default:
			shut = append(shut, Change{Put: &placed})
		}
	}
	for _, r := range t.Rules {
		switch n, ours := o.Ours(r); {
		case !ours || named(wanted, r.Name):
		case n.Grant != "":
			removes = append(removes, Change{Remove: r.Name})
		default:
			unshut = append(unshut, Change{Remove: r.Name})
		}
	}
	// What shuts comes first, and a deny that another replaces goes last.
	plan.Changes = slices.Concat(shut, alternate(removes, puts), unshut)
	return plan
}

// space is what is taken in a guard, and by whom.
type space struct {
	Owner
	table      Table
	priorities map[int]bool
	doors      doors
	room       int
}

// space reads it off the table. A rule that will be removed still holds its
// own, since Azure refuses a priority before it is free.
func (o Owner) space(t Table, wanted []Rule) space {
	s := space{Owner: o, table: t, priorities: map[int]bool{}, doors: o.doorsIn(t, wanted), room: maxRules - len(t.Rules)}
	for _, r := range t.Rules {
		if r.Inbound {
			s.priorities[r.Priority] = true
		}
	}
	return s
}

func (s *space) take(r Rule, replaces bool) {
	if !replaces {
		s.room--
	}
	s.priorities[r.Priority] = true
	if r.To.IsValid() {
		s.doors.take(r)
	}
}

// settle gives a wanted rule the name and the place it has, or is to have.
func (s *space) settle(w, old Rule, found bool) (Rule, error) {
	if IsFirewall(s.table.Guard) {
		return s.settleInFirewall(w, old)
	}
	room := s.room
	_, ours := s.Ours(old)
	if found && !ours {
		return w, Refuse(ErrPolicy, "A rule named %s with priority %s is in %s, outside our band; it is not touched, so remove or rename it.",
			old.Name, fmt.Sprint(old.Priority), s.table.Name)
	}
	if found {
		w.Name = old.Name
		n, _ := ParseRuleName(old.Name)
		if s.bandOf(n).Contains(old.Priority) && (old.Inbound || !s.priorities[old.Priority]) {
			w.Priority = old.Priority
			return w, nil
		}
		room = 1 // somebody moved it, or turned it outbound and its place is taken
	}
	var err error
	w.Priority, err = s.place(w, room)
	return w, err
}

// settleInFirewall puts the rule into our collection, whose priority it has.
func (s *space) settleInFirewall(w, old Rule) (Rule, error) {
	var err error
	if w.Priority, err = s.collection(s.table, w.To.IsValid()); err != nil || !w.To.IsValid() {
		return w, err
	}
	return s.doors.place(s.table, w, old)
}

// place finds the lowest free priority of the rule's band.
func (s *space) place(w Rule, room int) (int, error) {
	t := s.table
	if room < 1 {
		return 0, Refuse(ErrPolicy, "%s holds %s rules, the most an NSG can; remove some.", t.Name, fmt.Sprint(maxRules))
	}
	n, _ := ParseRuleName(w.Name)
	band := s.bandOf(n)
	for p := band.From; p <= band.To; p++ {
		if !s.priorities[p] {
			return p, nil
		}
	}
	if w.Allow {
		return 0, Refuse(ErrPolicy, "Every priority from %s to %s in %s is taken; end a grant there, or widen bands.allow.",
			fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
	}
	return 0, Refuse(ErrPolicy, "Every priority from %s to %s in %s is taken, so no deny fits; free one, or widen the band in the configuration.",
		fmt.Sprint(band.From), fmt.Sprint(band.To), t.Name)
}

func named(rules []Rule, name string) bool {
	return slices.ContainsFunc(rules, func(r Rule) bool { return strings.EqualFold(r.Name, name) })
}

func alternate(a, b []Change) []Change {
	out := make([]Change, 0, len(a)+len(b))
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			out = append(out, a[i])
		}
		if i < len(b) {
			out = append(out, b[i])
		}
	}
	return out
}

// InForce reports whether the guard holds the rule as planned, settled, with
// no deny above it; otherwise why not.
func (t Table) InForce(want Rule) (bool, error) {
	for _, r := range t.Rules {
		if !strings.EqualFold(r.Name, want.Name) {
			continue
		}
		if !r.Equal(want) {
			return false, nil
		}
		if d, shadowed := t.Shadow(r); shadowed {
			return false, shadowRefusal(t, d)
		}
		return r.Settled && t.Settled, nil
	}
	return false, nil
}

func shadowRefusal(t Table, d Rule) error {
	if IsFirewall(t.Guard) {
		return Refuse(ErrPolicy, "The rule %s of the %s %s is asked before any of ours, and denies this or leads it elsewhere; move it behind ours, or ask from elsewhere.",
			d.Name, KindOf(t.Guard).Noun(), t.Name)
	}
	return Refuse(ErrPolicy, "The rule %s (priority %s) in %s denies this before any allow of ours; move it behind our band or ask from elsewhere.",
		d.Name, fmt.Sprint(d.Priority), t.Name)
}

// Shadow finds a deny that stands before the allow and may meet what it
// allows, or a DNAT rule that stands before one of ours at its public side. What cannot be known, such as who is in a service tag, counts as
// met.
func (t Table) Shadow(allow Rule) (Rule, bool) {
	for _, d := range t.Rules {
		if d.before(allow) {
			return d, true
		}
	}
	return Rule{}, false
}

func mayMeet(d, allow Rule) bool {
	return (d.Protocol.Covers(allow.Protocol) || allow.Protocol.Covers(d.Protocol)) &&
		portsMeet(d.Ports, allow.Ports) &&
		sourcesMeet(d, allow.Sources) && destinationsMeet(d, allow.Destinations)
}

func portsMeet(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			xFrom, xTo, xOK := readSpan(x)
			yFrom, yTo, yOK := readSpan(y)
			if !xOK || !yOK || xFrom <= yTo && yFrom <= xTo {
				return true
			}
		}
	}
	return false
}

func readSpan(s string) (from, to int, ok bool) {
	if s == "*" {
		return 0, 65535, true
	}
	a, b, ranged := strings.Cut(s, "-")
	if !ranged {
		b = a
	}
	from, errFrom := strconv.Atoi(a)
	to, errTo := strconv.Atoi(b)
	return from, to, errFrom == nil && errTo == nil
}

// sourcesMeet reports whether the deny may concern one of the sources.
func sourcesMeet(d Rule, sources []string) bool {
	return slices.ContainsFunc(sources, func(s string) bool {
		p, ok := parsePrefix(s)
		// Members of an application security group have private addresses.
		return !ok || len(d.SourceGroups) > 0 && private(p) ||
			slices.ContainsFunc(d.Sources, func(word string) bool { return sourceMeets(word, p) })
	})
}

func sourceMeets(word string, p netip.Prefix) bool {
	if q, ok := parsePrefix(word); ok {
		return q.Overlaps(p)
	}
	switch strings.ToLower(word) {
	case "azureloadbalancer":
		return false // probes only, from an address nobody can ask for
	case "internet":
		return !private(p)
	default:
		return true // *, VirtualNetwork, which may hold anything routed to it, and the other tags
	}
}

func destinationsMeet(d Rule, destinations []string) bool {
	if len(d.Groups) > 0 {
		return true
	}
	for _, word := range d.Destinations {
		q, isPrefix := parsePrefix(word)
		if !isPrefix {
			if strings.EqualFold(word, "internet") {
				continue // a VM's private address is not the internet
			}
			return true
		}
		for _, s := range destinations {
			if p, ok := parsePrefix(s); !ok || q.Overlaps(p) {
				return true
			}
		}
	}
	return false
}

// private reports whether the whole prefix lies in what the tag Internet leaves
// out.
func private(p netip.Prefix) bool {
	for _, s := range privatePrefixes() {
		q := netip.MustParsePrefix(s)
		if q.Bits() <= p.Bits() && q.Contains(p.Addr()) {
			return true
		}
	}
	return false
}
