package azure

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/guardpath"
	"jitbot/jit/ipset"
	"jitbot/jit/rules"
)

// firewall is an Azure Firewall's document, as far as it is understood.
// https://learn.microsoft.com/rest/api/firewall/azure-firewalls/get
type firewall struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		State      provisioningState   `json:"provisioningState"`
		Policy     resourceRef         `json:"firewallPolicy"`
		Addresses  []firewallAddress   `json:"ipConfigurations"`
		NAT        []classicCollection `json:"natRuleCollections"`
		Network    []classicCollection `json:"networkRuleCollections"`
		Additional map[string]string   `json:"additionalProperties"`
	} `json:"properties"`
}

type resourceRef struct {
	ID string `json:"id"`
}

type firewallAddress struct {
	Properties struct {
		Private string      `json:"privateIPAddress"`
		Subnet  resourceRef `json:"subnet"`
		Public  resourceRef `json:"publicIPAddress"`
	} `json:"properties"`
}

type classicCollection struct {
	Name       string         `json:"name"`
	Properties collectionBody `json:"properties"`
}

// collections are the classic rules, DNAT first, each kind in the order in
// which it is asked.
func (f firewall) collections() []collection {
	var nat, network []collection
	for _, c := range f.Properties.NAT {
		nat = append(nat, collection{c.Name, true, c.Properties})
	}
	for _, c := range f.Properties.Network {
		network = append(network, collection{c.Name, false, c.Properties})
	}
	return slices.Concat(sortCollections(nat), sortCollections(network))
}

// table is what a firewall with classic rules holds.
func (f firewall) table() rules.Table {
	state := f.Properties.State
	t := rules.Table{Guard: f.ID, Name: f.Name, Settled: state.settled(), Failed: state.failed()}
	for _, c := range f.collections() {
		t.Collections = append(t.Collections, c.asCollection())
		t.Rules = append(t.Rules, c.rules("", c.Priority, state)...)
	}
	return t
}

// location is the subnet of the firewall, its virtual network and its addresses
// there: one of each family.
func (f firewall) location() (subnet, network string, private []netip.Addr) {
	for _, a := range f.Properties.Addresses {
		if id := strings.ToLower(a.Properties.Subnet.ID); subnet == "" && id != "" {
			subnet = id
			network, _, _ = strings.Cut(id, "/subnets/")
		}
		if addr, err := netip.ParseAddr(a.Properties.Private); err == nil {
			private = append(private, addr)
		}
	}
	return subnet, network, private
}

// firewallPolicy is a policy's document without its groups.
// https://learn.microsoft.com/rest/api/firewall/firewall-policies/get
type firewallPolicy struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		State provisioningState `json:"provisioningState"`
		Base  resourceRef       `json:"basePolicy"`
		SNAT  struct {
			Ranges []string `json:"privateRanges"`
			Learn  string   `json:"autoLearnPrivateRanges"`
		} `json:"snat"`
	} `json:"properties"`
}

// ruleGroup is a rule collection group.
// https://learn.microsoft.com/rest/api/firewall/firewall-policy-rule-collection-groups/get
type ruleGroup struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		State       provisioningState  `json:"provisioningState"`
		Priority    int                `json:"priority"`
		Collections []policyCollection `json:"ruleCollections"`
	} `json:"properties"`
}

type policyCollection struct {
	Type string `json:"ruleCollectionType"`
	Name string `json:"name"`
	collectionBody
}

const natCollection = "FirewallPolicyNatRuleCollection"

// collections are those of network and DNAT rules, in the order in which they
// are asked.
func (g ruleGroup) collections() []collection {
	var out []collection
	for _, c := range g.Properties.Collections {
		application := slices.ContainsFunc(c.Rules, func(r firewallRule) bool { return r.RuleType == "ApplicationRule" })
		if !application {
			out = append(out, collection{c.Name, c.Type == natCollection, c.collectionBody})
		}
	}
	return sortCollections(out)
}

// policyChain is a policy with those that it inherits from, itself first, and
// the groups of each in the order in which they are asked.
type policyChain []chainLink

type chainLink struct {
	policy firewallPolicy
	groups []ruleGroup
}

// isOurs reports whether the group has the name of one of an installation.
func (g ruleGroup) isOurs() bool {
	return strings.HasPrefix(strings.ToLower(g.Name), guardpath.GroupName(""))
}

// table is what the policy holds beside the group of ours, and in it; for no
// guard, with the rules of ours in every group under their own names. What the
// policy inherits is asked before all of its own.
// https://learn.microsoft.com/azure/firewall/policy-rule-sets
func (p policyChain) table(guard string) rules.Table {
	t := rules.Table{Guard: guard, Name: p[0].policy.Name, Settled: !p[0].policy.Properties.State.busy()}
	for i, link := range slices.Backward(p) {
		for _, g := range link.groups {
			path, priority := p.shownAs(i, g, guard)
			if i == 0 {
				t.Collections = append(t.Collections, rules.Collection{Name: g.Name, Priority: priority})
			}
			if strings.EqualFold(g.ID, guard) {
				t.Settled = t.Settled && g.Properties.State.settled()
				t.Failed = g.Properties.State.failed()
			}
			for _, c := range g.collections() {
				t.Rules = append(t.Rules, c.rules(path, priority, g.Properties.State)...)
			}
		}
	}
	return t
}

// shownAs is what stands before the names of a group's rules in the table, and
// their priority.
func (p policyChain) shownAs(i int, g ruleGroup, guard string) (path string, priority int) {
	switch {
	case strings.EqualFold(g.ID, guard), guard == "" && g.isOurs():
		return "", g.Properties.Priority
	case i == 0:
		return g.Name + "/", g.Properties.Priority
	default:
		return p[i].policy.Name + "/" + g.Name + "/", 0
	}
}

// privateRanges are the destinations whose clients a firewall of the policy does not
// hide; nil means Azure's own choice.
func (p policyChain) privateRanges() []string {
	for _, link := range p {
		if link.policy.Properties.SNAT.Ranges != nil {
			return link.policy.Properties.SNAT.Ranges
		}
	}
	return nil
}

// learnsRanges reports whether a firewall of the policy finds more of them by itself.
func (p policyChain) learnsRanges() bool {
	return slices.ContainsFunc(p, func(link chainLink) bool {
		word := link.policy.Properties.SNAT.Learn
		return word != "" && !strings.EqualFold(word, string(armnetwork.AutoLearnPrivateRangesModeDisabled))
	})
}

// privateRangesKey is the additional property of a classic firewall with the
// destinations whose clients it does not hide.
// https://learn.microsoft.com/azure/firewall/snat-private-range
const privateRangesKey = "Network.SNAT.PrivateRanges"

// translatesSource reports whether what comes to the address by a network rule has the
// firewall's own address as its source. IPv6 unique local addresses are never hidden.
func translatesSource(ranges []string, to netip.Addr) bool {
	if to.Is6() && to.IsPrivate() {
		return false
	}
	if ranges == nil {
		ranges = []string{"IANAPrivateRanges"}
	}
	return !slices.ContainsFunc(ranges, func(word string) bool {
		if strings.EqualFold(word, "IANAPrivateRanges") {
			return ipset.PrivateIPv4(to)
		}
		for _, p := range append(prefixes(word), hostPrefix(word)...) {
			if p.Contains(to) {
				return true
			}
		}
		return false
	})
}

// hostPrefix reads an address without a length.
func hostPrefix(word string) []netip.Prefix {
	a, err := netip.ParseAddr(word)
	if err != nil {
		return nil
	}
	return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}
}

// privateRanges are the destinations whose clients the firewall does not hide; nil
// means Azure's own choice. The chain is empty for a firewall without a policy.
func (f firewall) privateRanges(chain policyChain) []string {
	if len(chain) > 0 {
		return chain.privateRanges()
	}
	text := f.Properties.Additional[privateRangesKey]
	if text == "" {
		return nil
	}
	var out []string
	for word := range strings.SplitSeq(text, ",") {
		out = append(out, strings.TrimSpace(word))
	}
	return out
}

// sortGroups sorts groups as a policy asks them.
func sortGroups(groups []ruleGroup) {
	slices.SortStableFunc(groups, func(a, b ruleGroup) int { return cmp.Compare(a.Properties.Priority, b.Properties.Priority) })
}
