package azure

import (
	"context"
	"errors"
	"fmt"

	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

const nsgType = "Microsoft.Network/networkSecurityGroups"

// Table reads a guard by its id: a network security group by one request, a
// firewall by one, a rule collection group of a policy by two for the policy
// and for each that it inherits from. ErrNotFound when Azure says that it is
// gone, by more than a 404; ErrInvalid when the id is none of a guard.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get
func (c *Client) Table(ctx context.Context, guard string) (rules.Table, error) {
	if resource.IsFirewall(guard) {
		return c.firewallTable(ctx, guard)
	}
	id, _, err := c.locate(guard, nsgType)
	if err != nil {
		return rules.Table{}, fmt.Errorf("reading a guard: %w", err)
	}
	var g securityGroup
	if err := c.manager.resource(ctx, id.String(), "", &g); err != nil {
		return rules.Table{}, fmt.Errorf("reading guard %s: %w", id.Name, err)
	}
	c.network.locate(g.ID, g.Location)
	return fromGroup(&g), nil
}

// Tables reads every network security group and firewall of a subscription, and the
// groups of ours in the firewalls' policies. What could be read comes with the
// error.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/list-all
func (c *Client) Tables(ctx context.Context, subscription string) (tables []rules.Table, err error) {
	s, err := c.subscription(subscription)
	if err != nil {
		return nil, err
	}
	noted := c.health.begin(s.id, "guards")
	defer func() {
		own := err
		if errors.Is(err, rules.ErrElsewhere) {
			own = nil // this subscription is well
		}
		noted(&own)
	}()
	err = listInto(ctx, s.manager, s.listAddress(nsgType), func(g *securityGroup) {
		c.network.locate(g.ID, g.Location)
		tables = append(tables, fromGroup(g))
	})
	if err != nil {
		return tables, fmt.Errorf("listing the network security groups of subscription %s: %w", s.id, err)
	}
	firewalls, err := c.firewallTables(ctx, s.id)
	if err != nil {
		err = fmt.Errorf("listing the firewalls of subscription %s: %w", s.id, err)
	}
	return append(tables, firewalls...), err
}
