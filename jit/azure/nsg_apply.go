package azure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// Apply changes a firewall by one write of its document; all that follows is
// about network security groups, of which it writes and removes single rules in order,
// each a PUT or DELETE whose operation is asked every Config.Poll until it has
// ended. A change that fails does not keep the next from being tried, except
// that no deny is removed after a write failed: the write may be what was to
// replace it. Removing what is gone succeeds.
//
// Where our own changes have nearly spent what Microsoft.Network takes in five
// minutes, allows are not written: an ErrBusy with the time to wait. What removes or
// denies is.
//
// With Config.GroupWrites several changes are one write of the whole group
// instead, which succeeds or fails as one; where the group cannot be read, or
// Azure finds something invalid in it, or forbids it, the changes are tried rule
// by rule.
//
// It waits for operations no longer than waitLimit in all. A change whose
// operation has not ended by then is an ErrConflict, "still running"; what
// comes after it is still sent, and is one too unless it ends at once.
//
// Each request carries a client request id that RequestID tells, so that
// Azure's activity log names the grant. Two calls for one guard wait for each other.
// https://learn.microsoft.com/rest/api/virtualnetwork/security-rules
func (c *Client) Apply(ctx context.Context, guard string, changes []rules.Change) []error {
	if resource.IsFirewall(guard) {
		return c.applyToFirewall(ctx, guard, changes)
	}
	outcomes := make([]error, len(changes))
	all := func(err error) []error {
		for i, change := range changes {
			outcomes[i] = fmt.Errorf("changing rule %s: %w", change.Name(), err)
		}
		return outcomes
	}
	id, s, err := c.locate(guard, nsgType)
	if err != nil {
		return all(err)
	}
	unlock, err := c.locks.lock(ctx, strings.ToLower(guard))
	if err != nil {
		return all(err)
	}
	defer unlock()
	until := time.Now().Add(waitLimit)
	if err := c.holdOpenings(guard, changes); err != nil {
		return all(err)
	}
	if outcomes, done := c.applyAsGroup(ctx, until, id, changes); done {
		return outcomes
	}
	missed := false
	for i, change := range changes {
		if change.Put == nil && missed && isDeny(change.Remove) {
			err = fmt.Errorf("%w: a write before it was not made", jit.ErrConflict)
		} else {
			err = c.change(ctx, until, s, id, change)
		}
		if err != nil {
			missed = missed || change.Put != nil
			outcomes[i] = fmt.Errorf("%s rule %s of %s: %w", verb(change), change.Name(), id.Name, err)
		}
	}
	return outcomes
}

// change makes one change.
func (c *Client) change(ctx context.Context, until time.Time, s *subscription, id *arm.ResourceID, change rules.Change) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case change.Put != nil:
		if err := c.holdOpenings(id.String(), []rules.Change{change}); err != nil {
			return err
		}
		return c.put(ctx, until, s, id, *change.Put)
	default:
		return c.remove(ctx, until, s, id, change.Remove)
	}
}

// eachOutcome is what became of changes that were made as one.
func eachOutcome(guard string, changes []rules.Change, err error) []error {
	outcomes := make([]error, len(changes))
	for i, change := range changes {
		if err != nil {
			outcomes[i] = fmt.Errorf("%s rule %s of %s: %w", verb(change), change.Name(), resource.GuardName(guard), err)
		}
	}
	return outcomes
}

// waitLimit bounds how long one Apply waits, and so how long it keeps the lock
// of its guard: an operation that never ends must not hold up the closings
// there. Azure takes seconds for a rule, and suggests to ask after ten.
const waitLimit = 2 * time.Minute

func verb(change rules.Change) string {
	if change.Put != nil {
		return "writing"
	}
	return "removing"
}

func isDeny(rule string) bool {
	n, ok := rules.ParseRuleName(rule)
	return ok && n.Grant == ""
}

func (c *Client) put(ctx context.Context, until time.Time, s *subscription, id *arm.ResourceID, r rules.Rule) error {
	c.removals.take(ruleKey(id, r.Name)) // overtaken
	poller, err := s.nsgRules.BeginCreateOrUpdate(withRequestID(ctx, r.Name), id.ResourceGroupName, id.Name, r.Name, toRule(r), nil)
	if err != nil {
		return translate(err)
	}
	return await(ctx, until, c.poll, poller)
}

// remove takes ErrNotFound for done: Azure says that the rule or the whole
// group is gone. A 404 that does not say so is an error. While an earlier
// removal of the rule is running, that one is asked about instead: sending
// another would cancel it and begin anew.
func (c *Client) remove(ctx context.Context, until time.Time, s *subscription, id *arm.ResourceID, rule string) error {
	key := ruleKey(id, rule)
	op, found := c.removals.take(key)
	if !found {
		poller, err := s.nsgRules.BeginDelete(withRequestID(ctx, rule), id.ResourceGroupName, id.Name, rule, nil)
		if err = translate(err); errors.Is(err, jit.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		op = removal{poller, time.Now()}
	}
	err := await(ctx, until, c.poll, op.poller)
	if errors.Is(err, errStillRunning) {
		c.removals.keep(key, op)
	}
	return err
}

func ruleKey(id *arm.ResourceID, rule string) string {
	return strings.ToLower(id.String() + "/" + rule)
}

// removals are those that were still running when last asked about, by
// ruleKey. The zero value is ready.
type removals struct {
	mu      sync.Mutex
	running map[string]removal
}

type removal struct {
	poller *runtime.Poller[armnetwork.SecurityRulesClientDeleteResponse]
	sent   time.Time
}

// removalLife is how long a removal is believed to be running: then it is sent
// again, in case Azure has lost it.
const removalLife = 15 * time.Minute

func (r *removals) keep(key string, op removal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == nil {
		r.running = map[string]removal{}
	}
	// Nobody asks about one whose rule was seen to be gone.
	maps.DeleteFunc(r.running, func(_ string, old removal) bool { return time.Since(old.sent) >= removalLife })
	r.running[key] = op
}

// take gives the removal and forgets it.
func (r *removals) take(key string) (removal, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	op, found := r.running[key]
	delete(r.running, key)
	return op, found && time.Since(op.sent) < removalLife
}

// withRequestID puts the client request id on the requests made with the context.
func withRequestID(ctx context.Context, rule string) context.Context {
	return policy.WithHTTPHeader(ctx, http.Header{"X-Ms-Client-Request-Id": {RequestID(rule)}})
}

// RequestID is the client request id, a GUID, of a change of the rule: the
// same for all rules of one grant of one installation, so that the activity
// log can be searched for a grant; random for other rules.
func RequestID(rule string) string {
	var id [16]byte
	if n, ok := rules.ParseRuleName(rule); ok && n.Grant != "" {
		sum := sha256.Sum256([]byte("jitbot " + n.Installation + " " + string(n.Grant)))
		copy(id[:], sum[:])
		id[6] = id[6]&0x0f | 0x80 // version 8: of our own making
	} else {
		rand.Read(id[:])
		id[6] = id[6]&0x0f | 0x40
	}
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
