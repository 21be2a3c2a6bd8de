package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/clock"
	"jitbot/jit/guardpath"
	"jitbot/jit/preflight"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

// snapshot is what was read of Azure.
type snapshot struct {
	vms     []jit.VM
	unread  []error // machines that could not be read, or why none could
	tables  []rules.Table
	locks   []admission.ManagementLock
	rights  []rights
	inFront inFront
	kept    []error // why what is written somewhere could not be removed

	tablesErr, locksErr, aroundErr error
}

// azure asks what the identity may do, and reads the lists of all
// subscriptions side by side. heard reports whether Azure has answered
// anything.
func (c run) azure(ctx context.Context, client *azure.Client, heard func() bool) []Finding {
	var versions []Finding
	var s snapshot
	var first errgroup.Group
	first.Go(func() error { versions = apiVersions(ctx, client); return nil })
	first.Go(func() error { s.rights = c.readRights(ctx, client); return nil })
	_ = first.Wait() // what went wrong is kept with what was read
	if slices.ContainsFunc(versions, func(f Finding) bool { return f.Err != nil }) {
		return append(versions, notLookedAt("Azure does not serve what jitbot asks for", "azure rights")...)
	}
	if !heard() || shutOut(s.rights) {
		return slices.Concat(versions, rightsFindings(s), notLookedAt("Azure does not let jitbot in or does not answer"))
	}
	var users []Finding
	var group errgroup.Group
	group.Go(func() error { s.vms, s.unread = c.readVMs(ctx, client); return nil })
	group.Go(func() error { s.tables, s.tablesErr = ofAll(ctx, client, client.Tables); return nil })
	group.Go(func() error { s.locks, s.locksErr = client.AllLocks(ctx); return nil })
	group.Go(func() error { users = c.users(ctx, client); return nil })
	_ = group.Wait() // what went wrong is kept with what was read
	if len(s.vms) > 0 {
		s.inFront, s.aroundErr = c.look(ctx, client, s.vms)
	}
	s.kept = c.removable(ctx, client, s.vms)
	return slices.Concat(versions, rightsFindings(s), c.forecast(s), users, checkClock(client.Skew().Widest))
}

// notLookedAt are the lines about what was not asked, those named first.
func notLookedAt(why string, more ...string) []Finding {
	var out []Finding
	for _, what := range append(more, "azure machines", "azure rules", "azure locks", "entra users", "clock") {
		out = append(out, Finding{What: what, Err: fmt.Errorf("not looked at, since %s; mend that first", why)})
	}
	return out
}

// ofAll lists something of every subscription, side by side. With an error, what
// could be listed is returned too.
func ofAll[T any](ctx context.Context, client *azure.Client, list func(context.Context, string) ([]T, error)) ([]T, error) {
	ids := client.Subscriptions()
	found, faults := make([][]T, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { found[i], faults[i] = list(ctx, id) })
	}
	wg.Wait()
	return slices.Concat(found...), errors.Join(faults...)
}

func rightsFindings(s snapshot) []Finding {
	var found []Finding
	for _, r := range s.rights {
		found = append(found, r.findings(s.inFront)...)
	}
	return found
}

func checkClock(skew time.Duration) []Finding {
	const what = "clock"
	if skew.Abs() > clock.MaxSkew {
		return verdict(what, "", fmt.Errorf("this machine's clock and Azure's differ by %s, and nothing would be opened; set the clock",
			text.Duration(skew.Abs())))
	}
	return verdict(what, "it agrees with Azure's within "+text.Duration(max(skew.Abs().Round(time.Second), time.Second)))
}

// readVMs lists the machines. One of which no address was listed is read by
// itself, which tells why; when it cannot be read it is left out.
func (c run) readVMs(ctx context.Context, client *azure.Client) ([]jit.VM, []error) {
	vms, err := ofAll(ctx, client, client.VMs)
	if err != nil {
		return nil, []error{mend("listing the virtual machines", err)}
	}
	var bare []int
	for i, vm := range vms {
		if _, ok := c.Config.Jit.Policy(vm); ok && len(bare) < maxAsked &&
			!slices.ContainsFunc(vm.Interfaces, func(n jit.Interface) bool { return len(n.Addresses) > 0 }) {
			bare = append(bare, i)
		}
	}
	faults := each(bare, func(i int) error {
		fresh, err := client.VM(ctx, vms[i].ID)
		if err != nil {
			return mend(named(vms[i]), err)
		}
		vms[i] = fresh
		return nil
	})
	lost := map[string]bool{}
	for at, i := range bare {
		lost[vms[i].ID] = faults[at] != nil
	}
	return slices.DeleteFunc(vms, func(vm jit.VM) bool { return lost[vm.ID] }), faults
}

func named(vm jit.VM) string { return vm.Group + "/" + vm.Name }

// inFront is what is in front of the machines.
type inFront struct {
	firewalls app.Firewalls            // the kinds
	named     map[app.Firewalls]string // one of each kind, and of which machine
	hop       string                   // one on a route that may be a firewall, and of which machine
}

// look finds the firewalls, and the next hops of which only Azure knows whether
// they are firewalls.
func (c run) look(ctx context.Context, client *azure.Client, vms []jit.VM) (inFront, error) {
	out := inFront{firewalls: app.NoFirewalls, named: map[app.Firewalls]string{}}
	around, err := client.Topology(ctx, vms)
	if err != nil {
		return out, err
	}
	for _, vm := range vms {
		for _, nic := range vm.Interfaces {
			for _, a := range nic.Addresses {
				out.add(vm, a.FirewallHops)
			}
		}
		if hops := around[strings.ToLower(vm.ID)].Appliances; len(hops) > 0 && out.hop == "" {
			out.hop = fmt.Sprintf("the route of %s leads to %s, which may be a firewall", named(vm), hops[0])
		}
	}
	return out, nil
}

func (f *inFront) add(vm jit.VM, hops []guardpath.FirewallHop) {
	for _, hop := range hops {
		kind := app.ClassicFirewalls
		if hop.Policy != "" {
			kind = app.PolicyFirewalls
		}
		if f.named[kind] == "" {
			f.named[kind] = fmt.Sprintf("the firewall %s is in front of %s", resource.Name(hop.Firewall), named(vm))
			f.firewalls = f.firewalls.With(kind)
		}
	}
}

// forecast tells what is in the way of grants and protections.
func (c run) forecast(s snapshot) []Finding {
	out := preflight.Predict(c.Config.Jit, s.vms, s.tables, s.locks)
	by := map[preflight.ObstacleKind][]error{}
	for _, h := range out.Obstacles {
		if h.Kind != preflight.ObstacleRules || s.tablesErr == nil { // else what was not read is what is missing
			by[h.Kind] = append(by[h.Kind], obstacleError(h))
		}
	}
	found := machines(out, s, by[preflight.ObstacleVM])
	rules := slices.Concat(by[preflight.ObstacleRules], by[preflight.ObstacleProtect], c.outsideBands(s.tables))
	if s.tablesErr != nil {
		rules = append(rules, mend("reading the network security groups and firewalls", s.tablesErr))
	}
	found = append(found, verdict("azure rules", ruleNote(s.tables), rules...)...)
	for _, t := range s.tables {
		if note := t.DraftNote(); note != "" {
			found = append(found, Finding{What: "azure rules", Note: note})
		}
	}
	locks := slices.Concat(by[preflight.ObstacleLock], s.kept)
	if s.locksErr != nil {
		locks = append(locks, mend("reading locks, under which a rule could never be removed", s.locksErr))
	}
	found = append(found, verdict("azure locks", lockNote(len(s.locks)), locks...)...)
	if always := by[preflight.ObstacleAlways]; out.Always > 0 || len(always) > 0 {
		note := "protect: always can hold for " + text.Count(out.Always, "virtual machine", "virtual machines")
		found = append(found, verdict("protection", note, always...)...)
	}
	if s.aroundErr != nil {
		found = append(found, Finding{What: "azure network", Err: mend("reading what is in front of the machines", s.aroundErr)})
	}
	return found
}

func ruleNote(tables []rules.Table) string {
	firewalls := 0
	for _, t := range tables {
		if resource.IsFirewall(t.Guard) {
			firewalls++
		}
	}
	note := text.Count(len(tables)-firewalls, "network security group", "network security groups")
	if firewalls > 0 {
		note += " and " + text.Count(firewalls, "firewall", "firewalls")
	}
	return note + " read; those in front of machines have room, and nothing is in the way"
}

func lockNote(n int) string {
	if n == 0 {
		return "there is none"
	}
	return text.Count(n, "lock is there, and not", "locks are there, and none") + " in the way of what jitbot writes"
}

// machines says how many a grant can open, and what is wrong with the others
// themselves.
func machines(out preflight.Forecast, s snapshot, obstacles []error) []Finding {
	const what = "azure machines"
	note := text.Count(out.Reachable, "virtual machine is reachable by a grant", "virtual machines are reachable by a grant")
	if rest := len(s.vms) - out.Matched; rest > 0 {
		note += fmt.Sprintf("; %d of %d match no policy", rest, len(s.vms))
	}
	faults := slices.Concat(s.unread, obstacles)
	found := verdict(what, note, faults...)
	if out.Reachable > 0 && errors.Join(faults...) != nil {
		found = append([]Finding{{What: what, Note: note}}, found...)
	}
	return found
}

const maxNamed = 3 // machines that one line names

// obstacleError is a line about it, with whom it concerns.
func obstacleError(h preflight.Obstacle) error {
	var names []string
	for _, vm := range h.VMs[:min(len(h.VMs), maxNamed)] {
		names = append(names, named(vm))
	}
	whom := strings.Join(names, ", ")
	if more := len(h.VMs) - maxNamed; more > 0 {
		whom += fmt.Sprintf(" and %d more", more)
	}
	switch h.Kind {
	case preflight.ObstacleVM:
		return fmt.Errorf("%s: %w", whom, h.Why)
	case preflight.ObstacleAlways:
		return fmt.Errorf("protect: always does not hold for %s: %w", whom, h.Why)
	case preflight.ObstacleProtect:
		return fmt.Errorf("%s cannot be protected: %w", whom, h.Why)
	default:
		return fmt.Errorf("%w Behind it: %s.", h.Why, whom) //nolint:revive,staticcheck // sentences
	}
}

// outsideBands names rules that have a name of ours and lie outside our bands.
func (c run) outsideBands(tables []rules.Table) []error {
	owner := rules.Owner{Installation: c.Config.Jit.Installation, Bands: c.Config.Jit.Bands}
	var faults []error
	for _, t := range tables {
		for _, r := range t.Rules {
			if _, astray := owner.OutsideBands(r); astray {
				faults = append(faults, fmt.Errorf("the rule %s (priority %d) in %s has a name of ours but lies outside bands, so it is never touched,"+
					" nor closed; put bands back as they were, or remove the rule by hand",
					r.Name, r.Priority, t.Name))
			}
		}
	}
	return faults
}
