package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// ForGrant are the rules that the grant wants in the guard, without priorities:
// one for each path, protocol and family of addresses. A DNAT rule, one for
// each address and port, names in Destinations where the firewall may be
// reached, and has no ports until one was chosen; then that address comes first.
func ForGrant(installation, guard string, g jit.Grant) []Rule {
	var out []Rule
	for _, p := range g.Paths {
		if !resource.Same(p.Guard, guard) {
			continue
		}
		for _, protocol := range protocolsOf(g) {
			for _, v4 := range []bool{true, false} {
				if r, ok := ruleOf(installation, p, g, protocol, v4); ok {
					out = append(out, r)
				}
			}
		}
		if p.Kind == guardpath.ByDNAT {
			out = append(out, dnatRulesOf(installation, p, g)...)
		}
	}
	return out
}

// EveryForm are the rules that may stand in the guard for the grant: those that it wants, and
// what they were before it was being rewritten, each name once.
func EveryForm(installation, guard string, g jit.Grant) []Rule {
	var out []Rule
	for _, form := range g.Forms() {
		for _, r := range ForGrant(installation, guard, form) {
			if !named(out, r.Name) {
				out = append(out, r)
			}
		}
	}
	return out
}

func protocolsOf(g jit.Grant) []jit.Protocol {
	var out []jit.Protocol
	for _, p := range g.Request.Ports {
		out = append(out, p.Protocol)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// allowFor is what all rules of the grant have in common.
func allowFor(installation string, g jit.Grant, suffix string, protocol jit.Protocol) Rule {
	return Rule{
		Inbound: true, Allow: true, Protocol: protocol, SourcePorts: []string{"*"},
		Name:        RuleName{installation, g.ID, suffix}.String(),
		Description: describe(g),
	}
}

// describe is what the rules of the grant say of themselves.
func describe(g jit.Grant) string {
	return Description{Grant: g.ID, User: g.Request.By.ID, Until: g.WrittenUntil(), Name: text.Clean(g.Request.By.Name)}.String()
}

// sourcesOf are the sources of a family that the rules of a path name.
func sourcesOf(g jit.Grant, p guardpath.Path, v4 bool) []string {
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

// ruleOf is the rule of a path for a protocol and a family of addresses; ok is
// false when there is nobody to let in, or nowhere to.
func ruleOf(installation string, p guardpath.Path, g jit.Grant, protocol jit.Protocol, v4 bool) (r Rule, ok bool) {
	r = allowFor(installation, g, ruleSuffix(p.VM, ruleTag(p), protocol, v4), protocol)
	r.Sources = sourcesOf(g, p, v4)
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

// dnatRulesOf are the DNAT rules of a path: Azure Firewall translates to single
// ports of IPv4 addresses.
func dnatRulesOf(installation string, p guardpath.Path, g jit.Grant) []Rule {
	var out []Rule
	for _, to := range p.Addresses {
		for _, ports := range g.Request.Ports {
			tag := strings.ToLower(p.VM) + " dnat " + to.String() // the same, whoever comes
			suffix := ruleSuffix(p.VM, tag, ports.Protocol, true) + "-" + ports.Span()
			r := allowFor(installation, g, suffix, ports.Protocol)
			r.Sources, r.To = sourcesOf(g, p, true), netip.AddrPortFrom(to, ports.From)
			for _, a := range p.Public {
				r.Destinations = append(r.Destinations, a.String())
			}
			out = append(out, r.told(p.PublicEnds))
		}
	}
	return out
}

// told is the DNAT rule with the public end that its holder was told, if any: its
// address comes first.
func (r Rule) told(ends []guardpath.PublicEnd) Rule {
	for _, end := range ends {
		if end.Rule == r.Name {
			told := end.Public.Addr().String()
			r.Destinations = append([]string{told}, slices.DeleteFunc(r.Destinations, func(a string) bool { return a == told })...)
			r.Ports = []string{fmt.Sprint(end.Public.Port())}
		}
	}
	return r
}

// ruleSuffix tells the rules of one grant apart and lets a reader of the
// portal see which VM is meant: the VM's name as far as it fits, eight
// characters of a hash, the protocol, and 6 for IPv6.
func ruleSuffix(vm, tag string, protocol jit.Protocol, v4 bool) string {
	name := strings.ToLower(resource.Name(vm))
	name = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name), "-")
	name = name[:min(len(name), 24)]
	word := string(protocol)
	if protocol == jit.AnyProtocol {
		word = "any"
	}
	suffix := fmt.Sprintf("%s-%s-%s", name, shortHash(tag), word)
	if !v4 {
		suffix += "6"
	}
	return strings.TrimLeft(suffix, "-")
}

// ruleTag tells a path's rules from those of other paths of its VM at the same
// guard. An NSG's rule for the client itself has been named by the VM alone
// from the first version on.
func ruleTag(p guardpath.Path) string {
	tag := strings.ToLower(p.VM)
	if p.Kind == guardpath.Direct && p.Sources == nil {
		return tag
	}
	return tag + " " + p.Variant()
}

// shortHash is eight hexadecimal characters: hundreds of VMs in one grant must
// not share one.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
