package azure

import (
	"context"
	"errors"

	"jitbot/jit"
)

// hasDraft reports whether a firewall policy has a draft, which replaces it once
// somebody deploys it; unread says that this is not known.
// https://learn.microsoft.com/azure/firewall/draft-deploy
func (c *Client) hasDraft(ctx context.Context, policy string) (drafted, unread bool) {
	within, cancel := context.WithTimeout(ctx, foreignPatience)
	defer cancel()
	var draft resourceRef
	err := c.manager.get(within, c.manager.address(policy+"/firewallPolicyDrafts/default"), &draft)
	return err == nil, err != nil && !errors.Is(err, jit.ErrNotFound)
}
