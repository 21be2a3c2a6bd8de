package preflight

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/policies"
	"jitbot/jit/resource"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// probe is a request that stands for all from its source. It is refused only
// where they all are.
type probe struct {
	port  jit.PortPolicy
	grant jit.Grant
	err   error // why there are no paths
}

// probeObstacle is what a probe met.
type probeObstacle struct {
	guard string      // empty: there is no path at all
	deny  *rules.Rule // what denies it
	err   error       // what else is in the way
}

// probePorts notes what keeps everybody from a port that the policy offers.
func (f *forecaster) probePorts(vm jit.VM, policy policies.Policy) {
	denied := map[string][]string{} // ports, by what denies them
	var order []probeObstacle
	for _, pp := range policy.Ports {
		for _, o := range f.portObstacles(vm, pp) {
			switch {
			case o.guard == "":
				f.note(vm, ObstacleVM, "", o.err)
			case o.err != nil:
				f.note(vm, ObstacleRules, o.guard, o.err)
			default:
				key := o.guard + " " + o.deny.Name
				if denied[key] == nil {
					order = append(order, o)
				}
				if port := pp.Ports.String(); !slices.Contains(denied[key], port) {
					denied[key] = append(denied[key], port)
				}
			}
		}
	}
	for _, o := range order {
		t := f.tables[o.guard]
		f.note(vm, ObstacleRules, o.guard, jit.Refuse(jit.ErrPolicy,
			"The rule %s (priority %s) in %s denies %s to everybody who may ask before any allow of ours, "+
				"so every request is refused; move it behind priority %s.",
			o.deny.Name, fmt.Sprint(o.deny.Priority), t.Name, strings.Join(denied[o.guard+" "+o.deny.Name], ", "),
			fmt.Sprint(f.owner.Bands.Allow.To)))
	}
}

// portObstacles are those of every probe of the port, and none when one of them
// gets through.
func (f *forecaster) portObstacles(vm jit.VM, pp jit.PortPolicy) []probeObstacle {
	var all []probeObstacle
	for _, t := range f.probes(vm, pp) {
		met := f.probeObstacles(t)
		if len(met) == 0 {
			return nil
		}
		all = append(all, met...)
	}
	return all
}

// probes ask from each source that the policy lists or, where it takes any
// address, from everywhere and from inside alone: a firewall treats these
// apart.
func (f *forecaster) probes(vm jit.VM, pp jit.PortPolicy) []probe {
	sources := slices.Clone(pp.Sources)
	if pp.Any {
		for _, s := range slices.Concat([]string{"0.0.0.0/0", "::/0"}, ipset.PrivatePrefixes()) {
			p := netip.MustParsePrefix(s)
			if slices.ContainsFunc(vm.Addresses(), func(a netip.Addr) bool { return a.Is4() == p.Addr().Is4() }) {
				sources = append(sources, p)
			}
		}
	}
	single := pp.Ports
	single.To = single.From // a firewall translates single ports only, which may be asked for
	out := make([]probe, 0, len(sources))
	for _, s := range sources {
		paths, err := route.Paths(f.owner.Installation, vm, []jit.Ports{single}, []netip.Prefix{s})
		g := jit.Grant{ID: "g-22222", Paths: paths, Request: jit.Request{Ports: []jit.Ports{pp.Ports}, Sources: []netip.Prefix{s}}}
		out = append(out, probe{pp, g, err})
	}
	return out
}

// probeObstacles plans the probe's rules at each guard on its paths. A group of ours in a firewall policy
// that is not there yet has nothing in the way.
func (f *forecaster) probeObstacles(t probe) []probeObstacle {
	if t.err != nil {
		return []probeObstacle{{err: t.err}}
	}
	var out []probeObstacle
	for _, guard := range t.grant.Guards() {
		table, read := f.tables[guard]
		if !read && !resource.IsFirewall(guard) {
			out = append(out, probeObstacle{guard: guard, err: jit.Refuse(jit.ErrNotFound,
				"The network security group %s is not among those that could be read; "+
					"give jitbot's identity its role there too.", resource.Name(guard))})
		}
		if !read {
			continue
		}
		plan := f.owner.MakePlan(table, rules.ForGrant(f.owner.Installation, guard, t.grant))
		for _, b := range plan.Blocked {
			out = append(out, probeObstacle{guard: guard, err: b.Err})
		}
		for _, r := range plan.Final {
			if d, idle := table.FullShadow(r); idle {
				out = append(out, probeObstacle{guard: guard, deny: &d})
			}
		}
	}
	return out
}
