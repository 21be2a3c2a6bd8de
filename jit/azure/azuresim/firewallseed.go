package azuresim

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// PutFirewall adds or replaces a firewall, in effect at once, as a foreign
// writer would. It is validated as a request is; its addresses and subnet
// must be there.
func (s *Sim) PutFirewall(v Firewall) error {
	properties := object{}
	maps.Copy(properties, v.Properties)
	configs := []object{}
	for i, ip := range v.PublicIPs {
		inner := object{"publicIPAddress": object{"id": ip}}
		if i == 0 {
			inner["subnet"] = object{"id": v.Subnet}
			if v.PrivateAddress != "" {
				inner["privateIPAddress"] = v.PrivateAddress
			}
		}
		configs = append(configs, object{"name": fmt.Sprintf("ipconfig%d", i+1), "properties": inner})
	}
	if v.PrivateAddress6 != "" {
		inner := object{"subnet": object{"id": v.Subnet}, "privateIPAddress": v.PrivateAddress6}
		configs = append(configs, object{"name": "ipconfig-v6", "properties": inner})
	}
	setDefaultMember(properties, "ipConfigurations", configs)
	setDefaultMember(properties, "sku", object{"name": "AZFW_VNet", "tier": "Standard"})
	setDefaultMember(properties, "threatIntelMode", "Alert")
	if v.Policy != "" {
		properties["firewallPolicy"] = object{"id": v.Policy}
	}
	for list, kind := range map[string]string{
		"natRuleCollections": NAT, "networkRuleCollections": Network, "applicationRuleCollections": Application,
	} {
		all := []object{}
		for _, c := range v.Collections {
			if c.Kind == kind {
				all = append(all, classicBody(c))
			}
		}
		setDefaultMember(properties, list, all)
	}
	return s.PutFirewallJSON(v.ID, encode(object{"location": v.Location, "tags": tagsBody(v.Tags), "properties": properties}))
}

func setDefaultMember(o object, name string, value any) {
	if _, given := o[name]; !given {
		o[name] = value
	}
}

// PutFirewallJSON is PutFirewall for a document as a client would send it,
// also with properties the simulator does not know.
func (s *Sim) PutFirewallJSON(id string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	root, properties, meaning, refused := s.readFirewall(id, body)
	if refused != nil {
		return refused
	}
	d := s.edge.firewalls[key(id)]
	if d == nil {
		d = &document[firewallMeaning]{id: id}
		s.edge.firewalls[key(id)] = d
	}
	d.set(root, properties, meaning)
	d.enforce()
	d.etag, d.state, s.index = s.newGUID(), succeeded, nil
	return nil
}

// DeleteFirewall removes a firewall at once, as somebody else would.
func (s *Sim) DeleteFirewall(id string) { remove(s, s.edge.firewalls, id) }

// PutFirewallPolicy adds or replaces a firewall policy; its groups stay.
func (s *Sim) PutFirewallPolicy(v FirewallPolicy) {
	properties := object{"threatIntelMode": "Alert", "sku": object{"tier": "Standard"}}
	maps.Copy(properties, v.Properties)
	if v.Base != "" {
		properties["basePolicy"] = object{"id": v.Base}
	}
	snat := object{}
	if v.PrivateRanges != nil {
		snat["privateRanges"] = v.PrivateRanges
	}
	if v.AutoLearn {
		snat["autoLearnPrivateRanges"] = "Enabled"
	}
	if len(snat) > 0 {
		properties["snat"] = snat
	}
	kept := fields{}
	for name, value := range properties {
		kept[name] = encode(value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	d := &document[policyMeaning]{id: v.ID, etag: s.newGUID(), state: succeeded}
	root := fields{"location": encode(v.Location), "tags": encode(tagsBody(v.Tags))}
	d.set(root, kept, policyMeaning{location: v.Location, base: v.Base, ranges: v.PrivateRanges, learned: v.Learned})
	s.edge.policies[key(v.ID)] = d
}

// PutRuleCollectionGroup adds or replaces a rule collection group, in effect
// at once, as a foreign writer would. It is validated as a request is.
func (s *Sim) PutRuleCollectionGroup(v RuleCollectionGroup) error {
	collections := []object{}
	for _, c := range v.Collections {
		collections = append(collections, policyCollectionBody(c))
	}
	return s.PutRuleCollectionGroupJSON(
		v.Policy, v.Name, encode(object{"properties": object{"priority": v.Priority, "ruleCollections": collections}}),
	)
}

// PutRuleCollectionGroupJSON is PutRuleCollectionGroup for a document as a
// client would send it.
func (s *Sim) PutRuleCollectionGroupJSON(policyID, name string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	policy := s.edge.policies[key(policyID)]
	if policy == nil {
		return fmt.Errorf("no %s in the simulated world", policyID)
	}
	id := policy.id + "/ruleCollectionGroups/" + name
	root, properties, meaning, refused := s.readRuleGroup(policy.id, id, body)
	if refused != nil {
		return refused
	}
	d := s.ruleGroup(id)
	if d == nil {
		d = s.newRuleGroup(id)
	}
	d.set(root, properties, meaning)
	d.enforce()
	d.etag, d.state, policy.etag = s.newGUID(), succeeded, s.newGUID()
	return nil
}

// DeleteRuleCollectionGroup removes a group at once, as somebody else would.
// Removing what is not there is fine.
func (s *Sim) DeleteRuleCollectionGroup(policyID, name string) {
	remove(s, s.edge.ruleGroups, policyID+"/ruleCollectionGroups/"+name)
}

// Firewalls gives the ids of all firewalls, sorted.
func (s *Sim) Firewalls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	var all []string
	for _, k := range sortedKeys(s.edge.firewalls) {
		all = append(all, s.edge.firewalls[k].id)
	}
	return all
}

// FirewallPolicies gives the ids of all firewall policies, sorted.
func (s *Sim) FirewallPolicies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, k := range sortedKeys(s.edge.policies) {
		all = append(all, s.edge.policies[k].id)
	}
	return all
}

// FirewallCollections gives the collections written in a classic firewall, or
// with a policy's id or a group's those in its groups, the order as written.
func (s *Sim) FirewallCollections(id string) []RuleCollection {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	if d := s.edge.firewalls[key(id)]; d != nil {
		return d.written.collections
	}
	if d := s.ruleGroup(id); d != nil {
		return d.written.collections
	}
	var all []RuleCollection
	for _, d := range s.ruleGroupsOf(id) {
		all = append(all, d.written.collections...)
	}
	return all
}

// DumpFirewall is a text of a firewall as it is written, for comparison byte
// by byte: a line a member, then a line a collection, without etags and
// states; collections that skip names are left out. A nil skip leaves none
// out.
func (s *Sim) DumpFirewall(id string, skip func(collection string) bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	d := s.edge.firewalls[key(id)]
	if d == nil {
		return ""
	}
	var b strings.Builder
	dump(&b, d.root, "")
	for _, name := range sortedKeys(d.properties) {
		if !strings.HasSuffix(name, "RuleCollections") {
			dump(&b, fields{name: d.properties[name]}, "properties.")
			continue
		}
		var elements []fields
		if decode(d.properties[name], &elements) != nil {
			continue
		}
		for _, e := range elements {
			var called string
			if decode(e["name"], &called) == nil && (skip == nil || !skip(called)) {
				dump(&b, fields{called: encode(e)}, name+".")
			}
		}
	}
	return b.String()
}

func dump(b *strings.Builder, f fields, prefix string) {
	for _, name := range sortedKeys(f) {
		b.WriteString(prefix + name + " " + string(encode(f[name])) + "\n")
	}
}

// DumpFirewallPolicy is a text of a policy's groups as they are written, a
// line each, for comparison byte by byte; those that skip names are left out.
func (s *Sim) DumpFirewallPolicy(id string, skip func(group string) bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	var b strings.Builder
	for _, d := range s.ruleGroupsOf(id) {
		if skip == nil || !skip(nameOf(d.id)) {
			b.WriteString(nameOf(d.id) + " " + string(encode(d.root)) + " " + string(encode(d.properties)) + "\n")
		}
	}
	return b.String()
}

// FirewallBusy says whether a firewall or a firewall policy is being updated.
func (s *Sim) FirewallBusy(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	if d := s.edge.firewalls[key(id)]; d != nil {
		return s.runningOn(key(id)) != nil || s.occupied(d.written.policy) != nil
	}
	return s.occupied(id) != nil
}
