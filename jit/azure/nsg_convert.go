package azure

import (
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// fromRule reads a security rule. Azure keeps one value in a singular field
// and several in a plural one; the domain knows lists only.
// https://learn.microsoft.com/rest/api/virtualnetwork/security-rules/get
func fromRule(r *armnetwork.SecurityRule) rules.Rule {
	p := value(r.Properties)
	return rules.Rule{
		Name:         value(r.Name),
		Priority:     int(value(p.Priority)),
		Inbound:      strings.EqualFold(string(value(p.Direction)), string(armnetwork.SecurityRuleDirectionInbound)),
		Allow:        strings.EqualFold(string(value(p.Access)), string(armnetwork.SecurityRuleAccessAllow)),
		Protocol:     jit.Protocol(strings.ToLower(string(value(p.Protocol)))),
		Sources:      merged(p.SourceAddressPrefix, p.SourceAddressPrefixes),
		SourcePorts:  merged(p.SourcePortRange, p.SourcePortRanges),
		Destinations: merged(p.DestinationAddressPrefix, p.DestinationAddressPrefixes),
		Ports:        merged(p.DestinationPortRange, p.DestinationPortRanges),
		SourceGroups: groupIDs(p.SourceApplicationSecurityGroups),
		Groups:       groupIDs(p.DestinationApplicationSecurityGroups),
		Description:  value(p.Description),
		Settled:      settled(p.ProvisioningState),
		Failed:       failed(p.ProvisioningState),
	}
}

// toRule writes a rule in Azure's form: of each pair of singular and plural
// exactly one is set, since Azure refuses both and refuses * and tags in a
// plural one.
func toRule(r rules.Rule) armnetwork.SecurityRule {
	access, direction := armnetwork.SecurityRuleAccessDeny, armnetwork.SecurityRuleDirectionOutbound
	if r.Allow {
		access = armnetwork.SecurityRuleAccessAllow
	}
	if r.Inbound {
		direction = armnetwork.SecurityRuleDirectionInbound
	}
	p := &armnetwork.SecurityRulePropertiesFormat{
		Access: &access, Direction: &direction, Protocol: new(protocol(r.Protocol)),
		Priority:                             new(int32(r.Priority)),
		SourceApplicationSecurityGroups:      groupRefs(r.SourceGroups),
		DestinationApplicationSecurityGroups: groupRefs(r.Groups),
	}
	if r.Description != "" {
		p.Description = new(r.Description)
	}
	p.SourceAddressPrefix, p.SourceAddressPrefixes = split(r.Sources)
	p.SourcePortRange, p.SourcePortRanges = split(r.SourcePorts)
	p.DestinationAddressPrefix, p.DestinationAddressPrefixes = split(r.Destinations)
	p.DestinationPortRange, p.DestinationPortRanges = split(r.Ports)
	return armnetwork.SecurityRule{Name: new(r.Name), Properties: p}
}

// protocol gives Azure's spelling; a word that is not known goes as it is, and
// Azure says no.
func protocol(p jit.Protocol) armnetwork.SecurityRuleProtocol {
	for _, known := range armnetwork.PossibleSecurityRuleProtocolValues() {
		if strings.EqualFold(string(known), string(p)) {
			return known
		}
	}
	return armnetwork.SecurityRuleProtocol(p)
}

func merged(one *string, many []*string) []string {
	out := values(many)
	if s := value(one); s != "" && !slices.Contains(out, s) {
		out = append(out, s)
	}
	return out
}

func split(list []string) (*string, []*string) {
	if len(list) == 1 {
		return &list[0], nil
	}
	var many []*string
	for _, s := range list {
		many = append(many, new(s))
	}
	return nil, many
}

func groupIDs(groups []*armnetwork.ApplicationSecurityGroup) []string {
	var ids []string
	for _, g := range values(groups) {
		ids = append(ids, value(g.ID))
	}
	return ids
}

func groupRefs(ids []string) []*armnetwork.ApplicationSecurityGroup {
	var groups []*armnetwork.ApplicationSecurityGroup
	for _, id := range ids {
		groups = append(groups, &armnetwork.ApplicationSecurityGroup{ID: new(id)})
	}
	return groups
}

func settled(s *armnetwork.ProvisioningState) bool {
	return strings.EqualFold(string(value(s)), string(armnetwork.ProvisioningStateSucceeded))
}

// failed reports whether Azure gave a change up: what the rule says is then
// not known to be in force, also where it reads as wanted.
func failed(s *armnetwork.ProvisioningState) bool {
	state := string(value(s))
	return strings.EqualFold(state, string(armnetwork.ProvisioningStateFailed)) || strings.EqualFold(state, "Canceled")
}

// fromGroup reads a network security group, which is changed by writes of the
// whole or rule by rule.
func fromGroup(g *armnetwork.SecurityGroup, whole bool) rules.Table {
	p := value(g.Properties)
	t := rules.Table{
		Guard: value(g.ID), Name: value(g.Name), Settled: settled(p.ProvisioningState),
		Whole: whole, Failed: whole && failed(p.ProvisioningState),
	}
	for _, r := range p.SecurityRules {
		if r != nil {
			t.Rules = append(t.Rules, fromRule(r))
		}
	}
	for _, r := range p.DefaultSecurityRules {
		if r != nil {
			t.Defaults = append(t.Defaults, fromRule(r))
		}
	}
	return t
}
