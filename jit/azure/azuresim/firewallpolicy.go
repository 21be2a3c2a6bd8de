package azuresim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const (
	policyType    = "Microsoft.Network/firewallPolicies"
	ruleGroupType = policyType + "/ruleCollectionGroups"
)

// policyMeaning is what a policy's document means.
type policyMeaning struct {
	location, base  string
	ranges, learned []string
}

// groupMeaning is what a rule collection group's document means.
type groupMeaning struct {
	policy, name string
	priority     int
	collections  []RuleCollection
}

// defaultGroups are those that the portal makes, which cannot be deleted
// (https://learn.microsoft.com/azure/firewall/policy-rule-sets).
func defaultGroups() map[string]int {
	return map[string]int{
		"DefaultDnatRuleCollectionGroup": 100, "DefaultNetworkRuleCollectionGroup": 200, "DefaultApplicationRuleCollectionGroup": 300,
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// ruleGroupsOf are the groups of a policy itself that are written, by priority.
func (s *Sim) ruleGroupsOf(policy string) []*document[groupMeaning] {
	var all []*document[groupMeaning]
	for _, k := range sortedKeys(s.edge.ruleGroups) {
		if d := s.edge.ruleGroups[k]; !d.gone && key(d.written.policy) == key(policy) {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b *document[groupMeaning]) int { return a.written.priority - b.written.priority })
	return all
}

func (s *Sim) policyBody(d *document[policyMeaning]) object {
	shown := *d
	if s.occupied(d.id) != nil {
		shown.state = updating
	}
	body := shown.body(policyType, d.etag)
	properties := body["properties"].(object)
	var groups, children, firewalls []string
	for _, g := range s.ruleGroupsOf(d.id) {
		groups = append(groups, g.id)
	}
	for _, k := range sortedKeys(s.edge.policies) {
		if other := s.edge.policies[k]; key(other.written.base) == key(d.id) {
			children = append(children, other.id)
		}
	}
	for _, k := range sortedKeys(s.edge.firewalls) {
		if f := s.edge.firewalls[k]; key(f.written.policy) == key(d.id) {
			firewalls = append(firewalls, f.id)
		}
	}
	properties["ruleCollectionGroups"], properties["childPolicies"] = references(groups), references(children)
	properties["firewalls"] = references(firewalls)
	return body
}

func (s *Sim) listPolicies(c *call) reply { return page(s, c, s.edge.policies, s.policyBody) }

func (s *Sim) getPolicy(c *call) reply {
	d := s.edge.policies[key(c.path.id)]
	if d == nil {
		return missingResource(c.path, policyType).reply()
	}
	a := ok(s.policyBody(d))
	a.header = map[string]string{"ETag": `"` + d.etag + `"`}
	return a
}

// parentPolicy is the policy of a group's path.
func (s *Sim) parentPolicy(c *call) (*document[policyMeaning], *problem) {
	id := c.path.parent()
	if c.path.list {
		id = c.path.id[:strings.LastIndexByte(c.path.id, '/')]
	}
	if d := s.edge.policies[key(id)]; d != nil {
		return d, nil
	}
	if c.request.Method == http.MethodPut {
		return nil, fromGateway(
			http.StatusNotFound, "ParentResourceNotFound", "Can not perform requested operation on nested resource. Parent "+
				"resource '%s' not found.", c.path.names[0],
		)
	}
	return nil, missingResource(c.path, policyType)
}

// ruleGroup is a group that is written, or nil.
func (s *Sim) ruleGroup(id string) *document[groupMeaning] {
	if d := s.edge.ruleGroups[key(id)]; d != nil && !d.gone {
		return d
	}
	return nil
}

// ruleGroupBody has the etag bare, as the service shows it in policies; its
// header is in quotes (recorded in Azure/azure-cli#29011).
func ruleGroupBody(d *document[groupMeaning]) object { return d.body(ruleGroupType, d.etag) }

func (s *Sim) listRuleGroups(c *call) reply {
	policy, missing := s.parentPolicy(c)
	if missing != nil {
		return missing.reply()
	}
	var keys []string
	for _, d := range s.ruleGroupsOf(policy.id) {
		keys = append(keys, key(d.id))
	}
	slices.Sort(keys)
	return s.pageOf(c, keys, func(k string) object { return ruleGroupBody(s.edge.ruleGroups[k]) })
}

func (s *Sim) getRuleGroup(c *call) reply {
	if _, missing := s.parentPolicy(c); missing != nil {
		return missing.reply()
	}
	d := s.ruleGroup(c.path.id)
	if d == nil {
		return missingChild(c.path.id).reply()
	}
	a := ok(ruleGroupBody(d))
	a.header = map[string]string{"ETag": `"` + d.etag + `"`}
	return a
}

// readRuleGroup checks a group's body and gives the document to be kept.
func (s *Sim) readRuleGroup(policy, id string, body []byte) (root, properties fields, m groupMeaning, refused *problem) {
	var doc struct {
		Properties struct {
			Priority    int                        `json:"priority"`
			Collections []policyCollectionDocument `json:"ruleCollections"`
		} `json:"properties"`
	}
	if refused = decode(body, &doc); refused != nil {
		return root, properties, m, refused
	}
	if root, properties, refused = readDocument(body); refused != nil {
		return root, properties, m, refused
	}
	properties.drop("size")
	m = groupMeaning{policy: policy, name: nameOf(id), priority: doc.Properties.Priority}
	check := firewallCheck{code: "FirewallPolicyRuleCollectionGroupInvalidRequest", dualStack: true}
	check.public, check.private = s.policyAddresses(policy)
	for _, c := range doc.Properties.Collections {
		kind := c.kind()
		if kind == "" {
			return root, properties, m, invalid(
				"InvalidRequestFormat", "The request is invalid: the type of rule collection %s or of its rules is not known, or "+
					"they are mixed.", c.Name,
			)
		}
		if refused = check.sides(c.Rules); refused != nil {
			return root, properties, m, refused
		}
		m.collections = append(m.collections, c.collection(c.Name, kind))
	}
	return root, properties, m, s.checkGroup(check, id, m)
}

// checkGroup refuses a group by itself and beside the policy's others.
func (s *Sim) checkGroup(check firewallCheck, id string, m groupMeaning) *problem {
	if m.priority < lowCollection || m.priority > highCollection {
		return check.refuse(
			"Rule collection group %s has invalid priority %d. Allowed range %d-%d.", nameOf(id), m.priority, lowCollection, highCollection,
		)
	}
	for i, policy := range s.chain(m.policy) {
		for _, other := range s.ruleGroupsOf(policy.id) {
			if key(other.id) == key(id) {
				continue
			}
			if i == 0 && other.written.priority == m.priority {
				return check.refuse(
					"Rule collection groups %s and %s have the same priority %d. Priorities must be unique.", nameOf(other.id), nameOf(id), m.priority,
				)
			}
			check.elsewhere = append(check.elsewhere, other.written.collections...)
		}
	}
	return check.collections(m.collections)
}

// policyAddresses are the public and the private addresses of all firewalls that
// use a policy; nil: none does.
func (s *Sim) policyAddresses(policy string) (public, private []string) {
	for _, f := range s.firewallsOf(policy) {
		public = append(public, s.publicAddresses(&f.written)...)
		private = append(private, f.written.private)
	}
	return public, private
}

func (s *Sim) putRuleGroup(c *call) reply {
	policy, missing := s.parentPolicy(c)
	if missing != nil {
		return missing.reply()
	}
	d := s.ruleGroup(c.path.id)
	if p := s.groupPrecondition(c, d); p != nil {
		return p.reply()
	}
	if p := checkName(c.path.name()); p != nil {
		return p.reply()
	}
	if p := s.groupBusy(c, policy); p != nil {
		return p.reply()
	}
	root, properties, meaning, refused := s.readRuleGroup(policy.id, c.path.id, c.body)
	if refused != nil {
		return refused.reply()
	}
	if d != nil && s.settings.NullUnchanged && d.same(root, properties) {
		return ok(json.RawMessage("null"))
	}
	status := http.StatusOK
	if d == nil {
		status = http.StatusCreated
		d = s.newRuleGroup(c.path.id)
	}
	d.set(root, properties, meaning)
	op := s.beginGroup(c, d, "PutFirewallPolicyRuleCollectionGroupOperation")
	return reply{status: status, header: op.headers(c, s.settings.RetryAfter), body: ruleGroupBody(d)}
}

// newRuleGroup makes room for a group; what a deleted one of that name did
// may still filter.
func (s *Sim) newRuleGroup(id string) *document[groupMeaning] {
	d := &document[groupMeaning]{id: id}
	if old := s.edge.ruleGroups[key(id)]; old != nil {
		d.applied, d.effects, d.turn = old.applied, old.effects, old.turn
	}
	s.edge.ruleGroups[key(id)] = d
	return d
}

func (s *Sim) deleteRuleGroup(c *call) reply {
	policy, missing := s.parentPolicy(c)
	if missing != nil {
		return missing.reply()
	}
	d := s.ruleGroup(c.path.id)
	if d == nil {
		return reply{status: http.StatusNoContent}
	}
	if p := s.groupPrecondition(c, d); p != nil {
		return p.reply()
	}
	for name := range defaultGroups() {
		if strings.EqualFold(name, nameOf(d.id)) {
			return invalid("FirewallPolicyRuleCollectionGroupInvalidRequest", "Default rule collection group %s can not be deleted.", name).reply()
		}
	}
	if p := s.groupBusy(c, policy); p != nil {
		return p.reply()
	}
	d.turn++
	op := s.beginGroup(c, d, "DeleteFirewallPolicyRuleCollectionGroupOperation")
	d.state = deleting
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

// groupPrecondition honours If-Match only by a setting, as with rules.
func (s *Sim) groupPrecondition(c *call, d *document[groupMeaning]) *problem {
	if !s.settings.GroupIfMatch || c.request.Header.Get("If-Match") == "" {
		return nil
	}
	etag := ""
	if d != nil {
		etag = d.etag
	}
	return precondition(c, etag, c.path.id)
}
