package azuresim

import (
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Drafts of a firewall policy: a clone of it and of its groups, which replaces both
// when it is deployed, also what was changed meanwhile
// (https://learn.microsoft.com/azure/firewall/draft-deploy). A group can have a draft
// of its own where the policy has none, which replaces that group alone.
const (
	policyDraftType = policyType + "/firewallPolicyDrafts"
	groupDraftType  = ruleGroupType + "/ruleCollectionGroupDrafts"
)

// policyDraft is a draft of a policy, and those of its groups by key.
type policyDraft struct {
	properties fields // nil: only groups have one
	groups     map[string]groupDraft
}

type groupDraft struct {
	id               string
	root, properties fields
	meaning          groupMeaning
}

// draftRoutes are the requests about drafts. The action of a group's draft has
// another plural than its type, as Microsoft lists it.
func draftRoutes(add func(method, kind, action string, handle func(*Sim, *call) reply)) {
	const ofGroup = ruleGroupType + "/ruleCollectionGroupsDrafts"
	add("GET", policyDraftType, policyDraftType+"/read", (*Sim).getDraft)
	add("PUT", policyDraftType, policyDraftType+"/write", (*Sim).putDraft)
	add("DELETE", policyDraftType, policyDraftType+"/delete", (*Sim).deleteDraft)
	add("GET", groupDraftType, ofGroup+"/read", (*Sim).getGroupDraft)
	add("PUT", groupDraftType, ofGroup+"/write", (*Sim).putGroupDraft)
	add("POST list", policyType+"/deploy", policyType+"/deploy/action", (*Sim).deployDraft)
}

// DraftFirewallPolicy makes a draft of a policy as it is now, as the portal does.
func (s *Sim) DraftFirewallPolicy(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	policy := s.edge.policies[key(id)]
	if policy == nil {
		return fmt.Errorf("no %s in the simulated world", id)
	}
	draft := &policyDraft{properties: maps.Clone(policy.properties), groups: map[string]groupDraft{}}
	for _, g := range s.ruleGroupsOf(policy.id) {
		draft.groups[key(g.id)] = groupDraft{g.id, maps.Clone(g.root), maps.Clone(g.properties), g.written}
	}
	s.edge.drafts[key(policy.id)] = draft
	return nil
}

// DraftRuleCollectionGroup makes a draft of one group of a policy as it is now, and
// none of the policy.
func (s *Sim) DraftRuleCollectionGroup(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	g := s.ruleGroup(id)
	if g == nil {
		return fmt.Errorf("no %s in the simulated world", id)
	}
	policy := armPath{id: g.id}
	s.groupDrafts(policy.parent())[key(g.id)] = groupDraft{g.id, maps.Clone(g.root), maps.Clone(g.properties), g.written}
	return nil
}

// groupDrafts are those of the groups of a policy, by key.
func (s *Sim) groupDrafts(policy string) map[string]groupDraft {
	if s.edge.drafts[key(policy)] == nil {
		s.edge.drafts[key(policy)] = &policyDraft{groups: map[string]groupDraft{}}
	}
	return s.edge.drafts[key(policy)].groups
}

// DiscardFirewallDraft removes the draft of a policy, and those of its groups.
func (s *Sim) DiscardFirewallDraft(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.edge.drafts, key(id))
}

// DeployFirewallDraft puts the draft of a policy in its place at once, as somebody
// else would.
func (s *Sim) DeployFirewallDraft(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	policy := s.edge.policies[key(id)]
	if policy == nil || s.edge.drafts[key(id)] == nil {
		return fmt.Errorf("no draft of %s in the simulated world", id)
	}
	s.deploy(policy)
	return nil
}

// deploy replaces the groups of a policy by those of its draft, or those that have
// drafts of their own; the drafts are gone then.
func (s *Sim) deploy(policy *document[policyMeaning]) {
	draft := s.edge.drafts[key(policy.id)]
	if draft == nil {
		return
	}
	for _, g := range s.ruleGroupsOf(policy.id) {
		if _, kept := draft.groups[key(g.id)]; !kept && draft.properties != nil {
			g.gone, g.turn = true, g.turn+1
			g.queue(s.clock, nil)
		}
	}
	for _, k := range sortedKeys(draft.groups) {
		from := draft.groups[k]
		d := s.ruleGroup(from.id)
		if d == nil {
			d = s.newRuleGroup(from.id)
		}
		d.set(from.root, from.properties, from.meaning)
		d.enforce()
		d.etag, d.state = s.newGUID(), succeeded
	}
	policy.etag = s.newGUID()
	delete(s.edge.drafts, key(policy.id))
}

// draftOf is the draft of the policy of a path, with the policy; nil: there is none.
func (s *Sim) draftOf(id string) *policyDraft { return s.edge.drafts[key(id)] }

func (s *Sim) getDraft(c *call) reply {
	d := s.draftOf(c.path.parent())
	if d == nil || d.properties == nil || c.path.name() != "default" {
		return missingChild(c.path.id).reply()
	}
	return ok(object{"id": c.path.id, "name": "default", "type": policyDraftType, "properties": d.properties})
}

func (s *Sim) putDraft(c *call) reply {
	policy := s.edge.policies[key(c.path.parent())]
	if policy == nil {
		return missingResource(c.path, policyType).reply()
	}
	_, properties, refused := readDocument(c.body)
	if refused != nil {
		return refused.reply()
	}
	s.groupDrafts(policy.id)
	s.edge.drafts[key(policy.id)].properties = properties
	return s.getDraft(c)
}

func (s *Sim) deleteDraft(c *call) reply {
	if s.draftOf(c.path.parent()) == nil {
		return reply{status: http.StatusNoContent}
	}
	delete(s.edge.drafts, key(c.path.parent()))
	return reply{status: http.StatusOK}
}

// draftedGroup is the group of a draft's path, and its policy.
func draftedGroup(c *call) (group, policy string) {
	group = c.path.parent()
	above := armPath{id: group}
	return group, above.parent()
}

func (s *Sim) getGroupDraft(c *call) reply {
	group, policy := draftedGroup(c)
	d := s.draftOf(policy)
	if d == nil {
		return missingChild(c.path.id).reply()
	}
	g, there := d.groups[key(group)]
	if !there {
		return missingChild(c.path.id).reply()
	}
	return ok(object{"id": c.path.id, "name": "default", "type": groupDraftType, "properties": g.properties})
}

func (s *Sim) putGroupDraft(c *call) reply {
	group, policy := draftedGroup(c)
	if s.edge.policies[key(policy)] == nil {
		return missingResource(c.path, policyType).reply()
	}
	root, properties, meaning, refused := s.readRuleGroup(s.edge.policies[key(policy)].id, group, c.body)
	if refused != nil {
		return refused.reply()
	}
	s.groupDrafts(policy)[key(group)] = groupDraft{group, root, properties, meaning}
	return s.getGroupDraft(c)
}

// deployDraft begins to put a draft in the place of its policy.
func (s *Sim) deployDraft(c *call) reply {
	policy := s.edge.policies[key(c.path.id[:len(c.path.id)-len("/deploy")])]
	if policy == nil {
		return missingResource(c.path, policyType).reply()
	}
	if s.draftOf(policy.id) == nil {
		return missingChild(policy.id + "/firewallPolicyDrafts/default").reply()
	}
	if p := s.groupBusy(c, policy); p != nil {
		return p.reply()
	}
	op := s.accept(c, "DeployFirewallPolicyOperation", policy.written.location, s.settings.FirewallTime)
	s.edge.busy[key(policy.id)] = occupied{until: op.end.Add(s.settings.PolicyLag), operation: op.id}
	op.done = func() {
		if op.outcome == succeeded {
			s.deploy(policy)
		}
	}
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}
