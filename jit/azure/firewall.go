package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
)

const (
	networkVersion = "2025-05-01" // of armnetwork v9
	firewallType   = "Microsoft.Network/azureFirewalls"
	policyType     = "Microsoft.Network/firewallPolicies"
	ruleGroupType  = policyType + "/ruleCollectionGroups"
	longestChain   = 10 // policies that inherit from each other
)

// firewallTable reads a firewall with classic rules, or our group of a policy
// with all that is asked before it. A group that is not there is an empty one,
// as long as its policy is.
func (c *Client) firewallTable(ctx context.Context, guard string) (jit.Table, error) {
	if jit.KindOf(guard) == jit.ClassicFirewall {
		id, _, err := c.locate(guard, firewallType)
		if err != nil {
			return jit.Table{}, fmt.Errorf("reading a firewall: %w", err)
		}
		var f firewall
		if err := c.manager.get(ctx, c.manager.address(id.String(), networkVersion), &f); err != nil {
			return jit.Table{}, fmt.Errorf("reading firewall %s: %w", id.Name, err)
		}
		return f.table(), nil
	}
	id, _, err := c.locate(guard, ruleGroupType)
	if err != nil {
		return jit.Table{}, fmt.Errorf("reading a rule collection group: %w", err)
	}
	chain, err := c.chain(ctx, id.Parent.String())
	if err != nil {
		return jit.Table{}, err
	}
	return chain.table(guard), nil
}

// chain reads a policy, those that it inherits from, and the groups of each.
// What could be read comes with the error.
func (c *Client) chain(ctx context.Context, policy string) (policyChain, error) {
	var chain policyChain
	for id := policy; id != "" && len(chain) < longestChain; {
		r, _, err := c.locate(id, policyType)
		if err != nil {
			return chain, fmt.Errorf("reading a firewall policy: %w", err)
		}
		link, err := c.link(ctx, r)
		if err != nil && len(chain) > 0 {
			err = vanished(err) // the parent's absence is not the policy's
		}
		if err != nil {
			return chain, fmt.Errorf("reading firewall policy %s: %w", r.Name, err)
		}
		chain = append(chain, link)
		id = link.policy.Properties.Base.ID
	}
	return chain, nil
}

func (c *Client) link(ctx context.Context, policy *arm.ResourceID) (chainLink, error) {
	var l chainLink
	if err := c.manager.get(ctx, c.manager.address(policy.String(), networkVersion), &l.policy); err != nil {
		return l, err
	}
	err := c.manager.list(ctx, c.manager.address(policy.String()+"/ruleCollectionGroups", networkVersion), func(raw json.RawMessage) error {
		var g ruleGroup
		if err := json.Unmarshal(raw, &g); err != nil {
			return fmt.Errorf("reading a rule collection group: %w", err)
		}
		l.groups = append(l.groups, g)
		return nil
	})
	inPriority(l.groups)
	return l, err
}

// firewallTables reads the firewalls of a subscription that have rules of their
// own, and the groups of ours in the policies of the others.
func (c *Client) firewallTables(ctx context.Context, subscription string) ([]jit.Table, error) {
	firewalls, _, err := c.firewalls(ctx, subscription)
	var tables []jit.Table
	seen := map[string]bool{}
	for _, f := range firewalls {
		policy := f.Properties.Policy.ID
		if policy == "" {
			tables = append(tables, f.table())
			continue
		}
		if key := strings.ToLower(policy); !seen[key] {
			seen[key] = true
			found, policyErr := c.ownTables(ctx, policy)
			tables = append(tables, found...)
			if !c.unseen(ctx, policyErr) {
				err = errors.Join(err, policyErr)
			}
		}
	}
	return tables, err
}

// ownTables are those of groups in a policy that have a name of ours, also
// where a policy that it inherits from may not be read.
func (c *Client) ownTables(ctx context.Context, policy string) ([]jit.Table, error) {
	chain, err := c.chain(ctx, policy)
	if len(chain) == 0 {
		return nil, err
	}
	var tables []jit.Table
	for _, g := range chain[0].groups {
		if g.isOurs() {
			tables = append(tables, chain.table(g.ID))
		}
	}
	return tables, err
}

// firewalls lists those of a subscription; seen is false where Azure does not
// show them.
func (c *Client) firewalls(ctx context.Context, subscription string) (found []firewall, seen bool, err error) {
	err = c.manager.list(ctx, c.manager.address("subscriptions/"+subscription+"/providers/"+firewallType, networkVersion), func(raw json.RawMessage) error {
		var f firewall
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("reading a firewall: %w", err)
		}
		found = append(found, f)
		return nil
	})
	if c.unseen(ctx, err) {
		return nil, false, nil
	}
	return found, true, err
}

// SeesFirewalls reports whether Azure has shown every firewall and policy that
// was asked for so far.
func (c *Client) SeesFirewalls() bool { return !c.blind.Load() }

// unseen reports whether Azure says that it will not show something of this
// kind: the role is older than that, or the cloud does not have it. That is
// logged once.
func (c *Client) unseen(ctx context.Context, err error) bool {
	resp, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return false
	}
	switch resp.StatusCode {
	case http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest:
		if !c.blind.Swap(true) {
			c.log.WarnContext(ctx, "firewalls or their policies cannot be read, so jitbot does not see them", slog.Any("error", err))
		}
		return true
	default:
		return false
	}
}

// applyAtOnce is Apply for a firewall. One rule that Azure finds invalid, or
// that Azure Policy denies, must not keep the others from being closed and
// opened: then they go apart, removals first. Of a write that Azure took and
// gave up after minutes, what closes is sent once more, without the rest.
func (c *Client) applyAtOnce(ctx context.Context, guard string, changes []jit.Change) []error {
	outcomes := make([]error, len(changes))
	if len(changes) == 0 {
		return outcomes
	}
	err := c.applyFirewall(ctx, guard, changes)
	outcomes = eachOutcome(guard, changes, err)
	first, rest := apart(changes)
	switch {
	case len(rest) == 0:
	case hangsOnRules(err):
		parted := append(c.applyAtOnce(ctx, guard, pick(changes, first)), c.applyAtOnce(ctx, guard, pick(changes, rest))...)
		for i, at := range append(first, rest...) {
			outcomes[at] = parted[i]
		}
	case errors.Is(err, errGivenUp) && changes[first[0]].Put == nil:
		err = c.applyFirewall(ctx, guard, closing(changes))
		for i, outcome := range eachOutcome(guard, pick(changes, first), err) {
			outcomes[first[i]] = outcome
		}
	}
	return outcomes
}

// errGivenUp means that Azure took a change and then gave it up: the document
// shows it, and it is not in force.
var errGivenUp = errors.New("the change was given up")

// closing are the changes with the rules that were to be written taken out
// again.
func closing(changes []jit.Change) []jit.Change {
	out := make([]jit.Change, 0, len(changes))
	for _, change := range changes {
		out = append(out, jit.Change{Remove: change.Name()})
	}
	return out
}

// hangsOnRules reports whether a part of the changes may be taken where all of
// them were not.
func hangsOnRules(err error) bool {
	return errors.Is(err, jit.ErrDisallowed) || errors.Is(err, jit.ErrInvalid) && !errors.Is(err, errFaulted)
}

// apart splits changes, by their places: removals from writes, else the writes
// of some grants from those of others. Nothing is in the rest when there is
// nothing to split.
func apart(changes []jit.Change) (first, rest []int) {
	var writes []int
	grants := map[jit.ID]bool{}
	for i, change := range changes {
		if change.Put == nil {
			first = append(first, i)
			continue
		}
		writes = append(writes, i)
		n, _ := jit.ParseRuleName(change.Put.Name)
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
		if n, _ := jit.ParseRuleName(changes[i].Put.Name); slices.Contains(half, n.Grant) {
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	return first, rest
}

func pick(changes []jit.Change, at []int) []jit.Change {
	out := make([]jit.Change, 0, len(at))
	for _, i := range at {
		out = append(out, changes[i])
	}
	return out
}

// applyFirewall makes all changes by one write of the document, on the
// condition that nobody wrote it since it was read. They succeed or fail
// together.
// https://learn.microsoft.com/rest/api/firewall/azure-firewalls/create-or-update
func (c *Client) applyFirewall(ctx context.Context, guard string, changes []jit.Change) error {
	kind := firewallType
	if jit.KindOf(guard) == jit.PolicyGroup {
		kind = ruleGroupType
	}
	id, _, err := c.locate(guard, kind)
	if err != nil {
		return err
	}
	leave, err := c.turns.take(ctx, strings.ToLower(guard))
	if err != nil {
		return err
	}
	defer leave()
	until := time.Now().Add(firewallLimit)
	poller, err := c.writeFirewall(signed(ctx, signature(changes)), id, changes)
	if err != nil || poller == nil {
		return err
	}
	err = await(ctx, until, firewallPolls*c.poll, poller)
	if poller.Done() && err != nil && !isKind(err) {
		err = fmt.Errorf("%w: %w", errGivenUp, err)
	}
	if poller.Done() && jit.KindOf(guard) == jit.PolicyGroup {
		return cmp.Or(err, c.awaitPolicy(ctx, until, id.Parent.String()))
	}
	return err
}

// awaitPolicy waits until a policy is done with what a change of its group set
// off, which is some time after the change itself.
func (c *Client) awaitPolicy(ctx context.Context, until time.Time, policy string) error {
	for {
		var p firewallPolicy
		if err := c.manager.get(ctx, c.manager.address(policy, networkVersion), &p); err != nil {
			return vanished(err)
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

// firewallLimit bounds how long one Apply waits for a firewall: an update takes
// three to five minutes, and nothing else can be written meanwhile.
const firewallLimit = 20 * time.Minute

// firewallPolls is how much rarer a running change of a firewall is asked
// about than one of a rule.
const firewallPolls = 5

// writeFirewall sends what the changes make of the document; nil when they
// make nothing and what is there is in force.
func (c *Client) writeFirewall(ctx context.Context, id *arm.ResourceID, changes []jit.Change) (*runtime.Poller[ended], error) {
	address := c.manager.address(id.String(), networkVersion)
	doc := fields{}
	err := c.manager.get(ctx, address, &doc)
	group := strings.EqualFold(id.ResourceType.String(), ruleGroupType)
	absent := group && errors.Is(err, jit.ErrNotFound)
	if err != nil && !absent {
		return nil, err
	}
	state, etag := stateOf(doc), doc.text("etag")
	if !group {
		changed, err := editFirewall(doc, changes)
		if err != nil || !changed && !state.failed() {
			return nil, err
		}
		return c.manager.begin(ctx, address, encode(doc), etag)
	}
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

func stateOf(doc fields) provisioning {
	properties, err := doc.object("properties")
	if err != nil {
		return ""
	}
	return provisioning(properties.text("provisioningState"))
}

// signature is the rule that a client request id is made from: of changes for
// one grant, one of its rules.
func signature(changes []jit.Change) string {
	first, _ := jit.ParseRuleName(changes[0].Name())
	for _, change := range changes {
		if n, _ := jit.ParseRuleName(change.Name()); n.Grant != first.Grant {
			return ""
		}
	}
	return changes[0].Name()
}
