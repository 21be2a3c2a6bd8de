package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
)

// Powers reads the power states of the virtual machines of the configured
// subscriptions, by id in lower case, from one list each.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all
func (c *Client) Powers(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	status := "true"
	for _, id := range c.configured {
		s, err := c.subscription(id)
		if err != nil {
			return nil, err
		}
		list := s.machines.NewListAllPager(&armcompute.VirtualMachinesClientListAllOptions{StatusOnly: &status})
		err = pages(ctx, list, func(page armcompute.VirtualMachinesClientListAllResponse) {
			for _, m := range values(page.Value) {
				out[strings.ToLower(value(m.ID))] = power(&m)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("listing the power states of subscription %s: %w", id, err)
		}
	}
	return out, nil
}
