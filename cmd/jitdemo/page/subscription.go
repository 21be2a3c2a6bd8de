package page

import (
	"context"
	"path"
	"slices"
	"strings"

	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// world is what the page shows of Azure, of the grants and of the knobs.
type world struct {
	Guards    []guard    `json:"guards"`
	Firewalls []firewall `json:"firewalls"`
	Sources   []Source   `json:"sources"`
	Ports     []int      `json:"ports"`
	Reach     []reach    `json:"reach"`
	Grants    []grant    `json:"grants"`
	Drift     *apply     `json:"drift,omitempty"` // nil until somebody applied terraform
	Knobs     knobs      `json:"knobs"`
}

// guard is a network security group's inbound table.
type guard struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Group    string `json:"group"` // resource group
	Busy     bool   `json:"busy"`
	Outbound int    `json:"outbound"` // how many rules are not shown
	Rules    []rule `json:"rules"`
}

type rule struct {
	Name        string `json:"name"`
	Priority    int    `json:"priority"`
	Access      string `json:"access"`
	Protocol    string `json:"protocol"`
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Ports       string `json:"ports"`
	Description string `json:"description"`
	Ours        bool   `json:"ours,omitempty"`
	Grant       string `json:"grant,omitempty"` // of ours: whose; empty: it is a deny
	Default     bool   `json:"default,omitempty"`
}

type knobs struct {
	SlackDown bool   `json:"slack_down"`
	Throttled bool   `json:"throttled"`
	Running   bool   `json:"running"`
	Sockets   int    `json:"sockets"`
	Fault     string `json:"fault,omitempty"` // the store could not be read
}

func (h *handler) subscription(ctx context.Context) world {
	w := world{Guards: []guard{}, Firewalls: []firewall{}, Sources: h.opt.Sources, Ports: h.opt.Ports, Reach: []reach{}, Grants: []grant{}}
	s, err := h.stored(ctx)
	for _, id := range h.guards() {
		w.Guards = append(w.Guards, h.guard(id))
	}
	vms := h.opt.Azure.VMs()
	byID := map[string]azuresim.VM{}
	for _, vm := range vms {
		byID[strings.ToLower(vm.ID)] = vm
	}
	hosts := h.hosts(vms)
	for _, id := range h.firewalls() {
		w.Firewalls = append(w.Firewalls, h.firewall(id, hosts))
	}
	for _, id := range h.machines() {
		w.Reach = append(w.Reach, h.reach(byID[strings.ToLower(id)], s))
	}
	w.Knobs = h.knobs()
	if err != nil {
		w.Knobs.Fault = err.Error()
	}
	w.Grants = append(w.Grants, countdowns(s.grants)...)
	w.Drift = h.drift(s)
	return w
}

// guards are the ids of the groups shown.
func (h *handler) guards() []string {
	if h.opt.Guards != nil {
		return h.opt.Guards
	}
	return h.opt.Azure.NSGs()
}

// machines are the ids of the machines shown.
func (h *handler) machines() []string {
	if h.opt.VMs != nil {
		return h.opt.VMs
	}
	var out []string
	for _, vm := range h.opt.Azure.VMs() {
		out = append(out, vm.ID)
	}
	return out
}

func (h *handler) guard(id string) guard {
	g := guard{ID: id, Name: path.Base(id), Group: groupOf(id), Busy: h.opt.Azure.Busy(id), Rules: []rule{}}
	for _, r := range h.opt.Azure.Rules(id) {
		if r.Direction != "Inbound" {
			g.Outbound++
			continue
		}
		name, ours := h.own(r.Name)
		g.Rules = append(g.Rules, rule{
			Name: r.Name, Priority: r.Priority, Access: r.Access, Protocol: r.Protocol, Description: r.Description,
			Source:      either(r.SourceAddressPrefix, r.SourceAddressPrefixes, r.SourceASGs),
			Destination: either(r.DestinationAddressPrefix, r.DestinationAddressPrefixes, r.DestinationASGs),
			Ports:       either(r.DestinationPortRange, r.DestinationPortRanges, nil),
			Ours:        ours, Grant: string(name.Grant),
		})
	}
	slices.SortFunc(g.Rules, func(a, b rule) int { return a.Priority - b.Priority })
	// Every group has these three at its end; the simulator, like Azure, keeps
	// them apart from the written ones.
	g.Rules = append(
		g.Rules,
		builtIn(65000, "AllowVnetInBound", "Allow", "VirtualNetwork", "VirtualNetwork"),
		builtIn(65001, "AllowAzureLoadBalancerInBound", "Allow", "AzureLoadBalancer", "*"),
		builtIn(65500, "DenyAllInBound", "Deny", "*", "*"),
	)
	return g
}

// own takes the name of a rule of the bot's apart; other people's are none.
func (h *handler) own(rule string) (rules.RuleName, bool) {
	n, ours := rules.ParseRuleName(strings.ToLower(rule))
	if !ours || n.Installation != h.opt.Installation {
		return rules.RuleName{}, false
	}
	return n, true
}

func (h *handler) owns(rule string) bool {
	_, ours := h.own(rule)
	return ours
}

func builtIn(priority int, name, access, source, destination string) rule {
	return rule{
		Name: name, Priority: priority, Access: access, Protocol: "*",
		Source: source, Destination: destination, Ports: "*", Default: true,
	}
}

// either is the one form of a field that was written.
func either(one string, many, groups []string) string {
	out := slices.Clone(many)
	if one != "" {
		out = append(out, one)
	}
	for _, id := range groups {
		out = append(out, path.Base(id))
	}
	return strings.Join(out, ", ")
}

func (h *handler) knobs() knobs {
	h.mu.Lock()
	k := knobs{SlackDown: h.down, Throttled: h.fault != nil}
	h.mu.Unlock()
	k.Running, k.Sockets = h.opt.Running(), h.opt.Slack.Snapshot().Sockets
	return k
}

// groupOf is the resource group in a resource id.
func groupOf(id string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		if strings.EqualFold(p, "resourceGroups") && i+1 < len(parts) {
			return parts[i+1]
		}
	}
	return ""
}
