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
	"jitbot/jit/rules"
)

// Finding is a VM of a scan.
type Finding struct {
	VM      jit.VM
	Posture Posture
	Admin   bool // the reader is one, and may ask to have it protected
}

// Rank puts what needs somebody's hand first.
func (c Class) Rank() int {
	return slices.Index([]Class{ClassUnhealthy, ClassNotApplicable, ClassHealthy}, c)
}

// GuardsOfVM are the NSGs before the VM, each once, in lower case.
func GuardsOfVM(vm jit.VM) []string {
	var out []string
	for _, nic := range vm.Interfaces {
		out = append(out, strings.ToLower(nic.Guard))
		for _, a := range nic.Addresses {
			out = append(out, strings.ToLower(a.SubnetGuard))
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(g string) bool { return g == "" })
}

func TablesOf(vm jit.VM, byGuard map[string]rules.Table) []rules.Table {
	var out []rules.Table
	for _, guard := range GuardsOfVM(vm) {
		if t, ok := byGuard[guard]; ok {
			out = append(out, t)
		}
	}
	return out
}

// Class is how a VM stands, in the words of Defender's recommendation.
type Class string

// The classes of a Posture.
const (
	ClassHealthy       Class = "Healthy"
	ClassUnhealthy     Class = "Unhealthy"
	ClassNotApplicable Class = "Not applicable"
)

// Facts are what the rules do not show of a VM that is classified.
type Facts struct {
	Protected bool             // jitbot protects it, and is not about to stop
	Confirmed bool             // the protection's denies were read back in force
	Ports     []jit.PortPolicy // what may be asked for where it is protected
	Widest    jit.Widths       // the widest source that a port with Any accepts
	Owner     rules.Owner      // tells which rules are ours
}

// OpenRule is a rule that opens management ports, or helps to.
type OpenRule struct {
	Guard    string
	Rule     string
	Priority int
	Level    Level
	Breadth  Breadth // who may use it: of NSGs after both levels, of a firewall by its own rules
	Text     string
}

// Posture is one line of a scan.
type Posture struct {
	Class    Class
	Why      string
	Rules    []OpenRule // widest first
	Breadth  Breadth    // the widest of Rules
	Defaults []string   // what Azure's default rules let in beside that
	Notes    []string   // what else a person should know, such as where guards disagree
	Yet      []string   // what is open all the same, though Class does not say so
	Untold   bool       // Class is what it is because something could not be read
	Defender bool       // Defender guards it already
}

// managementPorts are those of Defender's recommendation: SSH, RDP, WinRM.
func managementPorts() ipset.Set[ipset.Port] {
	return ipset.One[ipset.Port](22).Union(ipset.One[ipset.Port](3389)).Union(ipset.Span[ipset.Port](5985, 5986))
}

// Classify says how the VM stands, by the order of Defender's recommendation
// "Management ports of virtual machines should be protected with just-in-time
// network access control": classic; just-in-time on; nothing that filters; no
// rule of its own that opens a management port; and otherwise Unhealthy. A rule
// that other rules leave nothing to decide opens nothing, and a rule of a live
// grant of ours is access that somebody was given: both are said in Notes. It
// is about TCP, which all these ports are spoken over; RDP's UDP side is of no
// use without it.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview
func Classify(vm jit.VM, tables []rules.Table, topology Topology, facts Facts) Posture {
	if vm.Classic {
		return Posture{Class: ClassNotApplicable, Why: "It is a VM of the classic deployment model, which has no network security group to lock; migrate it to Resource Manager."}
	}
	s := scan{analysis: newAnalysis(tables, topology, jit.TCP), facts: facts}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() {
				s.examine(nic, a)
			}
		}
	}
	p := Posture{Rules: s.openings(), Defaults: tidy(s.defaults), Notes: tidy(s.notes), Yet: tidy(s.basic), Defender: s.defender}
	if len(p.Rules) > 0 {
		p.Breadth = p.Rules[0].Breadth
	}
	p.Class, p.Why = s.class(p)
	p.Untold = p.Class == ClassNotApplicable && (len(s.unread) > 0 || len(s.topology.Appliances) > 0)
	if p.Class == ClassHealthy {
		p.Yet = append(s.remarks(p.Rules), p.Yet...)
	}
	if p.Class == ClassUnhealthy && vm.Power != "" && vm.Power != "running" {
		p.Notes = append(p.Notes, "It is "+vm.Power+" now; the rules are open as soon as it starts.")
	}
	return p
}

// class walks the rows.
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
	case !s.filtered && len(s.topology.Appliances) > 0:
		return ClassNotApplicable, "It cannot be told: it has no network security group on its interfaces or subnets, and what the virtual appliance on its route lets through is not looked at yet."
	case !s.filtered:
		return ClassNotApplicable, "It has no network security group on its interfaces or subnets and no firewall before it, so there is nothing to lock and all traffic from inside is let in; attach one."
	case len(p.Rules) > 0:
		return ClassUnhealthy, capital(opening(p.Rules))
	case len(s.unread) > 0:
		return ClassNotApplicable, "It cannot be told: the rules of " + jit.JoinWords(tidy(s.unread)) + " were not read."
	case s.disagreeing:
		return ClassHealthy, "Not every guard on the way has a rule of its own that lets anybody to the ports 22, 3389, 5985 and 5986: they disagree."
	case s.granting:
		return ClassHealthy, "Nothing but grants of jitbot and Azure's default rules lets anybody to the ports 22, 3389, 5985 and 5986."
	default:
		return ClassHealthy, "Nothing but Azure's default rules lets anybody to the ports 22, 3389, 5985 and 5986."
	}
}

// opening says which rules, of which there is one at least, open what to whom.
func opening(rules []OpenRule) string {
	first := rules[0]
	text := fmt.Sprintf("rule %s (priority %d) of %s opens management ports to %s", first.Rule, first.Priority, resource.Name(first.Guard), first.Breadth.Words)
	if more := len(rules) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more %s", more, Plural(more, "rule does", "rules do"))
	}
	return text + "."
}

// remarks says what is open though just-in-time access is on: by rules that
// stand all the same, or by the protection's own policy, which lets requests
// open ports to everybody or to whoever asks. Defender calls that healthy in
// silence.
func (s scan) remarks(rules []OpenRule) []string {
	var out []string
	if len(rules) > 0 {
		out = append(out, "Yet "+opening(rules))
	}
	if !s.facts.Protected {
		return out
	}
	policy := func(ports []string, to string) {
		if len(ports) > 0 {
			out = append(out, fmt.Sprintf("Yet its policy lets a request open port %s to %s.", jit.JoinWords(ports), to))
		}
	}
	var anybody, anywhere []string
	for _, pp := range s.facts.Ports {
		if slices.ContainsFunc(pp.Sources, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
			anybody = append(anybody, pp.Ports.String())
		}
		if pp.Any {
			anywhere = append(anywhere, pp.Ports.String())
		}
	}
	policy(anybody, "Any")
	policy(anywhere, "any "+single(s.facts.Widest))
	if len(s.unread) > 0 {
		out = append(out, "Yet what else opens ports there is not known: the rules of "+jit.JoinWords(tidy(s.unread))+" were not read.")
	}
	return out
}

func single(w jit.Widths) string {
	v4, v6 := cmp.Or(w.V4, 32), cmp.Or(w.V6, 128)
	if v4 == 32 && v6 == 128 {
		return "single address that it names"
	}
	return fmt.Sprintf("range that it names, as wide as /%d (IPv4) and /%d (IPv6)", v4, v6)
}

func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
