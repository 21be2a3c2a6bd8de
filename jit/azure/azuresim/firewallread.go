package azuresim

import (
	"cmp"
	"net/netip"
	"strings"
)

// readFirewall checks a firewall's body and gives the document to be kept.
func (s *Sim) readFirewall(id string, body []byte) (root, properties fields, m firewallMeaning, refused *problem) {
	var doc firewallDocument
	if refused = decode(body, &doc); refused != nil {
		return root, properties, m, refused
	}
	if root, properties, refused = readDocument(body); refused != nil {
		return root, properties, m, refused
	}
	if refused = s.settleAddresses(id, &doc); refused != nil {
		return root, properties, m, refused
	}
	m = doc.meaning()
	check := firewallCheck{code: "AzureFirewallInvalidRequest", public: s.publicAddresses(&m), private: []string{m.private}}
	if len(m.configs) == 0 { // deallocated: its addresses are not known
		check.public = nil
	}
	if m.policy != "" && len(m.collections) > 0 {
		refused = invalid(
			"AzureFirewallPolicyAndRuleCollectionsConflict", "Azure Firewall %s cannot have both a firewall policy and rule "+
				"collections.", nameOf(id),
		)
		return root, properties, m, refused
	}
	if m.policy != "" && s.edge.policies[key(m.policy)] == nil {
		refused = invalid(
			"InvalidResourceReference", "Resource %s referenced by resource %s was not found. Please make sure that the "+
				"referenced resource exists, and that both resources are in the same region.", m.policy, id,
		)
		return root, properties, m, refused
	}
	for _, lists := range [][]collectionDocument{doc.Properties.NAT, doc.Properties.Network} {
		for _, c := range lists {
			if refused = check.sides(c.Properties.Rules); refused != nil {
				return root, properties, m, refused
			}
		}
	}
	if refused = check.collections(m.of(NAT), m.of(Network), m.of(Application)); refused != nil {
		return root, properties, m, refused
	}
	refused = keepFirewall(properties, doc.Properties.IPConfigurations)
	return root, properties, m, refused
}

// sides refuses rules without a source or a destination; a group of addresses
// or a host name counts as one (without sources: Azure/azure-cli#26336).
func (k firewallCheck) sides(rules []firewallRuleDocument) *problem {
	for _, r := range rules {
		if len(r.SourceAddresses)+len(r.SourceIPGroups) == 0 {
			return k.refuse("AzureFirewallRule %s: a source address or IP group is required.", r.Name)
		}
		if r.RuleType != "ApplicationRule" && len(r.DestinationAddresses)+len(r.DestinationIPGroups)+len(r.DestinationFqdns) == 0 {
			return k.refuse("AzureFirewallRule %s: a destination is required.", r.Name)
		}
	}
	return nil
}

// settleAddresses gives a firewall its private address, which only Azure
// chooses, and refuses a subnet of another name.
func (s *Sim) settleAddresses(id string, doc *firewallDocument) *problem {
	configs := doc.Properties.IPConfigurations
	for i := range configs {
		p := &configs[i].Properties
		if p.Subnet == nil {
			p.Private = ""
			continue
		}
		if !strings.EqualFold(nameOf(p.Subnet.ID), "AzureFirewallSubnet") {
			return invalid("AzureFirewallInvalidRequest", "Azure Firewall %s: the subnet must be named AzureFirewallSubnet.", nameOf(id))
		}
		if a, err := netip.ParseAddr(p.Private); err == nil && a.Is6() {
			continue
		}
		if d := s.edge.firewalls[key(id)]; d != nil && strings.EqualFold(d.written.subnet, p.Subnet.ID) {
			p.Private = d.written.private
			continue
		}
		first, bad := s.firstAddress(id, p.Subnet.ID)
		if bad != nil {
			return bad
		}
		p.Private = cmp.Or(p.Private, first)
	}
	return nil
}

// firstAddress is the first of a subnet that a firewall may have: Azure keeps the
// first four addresses of every subnet.
func (s *Sim) firstAddress(id, of string) (string, *problem) {
	_, subnet, found := s.subnet(of)
	if !found || len(subnet.Prefixes) == 0 {
		return "", invalid(
			"InvalidResourceReference", "Resource %s referenced by resource %s was not found. Please make sure that the "+
				"referenced resource exists, and that both resources are in the same region.", of, id,
		)
	}
	prefix, err := netip.ParsePrefix(subnet.Prefixes[0])
	if err != nil {
		return "", invalid("InvalidAddressPrefixFormat", "Address prefix %s of %s is no prefix.", subnet.Prefixes[0], of)
	}
	return prefix.Masked().Addr().Next().Next().Next().Next().String(), nil
}

// keepFirewall puts what the service decides into the parts to be kept.
func keepFirewall(properties fields, configs []firewallIPDocument) *problem {
	for _, list := range []string{"ipConfigurations", "natRuleCollections", "networkRuleCollections", "applicationRuleCollections"} {
		if properties[list] == nil {
			continue
		}
		stripped, p := stripChildren(properties[list])
		if p != nil {
			return p
		}
		properties[list] = stripped
	}
	var elements []fields
	if properties["ipConfigurations"] == nil {
		return nil
	}
	if p := decode(properties["ipConfigurations"], &elements); p != nil {
		return p
	}
	for i := range min(len(elements), len(configs)) {
		var inner fields
		if p := decode(elements[i]["properties"], &inner); p != nil {
			return p
		}
		inner.drop("privateIPAddress")
		if private := configs[i].Properties.Private; private != "" {
			inner["privateIPAddress"] = encode(private)
		}
		elements[i]["properties"] = encode(inner)
	}
	properties["ipConfigurations"] = encode(elements)
	return nil
}
