package azure

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
)

const guardType = "Microsoft.Network/networkSecurityGroups"

// Table reads a network security group by its id: one request. ErrNotFound
// when Azure says that it is gone, by more than a 404; ErrInvalid when the id is
// none of a network security group.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get
func (c *Client) Table(ctx context.Context, guard string) (jit.Table, error) {
	id, s, err := c.locate(guard, guardType)
	if err != nil {
		return jit.Table{}, fmt.Errorf("reading a guard: %w", err)
	}
	resp, err := s.groups.Get(ctx, id.ResourceGroupName, id.Name, nil)
	if err != nil {
		return jit.Table{}, fmt.Errorf("reading guard %s: %w", id.Name, translate(err))
	}
	return fromGroup(&resp.SecurityGroup), nil
}

// Tables reads every network security group of the configured subscriptions,
// these side by side. What could be read comes with the error.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/list-all
func (c *Client) Tables(ctx context.Context) ([]jit.Table, error) {
	found := make([][]jit.Table, len(c.configured))
	faults := make([]error, len(c.configured))
	var wg sync.WaitGroup
	for i, id := range c.configured {
		wg.Go(func() {
			found[i], faults[i] = c.tablesOf(ctx, id)
		})
	}
	wg.Wait()
	var all []jit.Table
	for _, tables := range found {
		all = append(all, tables...)
	}
	return all, errors.Join(faults...)
}

func (c *Client) tablesOf(ctx context.Context, id string) ([]jit.Table, error) {
	s, err := c.subscription(id)
	if err != nil {
		return nil, err
	}
	var tables []jit.Table
	err = pages(ctx, s.groups.NewListAllPager(nil), func(page armnetwork.SecurityGroupsClientListAllResponse) {
		for _, g := range page.Value {
			if g != nil {
				tables = append(tables, fromGroup(g))
			}
		}
	})
	if err != nil {
		return tables, fmt.Errorf("listing the guards of subscription %s: %w", id, err)
	}
	return tables, nil
}
