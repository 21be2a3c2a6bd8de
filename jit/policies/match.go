package policies

import (
	"net/netip"
	"strings"
	"time"

	"jitbot/jit"
)

// Match chooses VMs, and for approvals also requests. An empty field matches
// everything; globs know * and ?.
type Match struct {
	Group      string            // resource group, glob, case does not count
	Name       string            // VM name, glob, case does not count
	Tags       map[string]string // every one; value is a glob, case counts in values only
	Ports      []jit.Ports       // at least one requested port lies in one of them
	WiderThan  jit.Widths        // a source wider than this many bits; 0 is no condition
	LongerThan time.Duration     // a duration longer than this; 0 is no condition
}

// VM reports whether the VM is meant, without regard to a request.
func (m Match) VM(vm jit.VM) bool {
	if m.Group != "" && !globFold(m.Group, vm.Group) || m.Name != "" && !globFold(m.Name, vm.Name) {
		return false
	}
	for key, want := range m.Tags {
		got, ok := vm.Tag(key)
		if !ok || !glob(want, got) {
			return false
		}
	}
	return true
}

// Request reports whether a request for the VM is meant.
func (m Match) Request(vm jit.VM, ports []jit.Ports, sources []netip.Prefix, d time.Duration) bool {
	return m.VM(vm) && m.matchesPorts(ports) && m.matchesWidth(sources) && (m.LongerThan == 0 || d > m.LongerThan)
}

func (m Match) matchesPorts(ports []jit.Ports) bool {
	if len(m.Ports) == 0 {
		return true
	}
	for _, a := range m.Ports {
		for _, b := range ports {
			if a.From <= b.To && b.From <= a.To && (a.Protocol.Covers(b.Protocol) || b.Protocol.Covers(a.Protocol)) {
				return true
			}
		}
	}
	return false
}

func (m Match) matchesWidth(sources []netip.Prefix) bool {
	if m.WiderThan == (jit.Widths{}) {
		return true
	}
	for _, s := range sources {
		if limit := m.WiderThan.Of(s); limit > 0 && s.Bits() < limit {
			return true
		}
	}
	return false
}

// glob matches a whole text: * is any text, also with a slash, ? is any one
// character, and everything else is itself.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

func globFold(pattern, s string) bool { return glob(strings.ToLower(pattern), strings.ToLower(s)) }
