package preflight

import (
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
)

// Forecast is what would become of requests and protections, as far as the
// network and its guards decide that.
type Forecast struct {
	Matched   int // VMs that a policy offers a port of
	Reachable int // of those, VMs that a grant can open
	Always    int // of those matched, VMs on which protect: always can hold
	Obstacles []Obstacle
}

// ObstacleKind says what is in the way, and of what.
type ObstacleKind string

// The kinds of an Obstacle. The first three are in the way of a grant.
const (
	ObstacleVM      ObstacleKind = "machine" // the VM itself
	ObstacleLock    ObstacleKind = "lock"    // a management lock over a guard
	ObstacleRules   ObstacleKind = "rules"   // other rules in a guard
	ObstacleProtect ObstacleKind = "protect" // of protecting the VM
	ObstacleAlways  ObstacleKind = "always"  // of protecting the VM, which the configuration does always
)

// Obstacle is what is in the way at some VMs.
type Obstacle struct {
	Kind  ObstacleKind
	Guard string   // resource id of the guard that it is at; empty: it is about the VM itself
	VMs   []jit.VM // that it concerns
	Why   error    // a Refusal
}

// Predict says what would become of requests for the VMs that a policy matches,
// and of their protections, with all guards and all management locks as they
// were read. Nothing is read or written.
func Predict(c policies.Config, vms []jit.VM, tables []rules.Table, locks []admission.ManagementLock) Forecast {
	f := forecaster{
		config: c, owner: rules.Owner{Installation: c.Installation, Bands: c.Bands},
		tables: map[string]rules.Table{}, vmsBehind: map[string][]jit.VM{}, protections: map[string][]protection.Protection{},
		byText: map[string]int{}, noted: map[string]bool{}, obstructed: map[ObstacleKind]map[string]bool{},
	}
	for _, t := range tables {
		f.tables[strings.ToLower(t.Guard)] = t
	}
	var matched, always []jit.VM
	for _, vm := range vms {
		if policy, ok := c.Policy(vm); ok && len(policy.Ports) > 0 {
			matched = append(matched, vm)
			if policy.Always {
				always = append(always, vm)
			}
			f.checkVM(vm, policy)
		}
	}
	f.checkGuards(locks)
	f.forecast.Matched, f.forecast.Reachable = len(matched), f.countUnobstructed(matched, ObstacleVM, ObstacleLock, ObstacleRules)
	f.forecast.Always = f.countUnobstructed(always, ObstacleVM, ObstacleLock, ObstacleAlways)
	return f.forecast
}
