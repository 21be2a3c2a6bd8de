package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/reach"
	"jitbot/jit/route"
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

// The kinds of a Hurdle. The first three are in the way of a grant.
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
	VMs   []jit.VM // whom it concerns
	Why   error    // a Refusal
}

// Predict looks at the VMs that a policy matches, with all guards and all
// management locks as they were read.
func Predict(c jit.Config, vms []jit.VM, tables []rules.Table, locks []admission.ManagementLock) Forecast {
	l := forecaster{
		config: c, owner: rules.Owner{Installation: c.Installation, Bands: c.Bands},
		tables: map[string]rules.Table{}, vmsBehind: map[string][]jit.VM{}, protections: map[string][]jit.Protection{},
		byText: map[string]int{}, noted: map[string]bool{}, obstructed: map[ObstacleKind]map[string]bool{},
	}
	for _, t := range tables {
		l.tables[strings.ToLower(t.Guard)] = t
	}
	var matched, always []jit.VM
	for _, vm := range vms {
		if policy, ok := c.Policy(vm); ok && len(policy.Ports) > 0 {
			matched = append(matched, vm)
			if policy.Always {
				always = append(always, vm)
			}
			l.checkVM(vm, policy)
		}
	}
	l.checkGuards(locks)
	l.Matched, l.Reachable = len(matched), l.countUnobstructed(matched, ObstacleVM, ObstacleLock, ObstacleRules)
	l.Always = l.countUnobstructed(always, ObstacleVM, ObstacleLock, ObstacleAlways)
	return l.Forecast
}

// forecaster gathers an Outlook.
type forecaster struct {
	Forecast
	config      jit.Config
	owner       rules.Owner
	tables      map[string]rules.Table           // by lower-case guard
	vmsBehind   map[string][]jit.VM              // by lower-case guard
	protections map[string][]jit.Protection      // by lower-case guard
	byText      map[string]int                   // index of each hurdle, by what it says
	noted       map[string]bool                  // what was said of which VM
	obstructed  map[ObstacleKind]map[string]bool // lower-case ids of VMs
}

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

// checkVM finds what is in front of the VM, and notes what is wrong with that.
func (f *forecaster) checkVM(vm jit.VM, policy jit.Policy) {
	if vm.Classic {
		f.note(vm, ObstacleVM, "", jit.RefuseClassic(vm))
		return
	}
	for _, pp := range policy.Ports {
		if _, ok := f.config.Approval(vm, []jit.Ports{pp.Ports}, nil, min(jit.DefaultDuration, pp.Longest)); !ok {
			f.note(vm, ObstacleVM, "", jit.Refuse(jit.ErrPolicy, "Nobody is named to approve access to port %s of %s; write an entry under approvals that matches it.", pp.Ports, vm.Name))
		}
	}
	paths, err := route.ForFullProtection(vm)
	switch {
	case err != nil && len(jit.AddressesOfVM(vm)) == 0:
		f.note(vm, ObstacleVM, "", err)
	default:
		f.probePorts(vm, policy)
		f.noteUnfiltered(vm)
	}
	for _, guard := range slices.Concat(reach.GuardsOfVM(vm), route.Firewalls(f.config.Installation, vm)) {
		f.vmsBehind[guard] = append(f.vmsBehind[guard], vm)
	}
	switch {
	case err == nil:
		f.addProtection(policy.Protection(vm, paths))
	case policy.Always:
		f.note(vm, ObstacleAlways, "", err)
	}
}

// addProtection has the protection looked at where its denies would stand.
func (f *forecaster) addProtection(p jit.Protection) {
	for _, guard := range p.Guards() {
		f.protections[guard] = append(f.protections[guard], p)
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
			"%s has no network security group at its address %s, so all traffic from inside is let in there; attach one to the interface or its subnet.", vm.Name, strings.Join(bare, ", ")))
	}
}

// note adds a hurdle for the VM, or the VM to one that says the same.
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
		i = len(f.Obstacles)
		f.byText[text] = i
		f.Obstacles = append(f.Obstacles, Obstacle{Kind: kind, Guard: guard, Why: why})
	}
	f.Obstacles[i].VMs = append(f.Obstacles[i].VMs, vm)
}

func obstacleText(kind ObstacleKind, guard string, why error) string {
	return fmt.Sprint(kind, " ", guard, " ", why)
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

// checkProtections looks at the protections of a guard: those that are always there
// together, each other one by itself.
func (f *forecaster) checkProtections(t rules.Table, guard string) {
	var always []jit.Protection
	for _, p := range f.protections[guard] {
		if p.Always {
			always = append(always, p)
			continue
		}
		for _, b := range f.owner.MakePlan(t, rules.ForProtections(f.owner.Installation, guard, []jit.Protection{p})).Blocked {
			if _, said := f.byText[obstacleText(ObstacleRules, guard, b.Err)]; !said {
				f.note(vmOf(p), ObstacleProtect, guard, b.Err)
			}
		}
	}
	plan := f.owner.MakePlan(t, rules.ForProtections(f.owner.Installation, guard, always))
	for _, p := range always {
		if err := f.owner.FitsProtections(t, plan, p); err != nil {
			f.note(vmOf(p), ObstacleAlways, guard, err)
		}
	}
}

func vmOf(p jit.Protection) jit.VM { return jit.VM{ID: p.VM, Name: p.Name, Group: p.Group} }
