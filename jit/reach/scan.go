package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// scan gathers what the rules say of one VM's management ports.
type scan struct {
	evaluator
	facts       Facts
	filtered    bool // something filters before an address
	defender    bool
	exposures   []exposure
	defaults    []string
	notes       []string
	unread      []string
	unknown     []string // what is not known and may let somebody in
	basic       []string // what a public address of the Basic kind lets in
	disagreeing bool     // guards on the way disagree
	granting    bool     // a grant of ours is live
}

// class is the first row of Defender's recommendation that the VM is in, and why.
func (s scan) class(p Posture) (class Class, why string) {
	switch {
	case s.facts.Protected && s.filtered: // else its denies are before nothing
		why = "jitbot protects it: just-in-time access is on."
		if !s.facts.Confirmed {
			why = "jitbot is about to protect it: the denies are not confirmed yet."
		}
		return ClassHealthy, why
	case p.Defender:
		return ClassHealthy, "Microsoft Defender for Cloud guards it: its just-in-time access is on."
	case !s.filtered && s.topology.passesUnexamined():
		return ClassNotApplicable, "It cannot be told: it has no network security group on its interfaces or subnets, " +
			"and what the virtual appliance on its route lets through is not looked at yet."
	case !s.filtered:
		return ClassNotApplicable, "No network security group and no firewall is before it, so all traffic from inside is let in; attach one."
	case len(p.Rules) > 0:
		return ClassUnhealthy, text.Capital(opening(p.Rules))
	case len(s.unread) > 0:
		return ClassNotApplicable, "It cannot be told: the rules of " + text.Join(tidy(s.unread)) + " were not read."
	case len(s.unknown) > 0:
		return ClassNotApplicable, "It cannot be told: " + text.Join(tidy(s.unknown)) + "."
	case s.disagreeing:
		return ClassHealthy, "Not every guard on the way has a rule of its own that lets anybody to the ports 22, 3389, 5985 and 5986: " +
			"they disagree."
	case s.granting:
		return ClassHealthy, "Nothing but grants of jitbot and Azure's default rules lets anybody to the ports 22, 3389, 5985 and 5986."
	default:
		return ClassHealthy, "Nothing but Azure's default rules lets anybody to the ports 22, 3389, 5985 and 5986."
	}
}

// opening says which rules, of which there is one at least, open what to whom.
func opening(rules []OpenRule) string {
	first := rules[0]
	words := fmt.Sprintf("rule %s (priority %d) of %s opens management ports to %s",
		first.Rule, first.Priority, resource.Name(first.Guard), first.Breadth.Words)
	if more := len(rules) - 1; more > 0 {
		words += fmt.Sprintf(", and %d more %s", more, text.Plural(more, "rule does", "rules do"))
	}
	return words + "."
}

// remarks says what is open though just-in-time access is on, by rules that stand all
// the same, and what is not known of that. Defender calls that healthy in silence.
func (s scan) remarks(rules []OpenRule) []string {
	var out []string
	if len(rules) > 0 {
		out = append(out, "Yet "+opening(rules))
	}
	if !s.facts.Protected {
		return out
	}
	if len(s.unknown) > 0 {
		out = append(out, "Yet not all is known: "+text.Join(tidy(s.unknown))+".")
	}
	if len(s.unread) > 0 {
		out = append(out, "Yet what else opens ports there is not known: the rules of "+text.Join(tidy(s.unread))+" were not read.")
	}
	return out
}

// remarksOnPolicy says what the protection's own policy lets requests open to
// everybody, or to whoever asks.
func (s scan) remarksOnPolicy() []string {
	if !s.facts.Protected {
		return nil
	}
	var out, anybody, anywhere []string
	for _, pp := range s.facts.Ports {
		if slices.ContainsFunc(pp.Sources, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
			anybody = append(anybody, pp.Ports.String())
		}
		if pp.Any {
			anywhere = append(anywhere, pp.Ports.String())
		}
	}
	policy := func(ports []string, to string) {
		if len(ports) > 0 {
			out = append(out, fmt.Sprintf("Yet its policy lets a request open port %s to %s.", text.Join(ports), to))
		}
	}
	policy(anybody, "Any")
	policy(anywhere, "any "+single(s.facts.Widest))
	return out
}

// single says how wide a source a request may name.
func single(w jit.Widths) string {
	v4, v6 := cmp.Or(w.V4, 32), cmp.Or(w.V6, 128)
	if v4 == 32 && v6 == 128 {
		return "single address that it names"
	}
	return fmt.Sprintf("range that it names, as wide as /%d (IPv4) and /%d (IPv6)", v4, v6)
}

// examine evaluates everything before one address.
func (s *scan) examine(nic jit.Interface, a jit.Address) {
	packets := ipset.Packets{
		Sources: ipset.FamilyOf(a.Addr), SourcePorts: ipset.AllPorts(), Ports: managementPorts(),
		Protocols: ipset.Span(0, ipset.Index(len(s.protocols)-1)),
	}
	always := s.openByAdminRules(a, packets)
	s.exposures = append(s.exposures, always...)
	s.filtered = s.filtered || len(always) > 0
	guarded, behind := nic.Guard != "" || a.SubnetGuard != "", len(s.topology.Firewalls) > 0
	if !guarded && !behind {
		s.noteUnfiltered(a)
		return
	}
	s.filtered = true
	var byRules, byFirewall []exposure
	if guarded {
		byRules = s.openByNSGs(nic, a, packets)
	}
	if behind {
		byFirewall = s.openByFirewalls(nic, a, packets)
	}
	switch {
	// What has a public address of its own does not come by the firewall.
	case guarded && (!behind || len(byFirewall) > 0 || s.hasPublicAddress(a)), !guarded:
		s.exposures = append(s.exposures, byRules...)
		if len(byRules) > 0 || !guarded {
			s.exposures = append(s.exposures, s.effective(byFirewall)...)
		} else {
			s.noteDisagreement(byFirewall, "the network security groups have no rule of their own that does")
		}
	default:
		s.noteDisagreement(byRules, "the firewall has no rule that does")
	}
}

// noteUnfiltered tells of an address that nothing filters before.
func (s *scan) noteUnfiltered(a jit.Address) {
	s.notes = append(s.notes, fmt.Sprintf("%s has no network security group, so all traffic from inside is let in there.", a.Addr))
	for _, f := range s.topology.Frontends {
		if ports := f.portsLedTo(managementPorts()); f.Basic && f.To == a.Addr && f.Public != "" && len(ports) > 0 {
			s.basic = append(s.basic, fmt.Sprintf("Yet all of the internet is let in to port %s by the public address %s, "+
				"which is of the Basic kind; attach a network security group.", portsText(ports), f.Public))
		}
	}
}

// portsLedTo are those of the VM's ports that the front leads to.
func (f Frontend) portsLedTo(ports ipset.Set[ipset.Port]) ipset.Set[ipset.Port] {
	if len(f.Ports) == 0 {
		return ports
	}
	var out ipset.Set[ipset.Port]
	for _, m := range f.Ports {
		out = out.Union(ports.Intersect(ipset.Span(ipset.Port(m.BackendPorts.From), ipset.Port(m.BackendPorts.To))))
	}
	return out
}

// hasPublicAddress reports whether the internet gets to the address without a
// firewall.
func (s *scan) hasPublicAddress(a jit.Address) bool {
	return a.Public != "" || slices.ContainsFunc(s.topology.Frontends, func(f Frontend) bool { return f.To == a.Addr && f.Public != "" })
}

// noteDisagreement tells that what one guard lets through another does not.
func (s *scan) noteDisagreement(by []exposure, other string) {
	for _, e := range by {
		for _, text := range s.texts(e) {
			s.disagreeing = true
			s.notes = append(s.notes, "The guards disagree. "+strings.TrimSuffix(text, ".")+", but "+other+".")
		}
	}
}

// texts are sentences on the rules that let the packets through.
func (s *scan) texts(e exposure) []string {
	var out []string
	for _, r := range s.reasonsOf(e.decision.answer, path{way: Way{Address: e.address.Addr}, decisions: []decision{e.decision}}) {
		if r.Allow {
			out = append(out, r.Text)
		}
	}
	return out
}
