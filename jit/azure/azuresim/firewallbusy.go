package azuresim

import (
	"cmp"
	"fmt"
	"net/http"
	"time"
)

// occupied says until when a change of a rule collection group keeps a policy
// in the state Updating, and which operation it is.
type occupied struct {
	until     time.Time
	operation string
}

// chain is a policy and those it inherits from, the policy first.
func (s *Sim) chain(policy string) []*document[policyMeaning] {
	var all []*document[policyMeaning]
	for at := s.edge.policies[key(policy)]; at != nil && len(all) < 10; at = s.edge.policies[key(at.written.base)] {
		all = append(all, at)
	}
	return all
}

// occupied is what keeps a policy, or one it inherits from, busy; nil:
// nothing does.
func (s *Sim) occupied(policy string) *occupied {
	for _, d := range s.chain(policy) {
		if o, found := s.edge.busy[key(d.id)]; found && o.until.After(s.clock) {
			return &o
		}
	}
	return nil
}

// firewallBusy refuses a second update of a firewall: "parallel updates
// aren't supported" (MicrosoftDocs/azure-docs#64513). A change of its policy
// counts, for that refreshes the firewall
// (hashicorp/terraform-provider-azurerm#15440).
func (s *Sim) firewallBusy(c *call, id string) *problem {
	op := s.runningOn(key(id))
	if op == nil {
		d := s.edge.firewalls[key(id)]
		if d == nil {
			return nil
		}
		o := s.occupied(d.written.policy)
		if o == nil {
			return nil
		}
		if op = s.operations[o.operation]; op == nil {
			return nil
		}
	}
	if s.settings.Writers == RefuseRetryable {
		return s.retryable(op, id)
	}
	return anotherOperation(c, op)
}

// runningOn is the running operation on a document, or nil.
func (s *Sim) runningOn(target string) *operation {
	for _, op := range s.running {
		if op.target == target {
			return op
		}
	}
	return nil
}

func (s *Sim) retryable(op *operation, id string) *problem {
	p := &problem{
		status: http.StatusTooManyRequests, code: "RetryableError", message: "A retryable error occurred.",
		detailCode:    "RetryableErrorDueToAnotherOperation",
		detailMessage: fmt.Sprintf("Operation %s (%s) is updating resource %s. The call can be retried in 10 seconds.", op.kind, op.id, id),
	}
	if s.settings.BusyRetryAfter != "" {
		p.header = map[string]string{"Retry-After": s.settings.BusyRetryAfter}
	}
	return p
}

func anotherOperation(c *call, op *operation) *problem {
	return &problem{
		status: http.StatusConflict, code: "AnotherOperationInProgress",
		message: fmt.Sprintf(
			"Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: %s.",
			op.address(c.base, "operations", "2025-05-01"),
		),
	}
}

// groupBusy refuses a change of a group while its policy is Updating: one
// group at a time. The codes are recorded, the words too
// (Azure/deployment-stacks#211); the status is a setting, for nobody wrote it
// down.
func (s *Sim) groupBusy(c *call, policy *document[policyMeaning]) *problem {
	for _, firewall := range s.firewallsOf(policy.id) {
		if op := s.runningOn(key(firewall.id)); op != nil {
			return anotherOperation(c, op)
		}
	}
	o := s.occupied(policy.id)
	if o == nil {
		return nil
	}
	verb, does := "Update", "updated"
	if c.request.Method == http.MethodDelete {
		verb, does = "Delete", "deleted"
	}
	return &problem{
		status: cmp.Or(s.settings.PolicyBusyStatus, http.StatusConflict), code: "FirewallPolicyRuleCollectionGroup" + verb +
			"NotAllowedWhenUpdatingOrDeleting",
		message: fmt.Sprintf(
			"Firewall Policy Rule Collection Group %s can not be %s because it is in Updating state from previous operation ID : "+
				"%s.", c.path.name(), does, o.operation,
		),
	}
}

// firewallsOf are the firewalls that use a policy or one that inherits from
// it, by id.
func (s *Sim) firewallsOf(policy string) []*document[firewallMeaning] {
	var all []*document[firewallMeaning]
	for _, k := range sortedKeys(s.edge.firewalls) {
		d := s.edge.firewalls[k]
		for _, p := range s.chain(d.written.policy) {
			if key(p.id) == key(policy) {
				all = append(all, d)
				break
			}
		}
	}
	return all
}

// beginFirewall accepts a write of a firewall.
func (s *Sim) beginFirewall(c *call, d *document[firewallMeaning], kind string) *operation {
	op := s.accept(c, kind, d.written.location, s.settings.FirewallTime)
	op.target = key(d.id)
	d.etag, d.state = s.newGUID(), updating
	s.index = nil
	turn := d.turn
	op.done = func() {
		if s.edge.firewalls[op.target] != d || d.turn != turn {
			op.supersede()
			return
		}
		if op.deletes && op.outcome == succeeded {
			delete(s.edge.firewalls, op.target)
			s.index = nil
			return
		}
		d.finish(op)
		d.etag = s.newGUID()
	}
	return op
}

// finish makes a document show how its operation ended, and filter if well.
func (d *document[V]) finish(op *operation) {
	d.state = op.outcome
	if op.outcome == succeeded {
		meaning := d.written
		d.queue(op.end.Add(op.lateEffect), &meaning)
	} else {
		d.state = failed
	}
}

// beginGroup accepts a write of a rule collection group, which occupies the
// policy until some time after its own operation has ended, and fails when a
// firewall that uses the policy is faulted
// (hashicorp/terraform-provider-azurerm#19843).
func (s *Sim) beginGroup(c *call, d *document[groupMeaning], kind string) *operation {
	policy := s.edge.policies[key(d.written.policy)]
	firewalls := s.firewallsOf(policy.id)
	takes := s.settings.FirewallTime
	if len(firewalls) == 0 {
		takes = s.settings.OperationTime
	}
	op := s.accept(c, kind, policy.written.location, takes)
	op.target = key(d.id)
	for _, f := range firewalls {
		if f.state == failed {
			op.outcome = failed
			op.failure = &problem{
				code: "FirewallPolicyUpdateFailed", message: fmt.Sprintf(
					"Put on Firewall Policy %s Failed with 1 faulted referenced firewalls", nameOf(policy.id),
				),
			}
		}
	}
	d.etag, d.state = s.newGUID(), updating
	s.edge.busy[key(policy.id)] = occupied{until: op.end.Add(s.settings.PolicyLag), operation: op.id}
	policy.etag = s.newGUID()
	turn := d.turn
	op.done = func() {
		policy.etag = s.newGUID()
		if d.turn != turn {
			op.supersede()
			return
		}
		d.etag = s.newGUID()
		if op.deletes && op.outcome == succeeded {
			d.gone = true
			d.queue(op.end.Add(op.lateEffect), nil)
			return
		}
		d.finish(op)
	}
	return op
}
