package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// What a grant is about, in mrkdwn.

const maxTargets = 10 // VMs that are named one by one

func targetNames(g jit.Grant) string {
	var names []string
	for i, t := range g.Request.Targets {
		if i == maxTargets {
			names = append(names, fmt.Sprintf("%d more", len(g.Request.Targets)-maxTargets))
			break
		}
		names = append(names, vmName(t.Group, t.Name, t.Production))
	}
	if len(names) == 0 {
		return "no VM"
	}
	return text.Join(names)
}

// vmName is what a VM is called wherever it is named: `web-1` in `prod-web`.
func vmName(group, name string, production bool) string {
	out := Code(name)
	if group != "" {
		out += " in " + Code(group)
	}
	if production {
		out += " (production)"
	}
	return out
}

// portName adds what a port is for where everybody calls it by that: 22 (SSH).
func portName(p jit.Ports) string {
	s := p.Span()
	switch p.Protocol {
	case jit.AnyProtocol:
		s += "/any protocol"
	case jit.TCP, "":
	default:
		s += "/" + string(p.Protocol)
	}
	if use := portUse(p); use != "" {
		s += " (" + use + ")"
	}
	return s
}

// portUse is what everybody calls the port by; empty where that is its number.
func portUse(p jit.Ports) string {
	return map[jit.Ports]string{
		{From: 22, To: 22, Protocol: jit.TCP}:     "SSH",
		{From: 3389, To: 3389, Protocol: jit.TCP}: "RDP",
		{From: 5985, To: 5985, Protocol: jit.TCP}: "WinRM",
		{From: 5986, To: 5986, Protocol: jit.TCP}: "WinRM",
	}[p]
}

func sourceNames(g jit.Grant) string {
	var names []string
	for i, p := range g.Request.Sources {
		if i == maxTargets {
			names = append(names, fmt.Sprintf("%d more", len(g.Request.Sources)-maxTargets))
			break
		}
		names = append(names, sourceName(p))
	}
	if len(names) == 0 {
		return "no address"
	}
	return text.Join(names)
}

func sourceName(p netip.Prefix) string {
	if p.IsSingleIP() {
		return Code(p.Addr().String())
	}
	return Code(p.String())
}

// wideSources say of the ranges how many are in each.
func wideSources(g jit.Grant) string {
	var wide []string
	for i, p := range g.Request.Sources {
		if i < maxTargets && !p.IsSingleIP() {
			wide = append(wide, addressCount(p))
		}
	}
	return text.Join(wide)
}

// addressCount says how many addresses a range holds.
func addressCount(p netip.Prefix) string {
	bits := p.Addr().BitLen() - p.Bits()
	if bits > 32 {
		return fmt.Sprintf("2^%d addresses", bits)
	}
	digits := strconv.FormatUint(1<<bits, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + " addresses"
}

// requestText is the whole of what was asked for in one line.
func requestText(g jit.Grant) string {
	return subject(g) + " from " + sourceNames(g) + " for " + span(g.Request.Duration)
}

func anyOf(ids []string) string {
	var names []string
	for i, id := range ids {
		if i == maxTargets {
			names = append(names, fmt.Sprintf("%d more", len(ids)-maxTargets))
			break
		}
		names = append(names, mention(id))
	}
	switch n := len(names); n {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
}

// approvedBy names who has said yes.
func approvedBy(g jit.Grant) string {
	names := make([]string, 0, len(g.Approvals))
	for _, a := range g.Approvals {
		names = append(names, mentionUser(a.By.ID))
	}
	return text.Join(names)
}

// eligibleApprovers are those who may still say yes.
func eligibleApprovers(g jit.Grant) string {
	var ids []string
	for _, id := range g.Approvers {
		if jit.UserID(id) != g.Request.By.ID && !g.ApprovedBy(jit.Person{ID: jit.UserID(id)}) {
			ids = append(ids, id)
		}
	}
	return anyOf(ids)
}

// missingApprovals says how many more must agree.
func missingApprovals(g jit.Grant) string {
	left := max(g.Required-len(g.Approvals), 0)
	if len(g.Approvals) == 0 {
		return text.Count(left, "approval", "approvals")
	}
	return text.Count(left, "more approval", "more approvals")
}

// faults are what goes wrong at the guards, each text once.
func faults(g jit.Grant) []string {
	return atGuards(g, func(p guardpath.Path) string { return p.Fault })
}

// hindrances are what stands before the rules of an open grant.
func hindrances(g jit.Grant) []string {
	return atGuards(g, func(p guardpath.Path) string { return p.Hindrance })
}

const maxFaults = 5 // guards of which it is said what goes wrong

// atGuards is in the words of Azure and of others.
func atGuards(g jit.Grant, text func(guardpath.Path) string) []string {
	var out []string
	for _, p := range g.Paths {
		what := text(p)
		if what == "" {
			continue
		}
		line := Clip(resource.Name(p.Guard), MaxName) + ": " + Clip(what, 300)
		if len(out) < maxFaults && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}
