package azure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
)

// Apply writes and removes single rules of a network security group in order,
// each a PUT or DELETE whose operation is asked every Config.Poll until it has
// ended. A change that fails does not keep the next from being tried, except
// that no deny is removed after a write failed: the write may be what was to
// replace it. Removing what is gone succeeds.
//
// Each request carries a client request id that RequestID tells, so that
// Azure's activity log names the grant. Two calls for one guard take turns.
// https://learn.microsoft.com/rest/api/virtualnetwork/security-rules
func (c *Client) Apply(ctx context.Context, guard string, changes []jit.Change) []error {
	outcomes := make([]error, len(changes))
	all := func(err error) []error {
		for i, change := range changes {
			outcomes[i] = fmt.Errorf("changing rule %s: %w", change.Name(), err)
		}
		return outcomes
	}
	id, s, err := c.locate(guard, guardType)
	if err != nil {
		return all(err)
	}
	leave, err := c.turns.take(ctx, strings.ToLower(guard))
	if err != nil {
		return all(err)
	}
	defer leave()
	missed := false
	for i, change := range changes {
		switch {
		case change.Put == nil && missed && isDeny(change.Remove):
			err = fmt.Errorf("%w: a write before it was not made", jit.ErrConflict)
		case ctx.Err() != nil:
			err = ctx.Err()
		case change.Put != nil:
			err = c.put(ctx, s, id, *change.Put)
		default:
			err = c.remove(ctx, s, id, change.Remove)
		}
		if err != nil {
			missed = missed || change.Put != nil
			outcomes[i] = fmt.Errorf("%s rule %s of %s: %w", verb(change), change.Name(), id.Name, err)
		}
	}
	return outcomes
}

func verb(change jit.Change) string {
	if change.Put != nil {
		return "writing"
	}
	return "removing"
}

func isDeny(rule string) bool {
	n, ok := jit.ParseRuleName(rule)
	return ok && n.Grant == ""
}

func (c *Client) put(ctx context.Context, s *subscription, id *arm.ResourceID, r jit.Rule) error {
	poller, err := s.rules.BeginCreateOrUpdate(signed(ctx, r.Name), id.ResourceGroupName, id.Name, r.Name, toRule(r), nil)
	if err != nil {
		return translate(err)
	}
	return await(ctx, c.poll, poller)
}

// remove takes ErrNotFound for done: Azure says that the rule or the whole
// group is gone. A 404 that does not say so is an error.
func (c *Client) remove(ctx context.Context, s *subscription, id *arm.ResourceID, rule string) error {
	poller, err := s.rules.BeginDelete(signed(ctx, rule), id.ResourceGroupName, id.Name, rule, nil)
	if err = translate(err); errors.Is(err, jit.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return await(ctx, c.poll, poller)
}

// await asks until the operation has ended. The SDK's own loop would first
// sleep the ten seconds that Azure suggests, and then read the rule again.
func await[T any](ctx context.Context, pause time.Duration, p *runtime.Poller[T]) error {
	for !p.Done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if _, err := p.Poll(ctx); err != nil {
			// An operation that is not known any more tells nothing about
			// the rule.
			return vanished(translate(err))
		}
	}
	// The last answer once more, without a request.
	last, err := p.Poll(ctx)
	if err != nil {
		return translate(err)
	}
	if !endedBadly(last) {
		return nil
	}
	if _, err = p.Result(ctx); err != nil {
		return translate(err)
	}
	return errors.New("the operation did not succeed")
}

// endedBadly reads the state in the last answer of an operation: the status of
// the operation, or the provisioning state of the resource itself.
func endedBadly(resp *http.Response) bool {
	body, err := runtime.Payload(resp)
	if err != nil || len(body) == 0 {
		return false
	}
	var state struct {
		Status     string `json:"status"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	if json.Unmarshal(body, &state) != nil {
		return false
	}
	bad := func(s string) bool { return strings.EqualFold(s, "Failed") || strings.EqualFold(s, "Canceled") }
	return bad(state.Status) || bad(state.Properties.ProvisioningState)
}

// signed puts the client request id on the requests made with the context.
func signed(ctx context.Context, rule string) context.Context {
	return policy.WithHTTPHeader(ctx, http.Header{"X-Ms-Client-Request-Id": {RequestID(rule)}})
}

// RequestID is the client request id, a GUID, of a change of the rule: the
// same for all rules of one grant of one installation, so that the activity
// log can be searched for a grant; random for other rules.
func RequestID(rule string) string {
	var id [16]byte
	if n, ok := jit.ParseRuleName(rule); ok && n.Grant != "" {
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
