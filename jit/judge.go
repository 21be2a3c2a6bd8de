package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit/clock"
)

// Adapters is everything the domain needs from outside, in one value that main
// wires once.
type Adapters struct {
	Store     Store // nil for a Survey only
	Network   Network
	Inventory Inventory
	Directory Directory
	People    People
	Readiness Readiness
	Meter     Meter
	Topology  TopologyReader // nil: what is around VMs is not known
	Locks     Locks          // nil: management locks are not known
	Log       *slog.Logger
}

// Checker answers who somebody is and what they may do. Each answer is read
// afresh; a doubt is a no.
type Checker struct {
	Config      Config
	Adapters    Adapters
	Owner       Owner
	Clock       *clock.Clock
	VMs         *VMCache
	locksUnread *sync.Once // says once that management locks may not be read
}

// NewChecker makes the one that all who share its clock and its list of VMs are
// given.
func NewChecker(c Config, w Adapters) Checker {
	return Checker{Config: c, Adapters: w, Owner: Owner{Installation: c.Installation, Bands: c.Bands}, Clock: &clock.Clock{}, VMs: NewVMCache(w.Inventory), locksUnread: &sync.Once{}}
}

// Policy is the first matching policy, with the ports that the protect form
// stored for the VM in place of its own.
func (j Checker) Policy(ctx context.Context, vm VM) (Policy, bool, error) {
	policy, ok := j.Config.Policy(vm)
	p, err := j.Protection(ctx, vm.ID, vm.Name)
	switch {
	case err != nil:
		return Policy{}, false, err
	case p.VM == "" || p.Always || p.State == Unprotecting:
		return policy, ok, nil
	}
	policy.Ports = p.Ports
	return policy, true, nil
}

// WithinPolicy refuses what the VM's policy does not offer, and fills the protocols of
// the ports in.
func (j Checker) WithinPolicy(ctx context.Context, vm VM, ports []Ports, sources []netip.Prefix, d time.Duration) ([]Ports, error) {
	policy, ok, err := j.Policy(ctx, vm)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Refuse(ErrPolicy, "No policy covers %s, so nothing may be asked for there; ask an admin for one under policies.", vm.Name)
	}
	return policy.Check(vm, ports, sources, d)
}

func (p Policy) Check(vm VM, ports []Ports, sources []netip.Prefix, d time.Duration) ([]Ports, error) {
	if len(ports) == 0 {
		return nil, Refuse(ErrInput, "Say which port of %s you need: %s.", vm.Name, p.offered())
	}
	shortest, longest := time.Duration(0), MaxDuration
	asked := make([]Ports, 0, len(ports))
	for _, want := range ports {
		pp, port, ok := p.Find(want)
		if !ok {
			return nil, Refuse(ErrPolicy, "Port %s of %s is not on offer; you may ask for %s.", want, vm.Name, p.offered())
		}
		asked = append(asked, port)
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
		for _, s := range sources {
			if !pp.Accepts(s, p.Widest) {
				return nil, Refuse(ErrPolicy, "The policy of %s does not let port %s be opened to %s; it accepts %s.", vm.Name, port, s, pp.accepted(p.Widest))
			}
		}
	}
	switch {
	case d > longest:
		return nil, Refuse(ErrPolicy, "%s is too long for %s; ask for at most %s.", d, vm.Name, longest)
	case d < shortest:
		return nil, Refuse(ErrPolicy, "%s is too short for %s; ask for at least %s.", d, vm.Name, shortest)
	}
	return dedupePorts(asked) // ssh,22 may mean one port twice
}

// offered lists what may be asked for, in words.
func (p Policy) offered() string {
	if len(p.Ports) == 0 {
		return "nothing"
	}
	var words []string
	for _, pp := range p.Ports {
		words = append(words, pp.Ports.String())
	}
	return strings.Join(words, ", ")
}

func (pp PortPolicy) accepted(widest Widths) string {
	var words []string
	for _, s := range pp.Sources {
		words = append(words, s.String())
	}
	if pp.Any {
		if widest.V4 == 32 && widest.V6 == 128 {
			words = append(words, "any single address")
		} else {
			words = append(words, fmt.Sprintf("any IPv4 range of /%d or smaller, any IPv6 range of /%d or smaller", widest.V4, widest.V6))
		}
	}
	if len(words) == 0 {
		return "no address at all"
	}
	return strings.Join(words, ", ")
}

// ResolvedTarget is a VM of a grant as it is now, with the guards in front of it.
type ResolvedTarget struct {
	VM    VM
	Paths []Path
}

// CheckRequest checks all that must hold for a grant to open now: account, Azure
// rights and policy at every VM, read afresh.
func (j Checker) CheckRequest(ctx context.Context, g Grant) (Person, []ResolvedTarget, error) {
	who, err := j.Identify(ctx, g.Request.By.ID)
	if err != nil {
		return Person{}, nil, err
	}
	if err := SameEntra(g, who); err != nil {
		return Person{}, nil, err
	}
	sites := make([]ResolvedTarget, 0, len(g.Request.Targets))
	for _, target := range g.Request.Targets {
		s, err := j.resolve(ctx, who, target, g.Request)
		if err != nil {
			return who, nil, err
		}
		sites = append(sites, s)
	}
	all, err := j.VMs.List(ctx, VMsMaxAge)
	if err != nil {
		return who, nil, err
	}
	return who, sites, j.OpensNoMore(ctx, sites, ByAddress(all), map[string]Table{}, g.Request)
}

// OpensNoMore refuses a grant that would open more than it is for, or to more people.
func (j Checker) OpensNoMore(ctx context.Context, sites []ResolvedTarget, d VMsByAddress, tables map[string]Table, r Request) error {
	if err := j.sharedAddress(ctx, d, r, PathsOf(sites)); err != nil {
		return err
	}
	return j.sharedRule(ctx, sites, tables, r)
}

func PathsOf(sites []ResolvedTarget) []Path {
	var paths []Path
	for _, s := range sites {
		paths = append(paths, s.Paths...)
	}
	return paths
}

func (j Checker) resolve(ctx context.Context, who Person, target Target, r Request) (ResolvedTarget, error) {
	vm, err := j.Adapters.Inventory.VM(ctx, target.VM)
	if errors.Is(err, ErrNotFound) {
		return ResolvedTarget{}, Refuse(ErrPolicy, "%s"+Missing(err)+"; check the name and ask again.", target.Name)
	}
	if err != nil {
		return ResolvedTarget{}, fmt.Errorf("reading %s: %w", target.Name, err)
	}
	if err := j.CheckRights(ctx, who, vm, j.Config.RequiredActions); err != nil {
		return ResolvedTarget{}, err
	}
	if _, err := j.WithinPolicy(ctx, vm, r.Ports, r.Sources, r.Duration); err != nil {
		return ResolvedTarget{}, err
	}
	paths, err := PathsTo(j.Config.Installation, vm, r.Ports, r.Sources)
	return ResolvedTarget{vm, paths}, err
}

// ApprovalRule is the approval rule for a grant; its VMs and ports share one.
func (j Checker) ApprovalRule(vms []VM, r Request) (ApprovalRule, error) {
	found := -1
	for _, vm := range vms {
		for _, port := range r.Ports {
			i, ok := j.Config.Approval(vm, []Ports{port}, r.Sources, r.Duration)
			if !ok {
				return ApprovalRule{}, Refuse(ErrPolicy, "Nobody is named to approve access to %s; ask an admin for an entry under approvals.", vm.Name)
			}
			if found >= 0 && i != found {
				return ApprovalRule{}, Refuse(ErrPolicy, "The VMs or ports of this request now have different approvers; ask for each alone.")
			}
			found = i
		}
	}
	if found < 0 {
		return ApprovalRule{}, Refuse(ErrInput, "No VM is named.")
	}
	return j.Config.Approvals[found], nil
}

// Foresee plans the grant's rules against the guards as they are, so that a
// lock, a deny in the way, a full band or a stranger's rule is found before
// anybody is asked. It returns what else is known of the ports.
func (j Checker) Foresee(ctx context.Context, g Grant, sites []ResolvedTarget) ([]string, error) {
	owner := j.Owner
	tables := map[string]Table{}
	var notes []string
	g.Paths = PathsOf(sites)
	if err := j.CheckLocks(ctx, g.Guards()); err != nil {
		return nil, err
	}
	for _, guard := range g.Guards() {
		t, w, err := j.At(ctx, guard)
		if err != nil {
			return nil, err
		}
		tables[guard] = t
		if err := owner.Fits(t, owner.Desired(guard, w.Grants, w.Protections), ForGrant(g, owner.Installation, guard)); err != nil {
			return nil, err
		}
	}
	for _, s := range sites {
		notes = append(notes, alreadyOpen(owner, s.VM, s.Paths, tables, g.Request)...)
		along, err := j.coAdmitted(ctx, s, tables, g.Request)
		if err != nil {
			return nil, err
		}
		notes = append(notes, along...)
	}
	open, err := j.unprotected(ctx, VMsOf(sites))
	return append(notes, open...), err
}

// Fits refuses rules that could not be written beside the others or would
// be without effect.
func (o Owner) Fits(t Table, others, rules []Rule) error {
	plan := o.MakePlan(t, slices.Concat(others, rules))
	for _, b := range plan.Blocked {
		if Named(rules, b.Name) {
			return b.Err
		}
	}
	for _, r := range plan.Final {
		if d, shadowed := t.Shadow(r); shadowed && Named(rules, r.Name) {
			return ShadowRefusal(t, d)
		}
	}
	return nil
}

// Desired is all that the guard should hold of ours: the allows of opening
// and open grants, and the denies of protections.
func (o Owner) Desired(guard string, live []Grant, locks []Protection) []Rule {
	wanted := Denies(o.Installation, guard, locks)
	for _, g := range live {
		if g.State == Opening || g.State == Open {
			wanted = append(wanted, ForGrant(g, o.Installation, guard)...)
		}
	}
	return wanted
}
