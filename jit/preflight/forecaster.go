package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// forecaster gathers a Forecast.
type forecaster struct {
	forecast    Forecast
	config      policies.Config
	owner       rules.Owner
	tables      map[string]rules.Table             // by lower-case guard
	vmsBehind   map[string][]jit.VM                // by lower-case guard
	protections map[string][]protection.Protection // by lower-case guard
	byText      map[string]int                     // index of each obstacle, by obstacleText
	noted       map[string]bool                    // what was said of which VM
	obstructed  map[ObstacleKind]map[string]bool   // lower-case ids of VMs
}

// checkVM finds which guards are in front of the VM, and notes what is wrong with that.
func (f *forecaster) checkVM(vm jit.VM, policy policies.Policy) {
	for _, pp := range policy.Ports {
		if _, ok := f.config.Approval(vm, []jit.Ports{pp.Ports}, nil, min(jit.DefaultDuration, pp.Longest)); !ok {
			f.note(vm, ObstacleVM, "", jit.Refuse(jit.ErrPolicy,
				"Nobody is named to approve access to port %s of %s; write an entry under approvals that matches it.", pp.Ports, vm.Name))
		}
	}
	paths, err := route.ProtectionPaths(vm)
	switch {
	case err != nil && len(vm.Addresses()) == 0:
		f.note(vm, ObstacleVM, "", err)
	default:
		f.probePorts(vm, policy)
		f.noteUnfiltered(vm)
	}
	for _, guard := range slices.Concat(reach.NSGsOf(vm), route.FirewallGuards(f.config.Installation, vm)) {
		f.vmsBehind[guard] = append(f.vmsBehind[guard], vm)
	}
	switch {
	case err == nil:
		f.addProtection(policy.Protection(vm, paths))
	case policy.Always:
		f.note(vm, ObstacleAlways, "", err)
	}
}

// noteUnfiltered notes addresses of a VM that nothing filters while something filters
// others of it: of one without any, the requests say so.
func (f *forecaster) noteUnfiltered(vm jit.VM) {
	var bare []string
	filtered := false
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if nic.Guard == "" && a.SubnetGuard == "" && len(a.FirewallHops) == 0 {
				bare = append(bare, a.Addr.String())
			} else {
				filtered = true
			}
		}
	}
	if filtered && len(bare) > 0 {
		f.note(vm, ObstacleVM, "", jit.Refuse(jit.ErrPolicy,
			"%s has no network security group at its address %s, so all traffic from inside is let in there; "+
				"attach one to the interface or its subnet.", vm.Name, strings.Join(bare, ", ")))
	}
}

// addProtection has the protection checked where its denies would stand.
func (f *forecaster) addProtection(p protection.Protection) {
	for _, guard := range p.Guards() {
		f.protections[guard] = append(f.protections[guard], p)
	}
}

// checkGuards goes through the locks and then the protections.
func (f *forecaster) checkGuards(locks []admission.ManagementLock) {
	guards := slices.Sorted(maps.Keys(f.vmsBehind))
	for _, lock := range locks {
		first := ""
		for _, guard := range guards {
			if !lock.Bars(guard) {
				continue
			}
			if first == "" {
				first = guard // one line a lock, however many guards are below it
			}
			for _, vm := range f.vmsBehind[guard] {
				f.note(vm, ObstacleLock, first, lock.Refuse(first))
			}
		}
	}
	for _, guard := range slices.Sorted(maps.Keys(f.protections)) {
		if t, read := f.tables[guard]; read {
			f.checkProtections(t, guard)
		}
	}
}

// checkProtections plans the protections of a guard: those that are always there
// together, each other one by itself.
func (f *forecaster) checkProtections(t rules.Table, guard string) {
	var always []protection.Protection
	for _, p := range f.protections[guard] {
		if p.Always {
			always = append(always, p)
			continue
		}
		for _, b := range f.owner.MakePlan(t, rules.ForProtections(f.owner.Installation, guard, []protection.Protection{p})).Blocked {
			if _, said := f.byText[obstacleText(ObstacleRules, guard, b.Err)]; !said {
				f.note(vmOf(p), ObstacleProtect, guard, b.Err)
			}
		}
	}
	plan := f.owner.MakePlan(t, rules.ForProtections(f.owner.Installation, guard, always))
	for _, p := range always {
		if err := f.owner.CheckProtection(t, plan, p); err != nil {
			f.note(vmOf(p), ObstacleAlways, guard, err)
		}
	}
}

// note adds an obstacle for the VM, or the VM to one that says the same.
func (f *forecaster) note(vm jit.VM, kind ObstacleKind, guard string, why error) {
	id := strings.ToLower(vm.ID)
	if f.obstructed[kind] == nil {
		f.obstructed[kind] = map[string]bool{}
	}
	f.obstructed[kind][id] = true
	text := obstacleText(kind, guard, why)
	if f.noted[text+id] {
		return
	}
	f.noted[text+id] = true
	i, known := f.byText[text]
	if !known {
		i = len(f.forecast.Obstacles)
		f.byText[text] = i
		f.forecast.Obstacles = append(f.forecast.Obstacles, Obstacle{Kind: kind, Guard: guard, Why: why})
	}
	f.forecast.Obstacles[i].VMs = append(f.forecast.Obstacles[i].VMs, vm)
}

func obstacleText(kind ObstacleKind, guard string, why error) string {
	return fmt.Sprint(kind, " ", guard, " ", why)
}

func vmOf(p protection.Protection) jit.VM { return jit.VM{ID: p.VM, Name: p.Name, Group: p.Group} }

// countUnobstructed counts the VMs in whose way none of that kind is.
func (f *forecaster) countUnobstructed(vms []jit.VM, kinds ...ObstacleKind) int {
	n := len(vms)
	for _, vm := range vms {
		if slices.ContainsFunc(kinds, func(k ObstacleKind) bool { return f.obstructed[k][strings.ToLower(vm.ID)] }) {
			n--
		}
	}
	return n
}
