package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/text"
)

// match reads which VMs an entry means, and for approvals which requests. Only
// {} means all: what is missing, or empty inside, would mean it in silence.
func match(entry *section, requests bool) policies.Match {
	entry.require("match", "match: {} where all are meant")
	s := entry.section("match")
	for _, key := range []string{"tags", "ports", "wider_than"} {
		s.refuseEmpty(key)
	}
	m := policies.Match{Group: s.pattern("resource_group"), Name: s.pattern("name")}
	tags := s.section("tags")
	for _, key := range tags.order {
		if text.Clean(key) == "" {
			s.fault("tags", "has a tag without a name, which no VM has, so that it would match nothing; write the name, or remove it")
		}
		if m.Tags == nil {
			m.Tags = map[string]string{}
		}
		m.Tags[key] = tags.pattern(key)
	}
	if !requests {
		for _, key := range []string{"ports", "wider_than", "longer_than"} {
			if s.has(key) {
				s.take(key)
				s.fault(key, "chooses requests, and a policy is for VMs; match resource_group, name or tags here")
			}
		}
		s.close()
		return m
	}
	for _, i := range s.listOrOne("ports") {
		for _, p := range s.ports(i, jit.AnyProtocol) {
			m.Ports = append(m.Ports, p.Ports)
		}
	}
	m.WiderThan = s.widths()
	m.LongerThan = s.duration("longer_than", 0, time.Second, jit.MaxDuration)
	s.close()
	return m
}

// listOrOne takes a sequence, or one value in its place.
func (s *section) listOrOne(key string) []item {
	if n := s.values[key]; n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return []item{{s.take(key), s.at(key)}}
	}
	return s.items(key)
}

// widths takes wider_than: prefix lengths for both families, or one number for
// IPv4, which means as many addresses in IPv6.
func (s *section) widths() jit.Widths {
	const key = "wider_than"
	n := s.values[key]
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		both := s.section(key)
		w := jit.Widths{V4: both.number("ipv4", 0, 1, 32), V6: both.number("ipv6", 0, 1, 128)}
		both.close()
		return w
	}
	s.take(key)
	bits, ok := s.whole(n, s.at(key), 1, 32)
	if !ok {
		return jit.Widths{}
	}
	return jit.Widths{V4: bits, V6: bits + 128 - 32}
}

// namedPorts are ports with where they are written.
type namedPorts struct {
	jit.Ports
	item
}

// ports reads 22, 8000-8010, 22/tcp, ssh and the like; ports without a protocol
// get the one given.
func (f *faults) ports(i item, def jit.Protocol) []namedPorts {
	n := i.node
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!str" {
		f.add(n.Line, i.path, "is %s; write a port such as 22, 8000-8010 or ssh", kind(n))
		return nil
	}
	parsed, err := parse.Ports(n.Value)
	if err != nil {
		f.add(n.Line, i.path, "%s", Clause(err))
		return nil
	}
	out := make([]namedPorts, 0, len(parsed))
	for _, p := range parsed {
		if p.Protocol == "" {
			p.Protocol = def
		}
		out = append(out, namedPorts{p, i})
	}
	return out
}

// approvalRule reads who decides.
func approvalRule(s *section) policies.ApprovalRule {
	a := policies.ApprovalRule{
		Match:           match(s, true),
		Approvers:       s.people("approvers"),
		Required:        s.number("required", 1, 0, 100),
		ApproverActions: s.actions("approver_actions"),
		Channel:         s.channel("channel"),
		PendingFor:      s.duration("pending_for", time.Hour, time.Second, 7*24*time.Hour),
	}
	group := slices.ContainsFunc(a.Approvers, func(id string) bool { return strings.HasPrefix(id, "S") })
	named := len(a.Approvers)
	if n := s.values["approvers"]; n != nil {
		named = len(n.Content) // a misspelt one is a fault already
	}
	if !group && a.Required > named && !s.broken && !s.misspelt("approvers") {
		key := "required"
		if !s.has(key) {
			key = "approvers"
		}
		s.fault(key, "%s needed but %s named; name more approvers or a user group (S…), or require fewer (0: the Azure rights alone decide)",
			text.Count(a.Required, "approval is", "approvals are"), text.Count(named, "person is", "people are"))
	}
	s.asking(&a)
	s.auto(&a)
	s.close()
	return a
}

// offer reads what may be asked for.
func offer(s *section) policies.Policy {
	p := policies.Policy{Match: match(s, false)}
	for _, i := range s.items("ports") {
		p.Ports = append(p.Ports, s.portPolicies(s.faults.section(i.node, i.path, i.node.Line), p.Ports)...)
	}
	widest := s.section("widest")
	p.Widest = jit.Widths{V4: widest.number("ipv4", 32, 1, 32), V6: widest.number("ipv6", 128, 1, 128)}
	widest.close()
	p.RemindBefore = s.duration("remind_before", 10*time.Minute, time.Second, jit.MaxDuration)
	p.Always = s.choice("protect", "configured", "always") == "always"
	p.Existing = protection.Existing(s.choice("existing", string(protection.Override), string(protection.Respect)))
	p.DenySource = s.choice("deny_source", "*", "Internet")
	if p.Always {
		s.always(p.Ports)
	}
	p.EndOnDrift = s.choice("on_drift", "repair", "end") == "end"
	extend := s.section("extend")
	p.Extend = jit.ExtendTerms{
		Times: extend.number("times", 2, 0, 100), Total: extend.duration("total", 6*time.Hour, time.Second, 7*24*time.Hour),
		NoApproval: extend.choice("approval", "same", "none") == "none",
	}
	extend.close()
	s.close()
	return p
}

// always reports ports that no VM can be protected with.
func (s *section) always(ports []jit.PortPolicy) {
	if n := s.values["ports"]; (n == nil || len(n.Content) == 0) && !s.misspelt("ports") { // what is misspelt is a fault already
		s.fault("protect", "always protects the ports of this policy, and there are none; write some under ports, or protect: configured")
	}
	for i, pp := range ports {
		if pp.Longest < jit.DefaultShortest {
			s.fault("protect", "always needs a longest of %s or more, and that of port %s is %s; write protect: configured, or a larger one",
				text.Duration(jit.DefaultShortest), pp.Ports, text.Duration(pp.Longest))
		}
		for _, other := range ports[:i] {
			if pp.Ports.From <= other.Ports.To && other.Ports.From <= pp.Ports.To && pp.Ports.Protocol == other.Ports.Protocol {
				s.fault("protect", "always needs ports that do not overlap, and %s and %s do; write protect: configured, or each port once",
					other.Ports, pp.Ports)
			}
		}
	}
}

// portPolicies reads one entry of a policy's ports, which may name several.
func (s *section) portPolicies(e *section, before []jit.PortPolicy) []jit.PortPolicy {
	e.require("port", "a port such as 22, 8000-8010 or ssh")
	protocol := jit.Protocol(strings.ToLower(e.text("protocol", string(jit.TCP))))
	switch protocol {
	case jit.TCP, jit.UDP, jit.AnyProtocol:
	default:
		e.fault("protocol", "%q is unknown; write tcp, udp or \"*\"", string(protocol))
		protocol = jit.TCP
	}
	limits := jit.PortPolicy{
		Shortest: e.duration("shortest", jit.DefaultShortest, time.Second, jit.MaxDuration),
		Longest:  e.duration("longest", jit.DefaultLongest, time.Second, jit.MaxDuration),
	}
	if limits.Shortest > limits.Longest {
		key := "shortest"
		if !e.has(key) {
			key = "longest"
		}
		e.fault(key, "shortest is %s and longest %s; write a shortest that is no longer than longest",
			text.Duration(limits.Shortest), text.Duration(limits.Longest))
	}
	limits.Any, limits.Sources = e.sources()
	var named []namedPorts
	if n := e.take("port"); n != nil {
		named = e.ports(item{n, e.at("port")}, protocol)
	}
	e.close()
	var out []jit.PortPolicy
	for _, one := range named {
		pp := limits
		pp.Ports = one.Ports
		switch explicit := strings.Contains(one.node.Value, "/"); {
		case !e.has("protocol"):
		case !explicit:
			pp.Ports.Protocol = protocol // the words ssh, rdp and winrm mean TCP unless this key is there
		case !protocol.Covers(one.Protocol):
			e.fault("protocol", "is %s and the port says %s; write one of them", protocol, one.Protocol)
		}
		for _, other := range slices.Concat(before, out) {
			if other.Ports.Contains(pp.Ports) {
				e.fault("port", "%s is offered by an earlier entry, which is the one that counts; keep one of them", pp.Ports)
				break
			}
		}
		out = append(out, pp)
	}
	return out
}

// sources takes the ranges that may be asked for; "*" is any single address.
func (s *section) sources() (bool, []netip.Prefix) {
	anyone := false
	var out []netip.Prefix
	for _, w := range s.words("sources") {
		if w.text == "*" {
			anyone = true
			continue
		}
		p, err := parse.Source(w.text)
		switch {
		case err != nil:
			s.add(w.line, w.path, "%s", Clause(err))
		case slices.Contains(out, p):
			s.add(w.line, w.path, "%s is here twice; keep one", p)
		default:
			out = append(out, p)
		}
	}
	if n := s.values["sources"]; !s.broken && (n == nil || n.Kind == yaml.SequenceNode && len(n.Content) == 0) {
		s.fault("sources", "no address may ask for this port; write [\"*\"] for any single address, or ranges such as [198.51.100.0/24]")
	}
	return anyone, out
}
