package azure

import (
	"context"
	"errors"

	"jitbot/jit"
)

// hasDraft reports whether a firewall policy has a draft, or the group in it has one
// of its own, which takes its place once somebody deploys it; unread says that this is
// not known.
// https://learn.microsoft.com/azure/firewall/draft-deploy
func (c *Client) hasDraft(ctx context.Context, policy, group string) (drafted, unread bool) {
	within, cancel := context.WithTimeout(ctx, foreignPatience)
	defer cancel()
	for _, id := range []string{policy + "/firewallPolicyDrafts/default", group + "/ruleCollectionGroupDrafts/default"} {
		var draft resourceRef
		switch err := c.manager.get(within, c.manager.address(id), &draft); {
		case err == nil:
			return true, false
		case !errors.Is(err, jit.ErrNotFound):
			unread = true
		}
	}
	return false, unread
}
