package page

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// firewall is an Azure Firewall with what it asks of packets from outside.
type firewall struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Group  string         `json:"group"`            // resource group
	Policy string         `json:"policy,omitempty"` // name of its policy; empty: its rules are classic ones
	Busy   bool           `json:"busy"`
	Others int            `json:"others"` // how many application rules are not shown
	Rules  []firewallRule `json:"rules"`  // in the order in which they are asked
}

// firewallRule is a rule in its collection, whose priority and action it has.
// Destination and Ports of a DNAT rule are its public side.
type firewallRule struct {
	rule
	Kind          string `json:"kind"` // "nat" or "network"
	Collection    string `json:"collection"`
	Policy        string `json:"policy,omitempty"` // name of the policy that it is in
	Inherited     bool   `json:"inherited,omitempty"`
	RuleGroup     string `json:"rule_group,omitempty"`
	GroupPriority int    `json:"group_priority,omitempty"`
	PublicEnd     string `json:"public_end,omitempty"` // of a DNAT rule: public address and port
	Leads         string `json:"leads,omitempty"`      // and where it leads: "app-1:22"
	State         string `json:"state,omitempty"`      // coming, going; empty: it is in force
	generation    int
}

// What a rule is while its firewall is being changed.
const (
	coming = "coming" // written, and not in force yet
	going  = "going"  // written no more, and still in force
)

// firewalls are the ids of those shown.
func (h *handler) firewalls() []string {
	if h.opt.Firewalls != nil {
		return h.opt.Firewalls
	}
	return h.opt.Azure.Firewalls()
}

// firewall shows one. hosts are names of machines by their private address.
func (h *handler) firewall(id string, hosts map[string]string) firewall {
	written, _ := h.opt.Azure.Firewall(id)
	f := firewall{ID: id, Name: path.Base(id), Group: groupOf(id), Busy: h.opt.Azure.FirewallBusy(id), Rules: []firewallRule{}}
	if written.Policy != "" {
		f.Policy = path.Base(written.Policy)
	}
	is, others := h.asked(id, false, hosts)
	does, _ := h.asked(id, true, hosts)
	f.Others = others
	f.Rules = append(f.Rules, is...)
	for i, r := range f.Rules {
		if !slices.Contains(does, r) {
			f.Rules[i].State = coming
		}
	}
	for _, r := range does {
		if !slices.Contains(is, r) {
			r.State = going
			f.Rules = append(f.Rules, r)
		}
	}
	slices.SortStableFunc(f.Rules, firewallRule.compare)
	return f
}

// compare sorts what is going in among the rest, in the order of asking.
func (r firewallRule) compare(o firewallRule) int {
	if r.Kind != o.Kind {
		return cmp.Compare(r.Kind, o.Kind) // nat, network
	}
	return cmp.Or(o.generation-r.generation, r.GroupPriority-o.GroupPriority, r.Priority-o.Priority)
}

// asked are the rules of a firewall as they are written, or as they are in
// force, and how many others there are.
func (h *handler) asked(id string, now bool, hosts map[string]string) (rules []firewallRule, others int) {
	for _, c := range h.opt.Azure.Asked(id, now) {
		if c.Kind == azuresim.Application {
			others += len(c.Rules)
			continue
		}
		for _, r := range c.Rules {
			rules = append(rules, h.firewallRule(c, r, hosts))
		}
	}
	return rules, others
}

func (h *handler) firewallRule(c azuresim.Asked, r azuresim.FirewallRule, hosts map[string]string) firewallRule {
	out := firewallRule{
		rule: rule{
			Name: r.Name, Priority: c.Priority, Access: c.Action, Protocol: strings.Join(r.Protocols, ", "), Description: r.Description,
			Source: strings.Join(r.Sources, ", "), Destination: strings.Join(r.Destinations, ", "), Ports: strings.Join(r.Ports, ", "),
		},
		Kind: c.Kind, Collection: c.Name, RuleGroup: c.Group, GroupPriority: c.GroupPriority,
		Inherited: c.Generation > 0, generation: c.Generation,
	}
	if c.Policy != "" {
		out.Policy = path.Base(c.Policy)
	}
	if c.Kind == azuresim.NAT {
		out.PublicEnd = out.Destination + ":" + out.Ports
		out.Leads = cmp.Or(hosts[r.TranslatedAddress], r.TranslatedAddress) + ":" + r.TranslatedPort
	}
	// Only in a collection of its own has a rule the bot's name by right.
	if name, ours := h.own(r.Name); ours && strings.EqualFold(c.Name, rules.CollectionName(h.opt.Installation, c.Kind == azuresim.NAT)) {
		out.Ours, out.Grant = true, string(name.Grant)
	}
	return out
}

// hosts are the names of the machines by their private addresses.
func (h *handler) hosts(vms []azuresim.VM) map[string]string {
	out := map[string]string{}
	for _, vm := range vms {
		for _, id := range vm.NICs {
			nic, _ := h.opt.Azure.NIC(id)
			for _, ip := range nic.IPs {
				out[ip.Address] = path.Base(vm.ID)
			}
		}
	}
	return out
}
