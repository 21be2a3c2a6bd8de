package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit"
)

const (
	classicType      = "Microsoft.ClassicCompute/virtualMachines"
	resourcesVersion = "2021-04-01" // api-version of the list of all resources
	classicTimeout   = 10 * time.Second
)

// listClassicVMs adds the machines of the classic deployment model, from the list
// of all resources: it is there whether or not the subscription ever had one,
// and shows what the caller may read. They can only be told of, so without the
// right to see them, or while they cannot be listed, there are none.
// https://learn.microsoft.com/rest/api/resources/resources/list
func (c *Client) listClassicVMs(p *vmParts) func(context.Context, *subscription) error {
	return func(ctx context.Context, s *subscription) error {
		within, cancel := context.WithTimeout(ctx, classicTimeout)
		defer cancel()
		address := c.manager.address("subscriptions/"+s.id+"/resources", resourcesVersion)
		address += "&$filter=" + escapeQuery("resourceType eq '"+classicType+"'")
		err := c.manager.list(within, address, p.addClassicVM)
		if err == nil || errors.Is(err, jit.ErrForbidden) {
			return nil
		}
		c.log.WarnContext(ctx, "classic virtual machines are not listed", slog.String("subscription", s.id), slog.Any("error", err))
		return ctx.Err()
	}
}

func (p *vmParts) addClassicVM(raw json.RawMessage) error {
	vm := jit.VM{Classic: true}
	if err := json.Unmarshal(raw, &struct {
		ID       *string            `json:"id"`
		Name     *string            `json:"name"`
		Location *string            `json:"location"`
		Tags     *map[string]string `json:"tags"`
	}{&vm.ID, &vm.Name, &vm.Location, &vm.Tags}); err != nil {
		return fmt.Errorf("reading a classic virtual machine: %w", err)
	}
	if id, err := arm.ParseResourceID(vm.ID); err == nil {
		vm.Group = id.ResourceGroupName
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.classicVMs = append(p.classicVMs, vm)
	return nil
}
