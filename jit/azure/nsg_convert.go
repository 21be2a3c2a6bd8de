package azure

import (
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// fromRule reads a security rule. The domain knows lists only, where Azure
// has a singular field and a plural one.
func fromRule(r *securityRule) rules.Rule {
	p := &r.Properties
	return rules.Rule{
		Name:         r.Name,
		Priority:     int(p.Priority),
		Inbound:      strings.EqualFold(string(p.Direction), string(armnetwork.SecurityRuleDirectionInbound)),
		Allow:        strings.EqualFold(string(p.Access), string(armnetwork.SecurityRuleAccessAllow)),
		Protocol:     jit.Protocol(strings.ToLower(string(p.Protocol))),
		Sources:      merged(p.Source, p.Sources),
		SourcePorts:  merged(p.SourcePort, p.SourcePortList),
		Destinations: merged(p.Destination, p.Destinations),
		Ports:        merged(p.DestinationPort, p.DestinationPortList),
		SourceGroups: groupIDs(p.SourceGroups),
		Groups:       groupIDs(p.DestinationGroups),
		Description:  p.Description,
		Settled:      p.State.settled(),
		Failed:       p.State.failed(),
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

func merged(one string, many []*string) []string {
	out := values(many)
	if one != "" && !slices.Contains(out, one) {
		out = append(out, one)
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

func groupIDs(groups []*resourceRef) []string {
	var ids []string
	for _, g := range values(groups) {
		ids = append(ids, g.ID)
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

// fromGroup reads a network security group. Somebody may write it as a whole: what
// it shows then is in force once it is settled.
func fromGroup(g *securityGroup) rules.Table {
	p := &g.Properties
	t := rules.Table{
		Guard: g.ID, Name: g.Name, Settled: p.State.settled(), Failed: p.State.failed(),
	}
	for _, r := range p.Rules {
		if r != nil {
			t.Rules = append(t.Rules, fromRule(r))
		}
	}
	for _, r := range p.DefaultRules {
		if r != nil {
			t.Defaults = append(t.Defaults, fromRule(r))
		}
	}
	return t
}
