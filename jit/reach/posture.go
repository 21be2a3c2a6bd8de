package reach

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
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

// NSGsOf are the resource ids of the NSGs before the VM, each once, in lower case.
func NSGsOf(vm jit.VM) []string {
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

// TablesOf are the tables of the VM's NSGs that were read. ByGuard is by resource
// id in lower case.
func TablesOf(vm jit.VM, byGuard map[string]rules.Table) []rules.Table {
	var out []rules.Table
	for _, guard := range NSGsOf(vm) {
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
	Class        Class
	Why          string
	Rules        []OpenRule // widest first
	Breadth      Breadth    // the widest of Rules
	Defaults     []string   // what Azure's default rules let in beside that
	Notes        []string   // what else a person should know, such as where guards disagree
	StillOpen    []string   // what is open all the same, though Class does not say so
	ByPolicy     []string   // those of StillOpen that a request could have opened, by the protection's own policy
	Undetermined bool       // Class is what it is because something could not be read
	Defender     bool       // Defender guards it already
}

// managementPorts are those of Defender's recommendation: SSH, RDP, WinRM.
func managementPorts() ipset.Set[ipset.Port] {
	return ipset.One[ipset.Port](22).Union(ipset.One[ipset.Port](3389)).Union(ipset.Span[ipset.Port](5985, 5986))
}

// Classify says how the VM stands, by the order of Defender's recommendation
// "Management ports of virtual machines should be protected with just-in-time
// network access control": just-in-time on; nothing that filters; no rule
// of its own that opens a management port; and otherwise Unhealthy. A rule
// that other rules leave nothing to decide opens nothing, and a rule of a live
// grant of ours is access that somebody was given: both are said in Notes. It
// is about TCP, which all these ports are spoken over; RDP's UDP side is of no
// use without it.
// https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview
func Classify(vm jit.VM, tables []rules.Table, topology Topology, facts Facts) Posture {
	s := scan{evaluator: newEvaluator(tables, topology, jit.TCP), facts: facts}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() {
				s.examine(nic, a)
			}
		}
	}
	s.noteUnknown(vm)
	p := Posture{
		Rules: s.openings(), Defaults: tidy(s.defaults), Notes: tidy(s.notes),
		StillOpen: tidy(s.basic), Defender: s.defender,
	}
	if len(p.Rules) > 0 {
		p.Breadth = p.Rules[0].Breadth
	}
	p.Class, p.Why = s.class(p)
	p.Undetermined = p.Class == ClassNotApplicable && (len(s.unread) > 0 || len(s.unknown) > 0 || s.topology.passesUnexamined())
	if p.Class == ClassHealthy {
		p.ByPolicy = s.remarksOnPolicy()
		p.StillOpen = slices.Concat(s.remarks(p.Rules), p.ByPolicy, p.StillOpen)
	}
	if p.Class == ClassUnhealthy && vm.Power != "" && vm.Power != "running" {
		p.Notes = append(p.Notes, "It is "+vm.Power+" now; the rules are open as soon as it starts.")
	}
	return p
}
