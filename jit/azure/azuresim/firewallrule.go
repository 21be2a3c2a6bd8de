package azuresim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// collectionDocument is a collection of classic rules as it goes over the
// wire.
type collectionDocument struct {
	Name       string             `json:"name"`
	Properties collectionContents `json:"properties"`
}

type collectionContents struct {
	Priority int `json:"priority"`
	Action   struct {
		Type string `json:"type"`
	} `json:"action"`
	Rules []firewallRuleDocument `json:"rules"`
}

// policyCollectionDocument is a collection of a rule collection group, which
// has no "properties" around its contents.
type policyCollectionDocument struct {
	Type string `json:"ruleCollectionType"`
	Name string `json:"name"`
	collectionContents
}

// firewallRuleDocument is a rule of either kind of firewall.
type firewallRuleDocument struct {
	RuleType string `json:"ruleType"`
	Name     string `json:"name"`
	// Protocols are words in a classic rule, objects in an application rule;
	// a policy's rules have IPProtocols.
	Protocols            json.RawMessage `json:"protocols"`
	IPProtocols          []string        `json:"ipProtocols"`
	SourceAddresses      []string        `json:"sourceAddresses"`
	SourceIPGroups       []string        `json:"sourceIpGroups"`
	DestinationAddresses []string        `json:"destinationAddresses"`
	DestinationIPGroups  []string        `json:"destinationIpGroups"`
	DestinationFqdns     []string        `json:"destinationFqdns"`
	DestinationPorts     []string        `json:"destinationPorts"`
	TargetFqdns          []string        `json:"targetFqdns"`
	TranslatedAddress    string          `json:"translatedAddress"`
	TranslatedFqdn       string          `json:"translatedFqdn"`
	TranslatedPort       string          `json:"translatedPort"`
	Description          string          `json:"description"`
}

func (d firewallRuleDocument) rule() FirewallRule {
	r := FirewallRule{
		Name: d.Name, Description: d.Description, Protocols: d.IPProtocols, Sources: d.SourceAddresses, Destinations: d.DestinationAddresses,
		Ports: d.DestinationPorts, TranslatedAddress: d.TranslatedAddress, TranslatedFqdn: d.TranslatedFqdn,
		TranslatedPort: d.TranslatedPort,
	}
	if len(d.TargetFqdns) > 0 {
		r.Destinations = d.TargetFqdns
	}
	if d.Protocols == nil {
		return r
	}
	if json.Unmarshal(d.Protocols, &r.Protocols) != nil {
		var objects []struct {
			Type string `json:"protocolType"`
			Port int    `json:"port"`
		}
		r.Protocols = nil
		if json.Unmarshal(d.Protocols, &objects) == nil {
			for _, o := range objects {
				r.Protocols = append(r.Protocols, o.Type+":"+strconv.Itoa(o.Port))
			}
		}
	}
	return r
}

func (d collectionContents) collection(name, kind string) RuleCollection {
	c := RuleCollection{Name: name, Kind: kind, Priority: d.Priority, Action: d.Action.Type}
	for _, r := range d.Rules {
		c.Rules = append(c.Rules, r.rule())
	}
	return c
}

// kind works out what a policy's collection holds; empty: it is not known, or
// mixed.
func (d policyCollectionDocument) kind() string {
	kinds := map[string]string{"NatRule": NAT, "NetworkRule": Network, "ApplicationRule": Application}
	switch d.Type {
	case "FirewallPolicyNatRuleCollection":
		kinds = map[string]string{"NatRule": NAT}
		if len(d.Rules) == 0 {
			return NAT
		}
	case "FirewallPolicyFilterRuleCollection":
		delete(kinds, "NatRule")
		if len(d.Rules) == 0 {
			return Network
		}
	default:
		return ""
	}
	kind := kinds[d.Rules[0].RuleType]
	if slices.ContainsFunc(d.Rules, func(r firewallRuleDocument) bool { return kinds[r.RuleType] != kind }) {
		return ""
	}
	return kind
}

// classicBody is a collection as a classic firewall has it.
func classicBody(c RuleCollection) object {
	rules := []object{}
	for _, r := range c.Rules {
		body := ruleSides(r, c.Kind)
		if c.Kind == Application {
			body["protocols"] = applicationProtocols(r.Protocols)
		} else {
			body["protocols"] = list(r.Protocols)
		}
		rules = append(rules, body)
	}
	return object{"name": c.Name, "properties": object{"priority": c.Priority, "action": object{"type": c.Action}, "rules": rules}}
}

// policyCollectionBody is a collection as a rule collection group has it.
func policyCollectionBody(c RuleCollection) object {
	rules := []object{}
	for _, r := range c.Rules {
		body := ruleSides(r, c.Kind)
		switch c.Kind {
		case Application:
			body["ruleType"], body["protocols"] = "ApplicationRule", applicationProtocols(r.Protocols)
		case NAT:
			body["ruleType"], body["ipProtocols"] = "NatRule", list(r.Protocols)
		default:
			body["ruleType"], body["ipProtocols"] = "NetworkRule", list(r.Protocols)
		}
		rules = append(rules, body)
	}
	body := object{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": c.Name, "priority": c.Priority, "rules": rules}
	action := c.Action
	if c.Kind == NAT {
		body["ruleCollectionType"], action = "FirewallPolicyNatRuleCollection", strings.ToUpper(c.Action)
	}
	body["action"] = object{"type": action}
	return body
}

func ruleSides(r FirewallRule, kind string) object {
	body := object{"name": r.Name, "sourceAddresses": list(r.Sources), "sourceIpGroups": []string{}}
	if r.Description != "" {
		body["description"] = r.Description
	}
	if kind == Application {
		body["targetFqdns"], body["fqdnTags"] = list(r.Destinations), []string{}
		return body
	}
	body["destinationAddresses"], body["destinationPorts"] = list(r.Destinations), list(r.Ports)
	if kind == NAT {
		body["translatedPort"] = r.TranslatedPort
		if r.TranslatedFqdn != "" {
			body["translatedFqdn"] = r.TranslatedFqdn
		}
		if r.TranslatedAddress != "" {
			body["translatedAddress"] = r.TranslatedAddress
		}
	} else {
		body["destinationIpGroups"], body["destinationFqdns"] = []string{}, []string{}
	}
	return body
}

func applicationProtocols(words []string) []object {
	all := []object{}
	for _, word := range words {
		kind, text, _ := strings.Cut(word, ":")
		port, err := strconv.Atoi(text)
		if err != nil {
			port = 443
		}
		all = append(all, object{"protocolType": kind, "port": port})
	}
	return all
}
