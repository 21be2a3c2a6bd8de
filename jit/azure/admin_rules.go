package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

const (
	adminRulesAge    = time.Minute // how old admin rules, or that they cannot be read, may be
	adminRulesAtOnce = 8           // networks asked about side by side
	adminPages       = 100         // of one network, which has far fewer
)

// adminRuleCache is what was last read of each virtual network, by its id.
type adminRuleCache struct {
	mu   sync.Mutex
	read map[string]cachedAdminRules
}

type cachedAdminRules struct {
	rules []reach.AdminRule
	err   error
	at    time.Time
}

func (a *adminRuleCache) get(network string) (cachedAdminRules, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.read[network]
	return found, ok && time.Since(found.at) < adminRulesAge
}

func (a *adminRuleCache) keep(network string, rules []reach.AdminRule, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read == nil {
		a.read = map[string]cachedAdminRules{}
	}
	a.read[network] = cachedAdminRules{rules, err, time.Now()}
}

// AdminRules are the security admin rules that Virtual Network Manager puts on a
// virtual network, as they were at most a minute ago; so is an error believed.
// ErrForbidden without the action that jitbot role prints for it, ErrInvalid when the
// network is none, and an error when Azure answers with a rule that is not
// understood.
// https://learn.microsoft.com/rest/api/networkmanager/list-network-manager-effective-security-admin-rules
func (c *Client) AdminRules(ctx context.Context, network string) ([]reach.AdminRule, error) {
	key := strings.ToLower(network)
	if found, ok := c.adminRules.get(key); ok {
		return found.rules, found.err
	}
	read, err := c.readAdminRules(ctx, network)
	if ctx.Err() == nil { // who asked gave up, and nothing is known
		c.adminRules.keep(key, read, err)
	}
	return read, err
}

func (c *Client) readAdminRules(ctx context.Context, network string) ([]reach.AdminRule, error) {
	path, err := resourcePath(network)
	if err != nil {
		return nil, fmt.Errorf("reading the admin rules of %s: %w", network, err)
	}
	address := c.manager.address(path + "/listNetworkManagerEffectiveSecurityAdminRules")
	var out []reach.AdminRule
	token := ""
	for range adminPages {
		var page adminRulePage
		if err := c.manager.post(ctx, address, adminRuleQuery{token}, &page); err != nil {
			return nil, fmt.Errorf("reading the admin rules of %s: %w", network, err)
		}
		if page.Value == nil {
			return nil, fmt.Errorf("reading the admin rules of %s: %w", network, errNoList)
		}
		for _, r := range page.Value {
			rule, err := r.convert()
			if err != nil {
				return nil, fmt.Errorf("reading the admin rules of %s: %w", network, err)
			}
			out = append(out, rule)
		}
		if token = page.SkipToken; token == "" { // a page may be empty, and not the last
			return out, nil
		}
	}
	return nil, fmt.Errorf("reading the admin rules of %s: they never end", network)
}

// adminRuleQuery asks for the next page.
type adminRuleQuery struct {
	SkipToken string `json:"skipToken"`
}

// adminRulePage is an answer, as far as it is read: rules of the kinds Custom and
// Default alike.
type adminRulePage struct {
	Value     []adminRule `json:"value"`
	SkipToken string      `json:"skipToken"`
}

type adminRule struct {
	ID         string `json:"id"`
	Properties struct {
		Access           string          `json:"access"`
		Direction        string          `json:"direction"`
		Protocol         string          `json:"protocol"`
		Priority         int             `json:"priority"`
		Sources          []addressPrefix `json:"sources"`
		Destinations     []addressPrefix `json:"destinations"`
		SourcePorts      []string        `json:"sourcePortRanges"`
		DestinationPorts []string        `json:"destinationPortRanges"`
	} `json:"properties"`
}

type addressPrefix struct {
	Prefix string `json:"addressPrefix"`
}

// convert reads a rule. One whose decision is not understood is an error: what it
// decides is not known.
func (r adminRule) convert() (reach.AdminRule, error) {
	p := &r.Properties
	known := armnetwork.PossibleSecurityConfigurationRuleAccessValues()
	if !slices.ContainsFunc(known, func(a armnetwork.SecurityConfigurationRuleAccess) bool { return strings.EqualFold(p.Access, string(a)) }) {
		return reach.AdminRule{}, fmt.Errorf("%w: the access %q of the rule %s", jit.ErrInvalid, p.Access, resource.Name(r.ID))
	}
	protocol := jit.Protocol(strings.ToLower(p.Protocol))
	if protocol == "any" || protocol == "" {
		protocol = jit.AnyProtocol
	}
	always := strings.EqualFold(p.Access, string(armnetwork.SecurityConfigurationRuleAccessAlwaysAllow))
	manager, _, _ := strings.Cut(strings.ToLower(r.ID), "/securityadminconfigurations/")
	return reach.AdminRule{Manager: manager, Final: always, Rule: rules.Rule{
		Name: resource.Name(r.ID), Priority: p.Priority, Protocol: protocol,
		Inbound: !strings.EqualFold(p.Direction, string(armnetwork.SecurityConfigurationRuleDirectionOutbound)),
		Allow:   !strings.EqualFold(p.Access, string(armnetwork.SecurityConfigurationRuleAccessDeny)),
		Sources: prefixesOrAny(p.Sources), Destinations: prefixesOrAny(p.Destinations),
		SourcePorts: wordsOrAny(p.SourcePorts), Ports: wordsOrAny(p.DestinationPorts),
	}}, nil
}

func prefixesOrAny(list []addressPrefix) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p.Prefix)
	}
	return wordsOrAny(out)
}

// wordsOrAny is the list, or everything where Azure leaves it out.
func wordsOrAny(list []string) []string {
	if len(list) == 0 {
		return []string{"*"}
	}
	return list
}

// addAdminRules adds the admin rules of the VMs' networks. Each network is asked
// once, several side by side; a network that does not answer is not known.
func (c *Client) addAdminRules(ctx context.Context, vms []jit.VM, around map[string]reach.Topology) {
	var networks []string
	for _, vm := range vms {
		networks = append(networks, networksOf(vm)...)
	}
	slices.Sort(networks)
	var wg sync.WaitGroup
	slots := make(chan struct{}, adminRulesAtOnce)
	for _, network := range slices.Compact(networks) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			_, _ = c.AdminRules(ctx, network) // it is kept
		})
	}
	wg.Wait()
	for _, vm := range vms {
		t := around[strings.ToLower(vm.ID)]
		for _, network := range networksOf(vm) {
			read, err := c.AdminRules(ctx, network)
			if err != nil {
				t.AdminRulesUnread = err
			}
			t.AdminRules = append(t.AdminRules, read...)
		}
		around[strings.ToLower(vm.ID)] = t
	}
}

// networksOf are the virtual networks of the VM, each once, in lower case.
func networksOf(vm jit.VM) []string {
	var out []string
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if network, _, in := strings.Cut(strings.ToLower(a.Subnet), "/subnets/"); in {
				out = append(out, network)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
