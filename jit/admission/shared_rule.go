package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// coAdmitted says whom else a grant lets in: behind a DNAT rule, or a network
// rule of a firewall that hides its clients, the NSG sees the firewall alone, so it
// cannot tell the holder from others whom rules of the firewall let to the same
// port. Others whom the VM's own policy would not let
// ask are too many, and the grant is refused.
func (c Checker) coAdmitted(ctx context.Context, s ResolvedTarget, tables map[string]rules.Table, r jit.Request) ([]string, error) {
	if !slices.ContainsFunc(s.Paths, func(p guardpath.Path) bool { return p.Kind == guardpath.BehindFirewall }) {
		return nil, nil
	}
	policy, _, err := c.Policy(ctx, s.VM)
	if err != nil {
		return nil, err
	}
	owner := c.Owner
	var notes []string
	for _, p := range s.Paths {
		t := tables[strings.ToLower(p.Guard)]
		for _, rule := range t.Rules {
			along := rule.TranslatesTo(p.Addresses, r.Ports) || rule.AllowsTo(p.Addresses, r.Ports) && c.hidesClients(s.VM, p)
			if _, ours := owner.Ours(rule); ours || !resource.IsFirewall(p.Guard) || !along {
				continue
			}
			if !policy.AcceptsAll(rule.Sources, r.Ports) {
				return nil, jit.Refuse(jit.ErrPolicy, "The rule %s of the %s %s leads %s to the same port of %s, "+
					"whose security group could not tell them from you; narrow that rule first.",
					rule.Name, resource.KindOf(t.Guard).Noun(), t.Name, strings.Join(rule.Sources, ", "), ledTo(rule, s.VM))
			}
			notes = append(notes, fmt.Sprintf("Also lets in %s to %s while open (rule %s of the %s %s).",
				strings.Join(rule.Sources, ", "), ledTo(rule, s.VM), rule.Name, resource.KindOf(t.Guard).Noun(), t.Name))
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes), nil
}

// ledTo is the VM to which a rule of a firewall leads, or may lead.
func ledTo(r rules.Rule, vm jit.VM) string {
	if r.Host != "" {
		return "the host name " + r.Host + ", which may be " + vm.Name
	}
	return vm.Name
}

// LetInAlong names whom a grant lets in along with its holder, by the firewalls as they
// are, as Foresee warns of it.
func (c Checker) LetInAlong(ctx context.Context, sites []ResolvedTarget, r jit.Request) ([]string, error) {
	return c.sharedRule(ctx, sites, map[string]rules.Table{}, r)
}

// sharedRule is coAdmitted at the sites, by the firewalls as they are. What is read of them is
// kept in tables.
func (c Checker) sharedRule(ctx context.Context, sites []ResolvedTarget, tables map[string]rules.Table, r jit.Request) ([]string, error) {
	var all []string
	for _, s := range sites {
		for _, p := range s.Paths {
			guard := strings.ToLower(p.Guard)
			if _, read := tables[guard]; read || !resource.IsFirewall(guard) {
				continue
			}
			t, err := c.Adapters.Network.Table(ctx, guard)
			if err != nil && !errors.Is(err, jit.ErrNotFound) {
				return nil, fmt.Errorf("reading the rules of %s: %w", guard, err)
			}
			tables[guard] = t
		}
		along, err := c.coAdmitted(ctx, s, tables, r)
		if err != nil {
			return nil, err
		}
		all = append(all, along...)
	}
	return all, nil
}

// hidesClients reports whether the VM sees the firewall of the path in the place of
// those whom its network rules let through.
func (c Checker) hidesClients(vm jit.VM, p guardpath.Path) bool {
	return slices.ContainsFunc(vm.Interfaces, func(nic jit.Interface) bool {
		return slices.ContainsFunc(nic.Addresses, func(a jit.Address) bool {
			return slices.Contains(p.Addresses, a.Addr) && slices.ContainsFunc(a.FirewallHops, func(g guardpath.FirewallHop) bool {
				return (g.HidesSource || g.MayHide) && resource.Same(g.Guard(c.Config.Installation), p.Guard)
			})
		})
	})
}
