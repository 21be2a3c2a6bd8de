package admission

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/inventory"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/route"
)

// Topology reads what is around the VMs. What could not be read is not
// known, and never guessed; the note says so to people.
func (c Checker) Topology(ctx context.Context, vms []jit.VM) (around func(jit.VM) reach.Topology, note string) {
	if c.Adapters.Topology == nil {
		return func(jit.VM) reach.Topology { return reach.Topology{} }, ""
	}
	read, err := c.Adapters.Topology.Topology(ctx, vms)
	if err != nil {
		c.Adapters.Log.WarnContext(ctx, "what is around the virtual machines could not be read", slog.Any("error", err))
		note = fmt.Sprintf("What is around it (networks, routes, load balancers) could not be read (%s), "+
			"so what hangs on that is not known.", Outline(err))
	}
	return func(vm jit.VM) reach.Topology { return read[strings.ToLower(vm.ID)] }, note
}

// topologyWithin is how long a request may wait for what is around its VMs, which
// decides nothing.
const topologyWithin = 10 * time.Second

// unknown says of the VMs what is not known of how they are reached: addresses that
// cannot be read, and what on the way cannot be resolved.
func (c Checker) unknown(ctx context.Context, vms []jit.VM) []string {
	var notes []string
	within, cancel := context.WithTimeout(ctx, topologyWithin)
	defer cancel()
	around, note := c.Topology(within, vms)
	if text := AdminRulesUnread(vms, around); text != "" {
		notes = append(notes, text)
	}
	for _, vm := range vms {
		for _, text := range route.Unread(vm) {
			notes = append(notes, fmt.Sprintf("%s has %s as an address, which no rule of jitbot can name: it is not opened, "+
				"and whether it is open is not known.", vm.Name, text))
		}
		for _, text := range around(vm).Unknown() {
			notes = append(notes, vm.Name+": "+text)
		}
	}
	if note != "" {
		notes = append(notes, note)
	}
	return notes
}

// AdminRulesUnread says, once for all of the VMs, that the admin rules before some are
// not known; empty when they are.
func AdminRulesUnread(vms []jit.VM, around func(jit.VM) reach.Topology) string {
	for _, vm := range vms {
		if err := around(vm).AdminRulesUnread; err != nil {
			return fmt.Sprintf("Admin rules of Virtual Network Manager, which come before every network security group, "+
				"are not known (%s).", Outline(err))
		}
	}
	return ""
}

// adminRulesWithin is how long an opening waits for admin rules.
const adminRulesWithin = 5 * time.Second

// AdminDenied refuses a grant that an admin rule of Virtual Network Manager denies at
// one of its targets. Any other error says that it is not known.
func (c Checker) AdminDenied(ctx context.Context, targets []ResolvedTarget, r jit.Request) error {
	if c.Adapters.Topology == nil {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, adminRulesWithin)
	defer cancel()
	for _, t := range targets {
		for _, nic := range t.VM.Interfaces {
			for _, a := range nic.Addresses {
				network, _, _ := strings.Cut(a.Subnet, "/subnets/")
				read, err := c.Adapters.Topology.AdminRules(within, network)
				if err != nil {
					return fmt.Errorf("reading the admin rules before %s: %w", t.VM.Name, err)
				}
				if err := reach.RefuseDenied(t.VM, a, reach.Topology{AdminRules: read}, t.sourcesAt(a.Addr, r), r.Ports); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// ByAdminRules stands for the guard, in what is seen before the denies of a protection,
// of admin rules that always allow.
const ByAdminRules = "virtual network manager"

// AlwaysAllowed are the admin rules that let somebody in to the protected ports of a
// VM whatever its denies say, each with its priority. They are those that were seen
// last where they cannot be read.
func (c Checker) AlwaysAllowed(ctx context.Context, p protection.Protection) []string {
	vm, known := c.listed(ctx, p.VM)
	if !known {
		return p.Above[ByAdminRules]
	}
	return c.AlwaysAllowedTo(ctx, vm, p)
}

// AlwaysAllowedTo is AlwaysAllowed of the VM as it was listed.
func (c Checker) AlwaysAllowedTo(ctx context.Context, vm jit.VM, p protection.Protection) []string {
	ports := make([]jit.Ports, 0, len(p.Ports))
	for _, pp := range p.Ports {
		ports = append(ports, jit.Ports{From: pp.Ports.From, To: pp.Ports.To, Protocol: jit.AnyProtocol})
	}
	within, cancel := context.WithTimeout(ctx, adminRulesWithin)
	defer cancel()
	found, known := c.alwaysAllowed(within, vm, ports)
	if !known {
		return p.Above[ByAdminRules]
	}
	return found
}

// adminRulesFlap is how long after it was told that admin rules let somebody in to a
// protected VM it is not told that they do no more: they may come and go.
const adminRulesFlap = 10 * time.Minute

// AlwaysAllowedNow is AlwaysAllowedTo; changed says that it is to be told, since they are
// others than were seen last, and not only fewer for a moment.
func (c Checker) AlwaysAllowedNow(ctx context.Context, vm jit.VM, p protection.Protection, told *Absences) (now []string, changed bool) {
	now, seen := c.AlwaysAllowedTo(ctx, vm, p), p.Above[ByAdminRules]
	if p.State != protection.Protected || len(now)+len(seen) == 0 {
		return now, false
	}
	key := "what admin rules let in to " + p.VM
	if slices.ContainsFunc(now, func(s string) bool { return !slices.Contains(seen, s) }) {
		told.Seen(key)
	}
	since := told.Missed(key)
	return now, !slices.Equal(now, seen) && (len(now) >= len(seen) || time.Since(since) >= adminRulesFlap)
}

// closedWithin is how long "closed" waits for admin rules, which are read beforehand.
const closedWithin = time.Second

// LetInAnyway says which admin rules let somebody in to the ports of a grant that has
// ended; empty when none is known to.
func (c Checker) LetInAnyway(ctx context.Context, g jit.Grant) string {
	within, cancel := context.WithTimeout(ctx, closedWithin)
	defer cancel()
	var out []string
	for _, t := range g.Request.Targets {
		if vm, known := c.listed(within, t.VM); known {
			found, _ := c.alwaysAllowed(within, vm, g.Request.Ports)
			for _, rule := range found {
				out = append(out, rule+" at "+t.Name)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	if len(out) > 1 {
		return "admin rules of Virtual Network Manager let people in, such as " + out[0]
	}
	return "an admin rule of Virtual Network Manager lets people in: " + out[0]
}

// listed is the VM as it was listed last, where that is known.
func (c Checker) listed(ctx context.Context, id string) (jit.VM, bool) {
	within, cancel := context.WithTimeout(ctx, adminRulesWithin)
	defer cancel()
	vms, err := c.VMs.List(within, resource.Subscription(id), inventory.VMsMaxAge)
	i := slices.IndexFunc(vms, func(vm jit.VM) bool { return resource.Same(vm.ID, id) })
	if err != nil || i < 0 {
		return jit.VM{}, false
	}
	return vms[i], true
}

// alwaysAllowed are those at a VM; known says that all could be read.
func (c Checker) alwaysAllowed(ctx context.Context, vm jit.VM, ports []jit.Ports) (found []string, known bool) {
	if known = c.Adapters.Topology != nil; !known {
		return nil, false
	}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			network, _, _ := strings.Cut(a.Subnet, "/subnets/")
			read, err := c.Adapters.Topology.AdminRules(ctx, network)
			if known = known && err == nil; len(read) > 0 {
				found = append(found, reach.AlwaysAllow(a, reach.Topology{AdminRules: read}, ports)...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), known
}

// sourcesAt are whom the network security groups before the address see.
func (t ResolvedTarget) sourcesAt(a netip.Addr, r jit.Request) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range t.Paths {
		switch {
		case p.Kind != guardpath.Direct && p.Kind != guardpath.BehindFirewall || !slices.Contains(p.Addresses, a):
		case p.Sources == nil:
			return r.Sources
		default:
			out = append(out, p.Sources...)
		}
	}
	return out
}

// AdminDenials are the live grants that an admin rule denies, as found last: by grant
// and then by subscription, in which they are found. The zero AdminDenials knows of
// nothing. Safe for concurrent use.
type AdminDenials struct {
	mu    sync.Mutex
	texts map[jit.ID]map[string]string
}

// Note keeps what was found of a grant, nothing being empty, and reports whether that
// is news, or is told of the grant otherwise since an earlier run.
func (d *AdminDenials) Note(g jit.Grant, subscription, text string) bool {
	id, guards := g.ID, g.Guards()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.texts == nil {
		d.texts = map[jit.ID]map[string]string{}
	}
	if d.texts[id] == nil {
		d.texts[id] = map[string]string{}
	}
	old, known := d.texts[id][subscription]
	d.texts[id][subscription] = text
	return old != text || !known && len(guards) > 0 && g.Hindered(guards[0], text)
}

// Of is what denies the grant, empty when nothing does; known says that it was
// looked for.
func (d *AdminDenials) Of(id jit.ID) (text string, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, found := range d.texts[id] {
		text = max(text, found)
	}
	return text, len(d.texts[id]) > 0
}

// Forget forgets a grant that has ended.
func (d *AdminDenials) Forget(id jit.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.texts, id)
}
