package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

const (
	firewallType   = "Microsoft.Network/azureFirewalls"
	policyType     = "Microsoft.Network/firewallPolicies"
	ruleGroupType  = policyType + "/ruleCollectionGroups"
	maxInheritance = 10 // policies that inherit from each other
)

// firewallTable reads a firewall with classic rules, or our group of a policy
// with all that is asked before it. A group that is not there is an empty one,
// as long as its policy is.
func (c *Client) firewallTable(ctx context.Context, guard string) (rules.Table, error) {
	if resource.KindOf(guard) == resource.ClassicFirewall {
		id, _, err := c.locate(guard, firewallType)
		if err != nil {
			return rules.Table{}, fmt.Errorf("reading a firewall: %w", err)
		}
		var f firewall
		if err := c.manager.resource(ctx, id.String(), "", &f); err != nil {
			return rules.Table{}, fmt.Errorf("reading firewall %s: %w", id.Name, err)
		}
		c.network.locate(f.ID, f.Location)
		return f.table(), nil
	}
	id, _, err := c.locate(guard, ruleGroupType)
	if err != nil {
		return rules.Table{}, fmt.Errorf("reading a rule collection group: %w", err)
	}
	chain, err := c.readPolicyChain(ctx, resource.Subscription(guard), id.Parent.String())
	if err != nil {
		return rules.Table{}, err
	}
	t := chain.table(guard)
	t.Drafted, t.DraftUnread = c.hasDraft(ctx, id.Parent.String(), id.String())
	return t, nil
}

// readPolicyChain reads a policy, those that it inherits from, and the groups of each.
// What could be read comes with the error. One of another subscription than home is
// waited for no longer than others are, and what that subscription asks for is no pause
// of home's: it is rules.ErrElsewhere then.
func (c *Client) readPolicyChain(ctx context.Context, home, policy string) (policyChain, error) {
	var chain policyChain
	for id := policy; id != "" && len(chain) < maxInheritance; {
		r, _, err := c.locate(id, policyType)
		if err != nil {
			return chain, fmt.Errorf("reading a firewall policy: %w", err)
		}
		link, err := c.readPolicyFrom(ctx, home, r)
		if err != nil && len(chain) > 0 {
			err = goneMeanwhile(err) // the parent's absence is not the policy's
		}
		if err != nil {
			return chain, fmt.Errorf("reading firewall policy %s: %w", r.Name, err)
		}
		chain = append(chain, link)
		id = link.policy.Properties.Base.ID
	}
	return chain, nil
}

// readPolicyFrom is readPolicy for what is in the subscription home.
func (c *Client) readPolicyFrom(ctx context.Context, home string, policy *arm.ResourceID) (chainLink, error) {
	if strings.EqualFold(policy.SubscriptionID, home) {
		return c.readPolicy(ctx, policy)
	}
	within, cancel := context.WithTimeout(ctx, foreignPatience)
	defer cancel()
	link, err := c.readPolicy(within, policy)
	if within.Err() != nil && ctx.Err() == nil || errors.Is(err, jit.ErrBusy) {
		err = fmt.Errorf("%w: %s", rules.ErrElsewhere, err.Error())
	}
	return link, err
}

func (c *Client) readPolicy(ctx context.Context, policy *arm.ResourceID) (chainLink, error) {
	var l chainLink
	if err := c.manager.resource(ctx, policy.String(), "", &l.policy); err != nil {
		return l, err
	}
	c.network.locate(policy.String(), l.policy.Location)
	err := c.manager.list(ctx, c.manager.address(policy.String()+"/ruleCollectionGroups"), func(raw json.RawMessage) error {
		var g ruleGroup
		if err := json.Unmarshal(raw, &g); err != nil {
			return fmt.Errorf("reading a rule collection group: %w", err)
		}
		l.groups = append(l.groups, g)
		return nil
	})
	sortGroups(l.groups)
	return l, err
}

// firewallTables reads the firewalls of a subscription that have rules of their
// own, and the groups of ours in the policies of the others. It is rules.ErrElsewhere
// when all but policies of other subscriptions could be read.
func (c *Client) firewallTables(ctx context.Context, subscription string) ([]rules.Table, error) {
	firewalls, _, err := c.firewalls(ctx, subscription)
	var tables []rules.Table
	var elsewhere error
	seen := map[string]bool{}
	for _, f := range firewalls {
		policy := f.Properties.Policy.ID
		if policy == "" {
			tables = append(tables, f.table())
			continue
		}
		if key := strings.ToLower(policy); !seen[key] {
			seen[key] = true
			found, policyErr := c.ownTables(ctx, subscription, policy)
			tables = append(tables, found...)
			switch {
			case errors.Is(policyErr, jit.ErrNotFound): // a firewall names it, so it is there
				err = errors.Join(err, policyErr)
			case c.notShown(ctx, policyErr):
			case errors.Is(policyErr, rules.ErrElsewhere):
				elsewhere = policyErr
			default:
				err = errors.Join(err, policyErr)
			}
		}
	}
	return tables, cmp.Or(err, elsewhere)
}

// ownTables are those of groups in a policy that have a name of ours, also
// where a policy that it inherits from may not be read.
func (c *Client) ownTables(ctx context.Context, home, policy string) ([]rules.Table, error) {
	chain, err := c.readPolicyChain(ctx, home, policy)
	if len(chain) == 0 {
		return nil, err
	}
	var tables []rules.Table
	for _, g := range chain[0].groups {
		if g.isOurs() {
			t := chain.table(g.ID)
			t.Drafted, t.DraftUnread = c.hasDraft(ctx, policy, g.ID)
			tables = append(tables, t)
		}
	}
	return tables, err
}

// firewalls lists those of a subscription; seen is false where the role may not see
// them. Nothing but a list says that there are none.
func (c *Client) firewalls(ctx context.Context, subscription string) (found []firewall, seen bool, err error) {
	address := c.manager.address("subscriptions/" + subscription + "/providers/" + firewallType)
	err = c.manager.list(ctx, address, func(raw json.RawMessage) error {
		var f firewall
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("reading a firewall: %w", err)
		}
		c.network.locate(f.ID, f.Location)
		found = append(found, f)
		return nil
	})
	if errors.Is(err, jit.ErrForbidden) && c.notShown(ctx, err) {
		return nil, false, nil
	}
	return found, true, err
}

// FirewallsUnread is an error that names what Azure has not shown of the firewalls
// and policies that were asked for so far; nil when it has shown all.
func (c *Client) FirewallsUnread() error { return c.health.hidden() }

// notShown reports whether Azure says that it will not show something: the role is
// older than that, or it is not there. That is logged once.
func (c *Client) notShown(ctx context.Context, err error) bool {
	resp, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return false
	}
	switch resp.StatusCode {
	case http.StatusForbidden, http.StatusNotFound:
		owner := ""
		if resp.RawResponse != nil && resp.RawResponse.Request != nil {
			owner = bucketOf(resp.RawResponse.Request).owner
		}
		if c.health.hide(owner, err) {
			c.log.WarnContext(ctx, "firewalls or their policies cannot be read, so jitbot does not see them",
				slog.String("subscription", owner), slog.Any("error", err))
		}
		return true
	default:
		return false
	}
}

// errGivenUp means that Azure took a change and then gave it up: the document
// shows it, and it is not in force.
var errGivenUp = errors.New("the change was given up")

// firewallLimit bounds how long one Apply waits for a firewall: an update takes
// three to five minutes, and nothing else can be written meanwhile.
const firewallLimit = 20 * time.Minute

// firewallPolls is how much rarer a running change of a firewall is asked
// about than one of a rule.
const firewallPolls = 5
