package azuresim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// AdminRule is a security admin rule that Virtual Network Manager puts on a
// network: Deny and AlwaysAllow decide before any network security group, Allow
// leaves it to them.
// https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins
type AdminRule struct {
	Name                  string
	Access                string // Allow, AlwaysAllow or Deny
	Priority              int    // 1 to 4096
	Direction             string // empty: Inbound
	Protocol              string // empty: Any
	Sources, Destinations []string
	SourcePorts, Ports    []string
	Default               bool // of the kind Default, which has a flag
	Lower                 bool // of a second network manager, of a narrower scope, which comes after all of the first's
}

// SetAdminRules puts the security admin rules on a virtual network, in place of
// those that were there.
func (s *Sim) SetAdminRules(vnet string, rules ...AdminRule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adminRules[key(vnet)] = slices.Clone(rules)
}

// adminRulesPage is how many are answered at once.
const adminRulesPage = 100

// listAdminRules answers the effective ones of a network, a page at a time: the
// token is in the bodies.
func (s *Sim) listAdminRules(c *call) reply {
	vnet, there := s.vnets[key(c.path.id[:strings.LastIndexByte(c.path.id, '/')])]
	if !there {
		return missingResource(c.path, "Microsoft.Network/virtualNetworks").reply()
	}
	var query struct {
		SkipToken string `json:"skipToken"`
	}
	if len(c.body) > 0 {
		if err := json.Unmarshal(c.body, &query); err != nil {
			return fromGateway(http.StatusBadRequest, "InvalidRequestContent",
				"The request content was invalid and could not be deserialized: '%s'.", err).reply()
		}
	}
	all := s.adminRules[key(vnet.ID)]
	from, _ := strconv.Atoi(query.SkipToken)
	from = min(max(from, 0), len(all))
	to, token := min(from+adminRulesPage, len(all)), ""
	if to < len(all) {
		token = fmt.Sprint(to)
	}
	bodies := []object{}
	for _, r := range all[from:to] {
		bodies = append(bodies, r.body())
	}
	return ok(object{"value": bodies, "skipToken": token})
}

func (r AdminRule) body() object {
	properties := object{
		"access": r.Access, "priority": r.Priority, "direction": orElse(r.Direction, "Inbound"), "protocol": orElse(r.Protocol, "Any"),
		"sources": prefixItems(r.Sources), "destinations": prefixItems(r.Destinations),
		"sourcePortRanges": orAll(r.SourcePorts), "destinationPortRanges": orAll(r.Ports), "provisioningState": "Succeeded",
	}
	kind := "Custom"
	if r.Default {
		kind, properties["flag"] = "Default", r.Name
	}
	configuration := "/subscriptions/" + DemoSubscription + "/resourceGroups/hub/providers/Microsoft.Network/networkManagers/manager" +
		map[bool]string{true: "-team"}[r.Lower] + "/securityAdminConfigurations/baseline"
	return object{
		"id": configuration + "/ruleCollections/all/rules/" + r.Name, "kind": kind, "properties": properties,
		"configurationDescription": "what holds everywhere", "ruleCollectionAppliesToGroups": []object{},
	}
}

func prefixItems(words []string) []object {
	out := []object{}
	for _, w := range words {
		kind := "IPPrefix"
		if strings.Trim(w, "0123456789abcdefABCDEF.:/*-") != "" {
			kind = "ServiceTag"
		}
		out = append(out, object{"addressPrefix": w, "addressPrefixType": kind})
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func orAll(ports []string) []string {
	if len(ports) == 0 {
		return []string{"0-65535"}
	}
	return ports
}

// decideByAdmin is the first admin rule of the network that means the packet and
// decides it; a rule that allows leaves it to the groups.
func (s *Sim) decideByAdmin(vnet string, p packet) (allowed, decided bool, name string) {
	rules := slices.Clone(s.adminRules[key(vnet)])
	slices.SortStableFunc(rules, func(a, b AdminRule) int {
		if a.Lower != b.Lower {
			return map[bool]int{true: 1, false: -1}[a.Lower]
		}
		return a.Priority - b.Priority
	})
	for _, r := range rules {
		protocol := orElse(r.Protocol, "*")
		if strings.EqualFold(protocol, "Any") {
			protocol = "*"
		}
		as := Rule{
			Protocol: protocol, SourcePortRange: "*", DestinationPortRanges: orAll(r.Ports),
			SourceAddressPrefixes: orAny(r.Sources), DestinationAddressPrefixes: orAny(r.Destinations),
		}
		if orElse(r.Direction, "Inbound") != "Inbound" || !p.matches(as) {
			continue
		}
		return r.Access == "AlwaysAllow", r.Access != "Allow", r.Name
	}
	return false, false, ""
}

func orAny(words []string) []string {
	if len(words) == 0 {
		return []string{"*"}
	}
	return words
}
