package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// applyToFirewall is Apply for a firewall. One rule that Azure finds invalid, or
// that Azure Policy denies, must not keep the others from being closed and
// opened: then they go apart, removals first. Of a write that Azure took and
// gave up after minutes, what closes is sent once more, without the rest.
func (c *Client) applyToFirewall(ctx context.Context, guard string, changes []rules.Change) []error {
	outcomes := make([]error, len(changes))
	if len(changes) == 0 {
		return outcomes
	}
	err := c.applyFirewall(ctx, guard, changes)
	outcomes = eachOutcome(guard, changes, err)
	first, rest := splitChanges(changes)
	switch {
	case len(rest) == 0:
	case partMaySucceed(err):
		parted := append(c.applyToFirewall(ctx, guard, pick(changes, first)), c.applyToFirewall(ctx, guard, pick(changes, rest))...)
		for i, at := range append(first, rest...) {
			outcomes[at] = parted[i]
		}
	case errors.Is(err, errGivenUp) && changes[first[0]].Put == nil:
		err = c.applyFirewall(ctx, guard, removalsOf(changes))
		for i, outcome := range eachOutcome(guard, pick(changes, first), err) {
			outcomes[first[i]] = outcome
		}
	}
	return outcomes
}

// removalsOf are the changes with the rules that were to be written taken out
// again.
func removalsOf(changes []rules.Change) []rules.Change {
	out := make([]rules.Change, 0, len(changes))
	for _, change := range changes {
		out = append(out, rules.Change{Remove: change.Name()})
	}
	return out
}

// partMaySucceed reports whether a part of the changes may be taken where all of
// them were not.
func partMaySucceed(err error) bool {
	return errors.Is(err, jit.ErrDisallowed) ||
		errors.Is(err, jit.ErrInvalid) && !errors.Is(err, errFaulted) && !errors.Is(err, admission.ErrVersion)
}

// splitChanges splits changes, by their places: removals from writes, else the writes
// of some grants from those of others. Nothing is in the rest when there is
// nothing to split.
func splitChanges(changes []rules.Change) (first, rest []int) {
	var writes []int
	grants := map[jit.ID]bool{}
	for i, change := range changes {
		if change.Put == nil {
			first = append(first, i)
			continue
		}
		writes = append(writes, i)
		n, _ := rules.ParseRuleName(change.Put.Name)
		grants[n.Grant] = true
	}
	if len(first) > 0 || len(grants) < 2 {
		if len(first) == 0 {
			return writes, nil
		}
		return first, writes
	}
	half := slices.Sorted(maps.Keys(grants))[:len(grants)/2]
	for _, i := range writes {
		if n, _ := rules.ParseRuleName(changes[i].Put.Name); slices.Contains(half, n.Grant) {
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	return first, rest
}

func pick(changes []rules.Change, at []int) []rules.Change {
	out := make([]rules.Change, 0, len(at))
	for _, i := range at {
		out = append(out, changes[i])
	}
	return out
}

// applyFirewall makes all changes by one write of the document, on the
// condition that nobody wrote it since it was read. They succeed or fail
// together.
// https://learn.microsoft.com/rest/api/firewall/azure-firewalls/create-or-update
func (c *Client) applyFirewall(ctx context.Context, guard string, changes []rules.Change) error {
	kind := firewallType
	if resource.KindOf(guard) == resource.PolicyGroup {
		kind = ruleGroupType
	}
	id, _, err := c.locate(guard, kind)
	if err != nil {
		return err
	}
	unlock, err := c.locks.lock(ctx, strings.ToLower(guard))
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.holdOpenings(guard, changes); err != nil {
		return err
	}
	until := time.Now().Add(firewallLimit)
	poller, err := c.writeFirewall(withRequestID(ctx, requestIDRule(changes)), id, changes)
	if err != nil || poller == nil {
		return err
	}
	err = await(ctx, until, firewallPolls*c.poll, poller)
	if poller.Done() && err != nil && !isKind(err) {
		err = fmt.Errorf("%w: %w", errGivenUp, err)
	}
	if poller.Done() && resource.KindOf(guard) == resource.PolicyGroup {
		return cmp.Or(err, c.awaitPolicy(ctx, until, id.Parent.String()))
	}
	return err
}

// awaitPolicy waits until a policy is done with what a change of its group set
// off, which is some time after the change itself.
func (c *Client) awaitPolicy(ctx context.Context, until time.Time, policy string) error {
	for {
		var p firewallPolicy
		if err := c.manager.resource(ctx, policy, "", &p); err != nil {
			return goneMeanwhile(err)
		}
		if !p.Properties.State.busy() {
			return nil
		}
		if time.Now().After(until) {
			return errStillRunning
		}
		select {
		case <-time.After(firewallPolls * c.poll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeFirewall sends what the changes make of the document; nil when they
// make nothing and what is there is in force.
func (c *Client) writeFirewall(
	ctx context.Context, id *arm.ResourceID, changes []rules.Change,
) (*runtime.Poller[noResult], error) {
	address := c.manager.address(id.String())
	doc := fields{}
	err := c.manager.resource(ctx, id.String(), "", &doc)
	group := strings.EqualFold(id.ResourceType.String(), ruleGroupType)
	absent := group && errors.Is(err, jit.ErrNotFound)
	if err != nil && !absent {
		return nil, err
	}
	state, etag := stateOf(doc), doc.text("etag")
	if err == nil && etag == "" {
		return nil, fmt.Errorf("%w: Azure names no etag of %s, without which somebody else's change might be undone", jit.ErrConflict, id.Name)
	}
	if group {
		return c.writeRuleGroup(ctx, address, doc, absent, changes)
	}
	changed, err := editFirewall(doc, changes)
	if err != nil || !changed && !state.failed() {
		return nil, err
	}
	return c.manager.begin(ctx, address, encode(doc), etag)
}

// writeRuleGroup is writeFirewall of a policy's collection group, which goes with its last
// rule.
func (c *Client) writeRuleGroup(
	ctx context.Context, address string, doc fields, absent bool, changes []rules.Change,
) (*runtime.Poller[noResult], error) {
	state, etag := stateOf(doc), doc.text("etag")
	changed, emptied, err := editGroup(doc, changes)
	switch {
	case err != nil || !changed && !state.failed() || absent && emptied:
		return nil, err
	case emptied:
		poller, err := c.manager.begin(ctx, address, nil, quoted(etag))
		if errors.Is(err, jit.ErrLocked) || errors.Is(err, jit.ErrForbidden) {
			return c.manager.begin(ctx, address, encode(doc), quoted(etag)) // what may not be deleted may be emptied
		}
		return poller, err
	default:
		return c.manager.begin(ctx, address, encode(doc), quoted(etag))
	}
}

// quoted is the etag of a group as a header has it: the document shows it bare.
func quoted(etag string) string {
	if etag == "" || strings.HasSuffix(etag, `"`) {
		return etag
	}
	return `"` + etag + `"`
}

func stateOf(doc fields) provisioningState {
	properties, err := doc.object("properties")
	if err != nil {
		return ""
	}
	return provisioningState(properties.text("provisioningState"))
}

// requestIDRule is the rule that a client request id is made from: of changes for
// one grant, one of its rules.
func requestIDRule(changes []rules.Change) string {
	first, _ := rules.ParseRuleName(changes[0].Name())
	for _, change := range changes {
		if n, _ := rules.ParseRuleName(change.Name()); n.Grant != first.Grant {
			return ""
		}
	}
	return changes[0].Name()
}
